package mxmock

// Connections to one address: its faults, and the services on its ports.

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// connect connects to one address.
func (d *dialing) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	target := net.TCPAddrFromAddrPort(to)
	fail := func(err error) (net.Conn, error) {
		named := *target
		if d.unnamed {
			named.IP = nil
		}
		if d.udp {
			return nil, &net.OpError{Op: "dial", Net: d.network, Addr: (*net.UDPAddr)(&named), Err: err}
		}
		return nil, &net.OpError{Op: "dial", Net: d.network, Addr: &named, Err: err}
	}
	n := d.inet
	if ctx.Err() != nil {
		return fail(memnet.ContextError(ctx))
	}
	client, err := n.source(d.from, to.Addr())
	if err != nil {
		return fail(err)
	}
	host, fault := n.hostAt(d.from, to)
	s := host.service(int(to.Port()))
	if to == resolver4() && fault == 0 {
		return n.dialDNS(ctx, d.network, d.from, dnsPort{n, zone.Recursive, to, false})
	}
	if d.udp {
		if s == service(nameService{n}) {
			return n.dialDNS(ctx, d.network, d.from, dnsPort{n, zone.Authoritative, to, false})
		}
		return closedPort(client, to, host != nil && (fault == 0 || fault == Refused)), nil
	}
	event := n.noteDial(client.String(), host, to, fault)
	err = n.dialFault(ctx, host, fault)
	if err == nil && s == nil && !fault.accepts() {
		err = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	event = n.concludeDial(event, err) // before the service can add to the journal
	if err != nil {
		return fail(err)
	}
	near, far := memnet.Pipe(client, target)
	switch {
	case fault == Aborted:
		reset(far)
	case fault == Mute:
		n.hold(far)
	default:
		err = s.accept(ctx, far, client.AddrPort(), to)
	}
	if err != nil {
		n.concludeDial(event, err)
		return fail(err)
	}
	return near, nil
}

// closedPort returns a UDP socket that is connected to a port without a service. If told is set, the host says so.
func closedPort(client *net.TCPAddr, to netip.AddrPort, told bool) net.Conn {
	var conn *memnet.PacketConn
	conn = memnet.Datagram(net.UDPAddrFromAddrPort(client.AddrPort()), net.UDPAddrFromAddrPort(to), func([]byte, func([]byte)) {
		if told {
			conn.Refuse()
		}
	})
	return conn
}

// hostAt returns the host with an address, or nil, and the fault of its port. Loopback addresses are those of the
// host from.
func (n *Internet) hostAt(from *Host, to netip.AddrPort) (*Host, Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr := to.Addr()
	host := n.byAddr[addr]
	switch {
	case n.closed:
		return host, Unreachable
	case host == nil && (addr.IsLoopback() || addr.IsUnspecified() || addr == client4() || addr == client6()):
		if from == nil {
			return nil, Refused
		}
		return from, n.broken[place{addr: addr}] // there is no network in between
	}
	return host, n.faultAt(host, addr, int(to.Port()))
}

// dialFault returns the error of a fault for a client that connects.
func (n *Internet) dialFault(ctx context.Context, host *Host, f Fault) error {
	switch {
	case f == Silent:
		n.mu.Lock()
		done := n.done()
		n.mu.Unlock()
		timer := time.NewTimer(connectTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			return os.NewSyscallError("connect", syscall.ETIMEDOUT)
		case <-ctx.Done():
			return memnet.ContextError(ctx)
		case <-done:
			return os.NewSyscallError("connect", syscall.EHOSTUNREACH)
		}
	case f == Refused:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case f == Unreachable, host == nil && !f.accepts():
		return os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	}
	return nil
}

// accepts reports whether connections are accepted, even without a service.
func (f Fault) accepts() bool { return f == Aborted || f == Mute }

// hold reads from a connection until its end, and writes nothing.
func (n *Internet) hold(conn net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return
	}
	n.register(conn)
	n.running.Go(func() {
		io.Copy(io.Discard, conn)
		conn.Close()
		n.forget(conn)
	})
}

// service returns the service on a port of the host, or nil.
func (h *Host) service(port int) service {
	if h == nil {
		return nil
	}
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	if h.closed {
		return nil
	}
	return h.services.on(port)
}

// target returns the name of an address and port in the journal. The internet is locked.
func (h *Host) target(to netip.AddrPort) string {
	if h == nil {
		return to.String()
	}
	target := net.JoinHostPort(h.name, strconv.Itoa(int(to.Port())))
	if len(h.addrs) > 1 {
		target += " " + to.Addr().String()
	}
	return target
}

// source returns the address from which a connection comes, or the zero Addr if there is no route. The host is nil
// for the code under test. The internet is locked.
func (h *Host) source(to netip.Addr) netip.Addr {
	switch {
	case to.IsLoopback():
		return to
	case h == nil && to.Is6():
		return client6()
	case h == nil:
		return client4()
	}
	for _, a := range h.addrs {
		if a.Is6() == to.Is6() {
			return a
		}
	}
	return netip.Addr{}
}

// source is [Host.source] with a port.
func (n *Internet) source(from *Host, to netip.Addr) (*net.TCPAddr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr := from.source(to)
	if !addr.IsValid() {
		return nil, os.NewSyscallError("connect", syscall.ENETUNREACH)
	}
	n.lastPort++
	return &net.TCPAddr{IP: addr.AsSlice(), Port: 49152 + int(n.lastPort%16384)}, nil
}

// client4 and client6 are the addresses of the code under test.
func client4() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }

func client6() netip.Addr { return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 1}) }

// service answers on a port. It is a mail server, a name server, or a listener of the test.
type service interface {
	// accept takes a connection of a client. The error is the errno for the client.
	accept(ctx context.Context, conn net.Conn, client, to netip.AddrPort) error

	// loopback returns the address of a real socket that stands for the port.
	loopback() (netip.AddrPort, error)

	// close ends the service. The error is about a mistake of the test.
	close() error
}

// services are the services of a host, in the order of their ports.
type services []portService

// portService is a service on a port.
type portService struct {
	port int
	service
}

// find returns the index of a port, or of the place for it, and reports whether there is a service.
func (all services) find(port int) (i int, found bool) {
	return slices.BinarySearchFunc(all, port, func(s portService, port int) int { return cmp.Compare(s.port, port) })
}

// on returns the service on a port, or nil.
func (all services) on(port int) service {
	if i, found := all.find(port); found {
		return all[i].service
	}
	return nil
}

// add adds a service on a free port.
func (all *services) add(port int, s service) {
	i, _ := all.find(port)
	*all = slices.Insert(*all, i, portService{port, s})
}

// remove removes the service on a port.
func (all *services) remove(port int) {
	if i, found := all.find(port); found {
		*all = slices.Delete(*all, i, i+1)
	}
}

// mailService is a mail server. It is made when it is first asked for, since most hosts of a test get no mail.
type mailService struct {
	host     *Host
	port     int
	patience time.Duration
	made     *mailtest.Server // nil until it is asked for; the lock of the internet guards it
}

// server returns the mail server.
func (s *mailService) server() *mailtest.Server {
	h, n := s.host, s.host.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	if s.made != nil {
		return s.made
	}
	server := &mailtest.Server{Name: h.name, TLS: h.TLSConfig(), ImplicitTLS: s.port == 465, Collect: &n.Inbox}
	server.Patience = s.patience
	if s.port == 25 {
		server.Mechanisms = []string{} // a sender that delivers by MX has no account
	}
	server.Watch = func(session, index int) { n.noteTurn(h, server, s.port, session, index) }
	if h.closed {
		server.Close()
	}
	s.made = server
	return server
}

func (s *mailService) accept(_ context.Context, conn net.Conn, _, _ netip.AddrPort) error {
	if s.server().ServeConn(conn) != nil { // the server is closed
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return nil
}

func (s *mailService) loopback() (netip.AddrPort, error) {
	server := s.server()
	if server.Start() != nil {
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return netip.ParseAddrPort(server.Addr())
}

func (s *mailService) close() error {
	s.host.inet.mu.Lock()
	made := s.made
	s.host.inet.mu.Unlock()
	if made == nil {
		return nil
	}
	return closeServer(made)
}

// nameService is a name server. Over UDP, [Internet.dialDNS] reaches it.
type nameService struct{ inet *Internet }

func (s nameService) accept(_ context.Context, conn net.Conn, client, to netip.AddrPort) error {
	dnsPort{s.inet, zone.Authoritative, to, false}.serveStream(conn, client)
	return nil
}

func (s nameService) loopback() (netip.AddrPort, error) {
	return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
}

func (s nameService) close() error { return nil }

// listener accepts connections that are made in memory, and those that a real socket forwards.
type listener struct {
	*memnet.Listener
	onClose func()

	mu      sync.Mutex
	closed  bool
	real    net.Listener // the loopback socket for Dialer, if there is one
	forward sync.WaitGroup
}

func newListener(addr *net.TCPAddr) *listener {
	return &listener{Listener: memnet.Listen(addr), onClose: func() {}}
}

func (l *listener) accept(ctx context.Context, conn net.Conn, _, _ netip.AddrPort) error {
	return l.Deliver(ctx, conn)
}

// Close refuses further connections and resets those that wait to be accepted.
func (l *listener) Close() error {
	if err := l.Listener.Close(); err != nil {
		return err
	}
	l.mu.Lock()
	l.closed = true
	if l.real != nil {
		l.real.Close()
	}
	l.mu.Unlock()
	l.onClose()
	l.forward.Wait()
	return nil
}

func (l *listener) close() error {
	l.Close()
	return nil
}

// loopback returns the address of a real socket whose connections come to this listener.
func (l *listener) loopback() (netip.AddrPort, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	if l.real == nil {
		real, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			return netip.AddrPort{}, err
		}
		l.real = real
		l.forward.Go(func() {
			acceptAll(real, func(conn net.Conn) {
				if l.Deliver(context.Background(), conn) != nil {
					reset(conn)
				}
			})
		})
	}
	return l.real.Addr().(*net.TCPAddr).AddrPort(), nil
}
