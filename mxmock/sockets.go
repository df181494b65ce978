package mxmock

// Real sockets: the DNS and the hosts on addresses of this machine, for other programs.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// errRealSockets reports real sockets in a bubble.
var errRealSockets = errors.New("mxmock: real sockets can't be used inside a synctest bubble: waiting for them stops its clock")

// ListenDNS opens the resolver of the internet on real sockets, over UDP and TCP, and returns the
// first address, such as "127.0.0.1:40053". It listens at the given addresses, or at a random port
// of the loopback interface if none is given; port 0 means a random port. It can be called more
// than once. Its answers are those of [Internet.Resolver].
//
// If an address is in use or not one of this machine, the error names it, and nothing was opened.
// Inside a synctest bubble, ListenDNS always fails.
func (n *Internet) ListenDNS(addresses ...string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.socketsAllowed(); err != nil {
		return "", err
	}
	if len(addresses) == 0 {
		addresses = []string{"127.0.0.1:0"}
	}
	var opened []*dnsSocket
	for _, address := range addresses {
		s, err := n.listenDNS(dnsPort{inet: n, mode: zone.Recursive}, address)
		if err != nil && address == "127.0.0.1:0" {
			s, err = n.listenDNS(dnsPort{inet: n, mode: zone.Recursive}, "[::1]:0") // a machine without IPv4
		}
		if err != nil {
			for _, s := range opened {
				s.Close()
			}
			return "", fmt.Errorf("mxmock: listen for DNS: %w", err)
		}
		opened = append(opened, s)
	}
	for _, s := range opened {
		n.register(s)
		n.nameservers = append(n.nameservers, s.server)
	}
	return opened[0].server.String(), nil
}

// socketsAllowed returns an error if the internet can't be on real sockets. The internet is locked.
func (n *Internet) socketsAllowed() error {
	n.settle()
	switch {
	case n.made == bubble.Inside:
		return errRealSockets
	case n.closed:
		return fmt.Errorf("mxmock: the internet is closed: %w", net.ErrClosed)
	}
	return nil
}

// ResolvConf returns the text of a resolv.conf(5) that makes other programs ask only this internet.
// It has no search list, since programs built with older versions of Go would ask for "name..". It
// has the option trust-ad, since otherwise glibc strips the AD bit and mail servers don't use DANE.
// The format has no place for ports: ResolvConf returns an error unless [Internet.ListenDNS]
// listens on port 53.
func (n *Internet) ResolvConf() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, s := range n.nameservers {
		if s.Port() == 53 {
			fmt.Fprintf(&b, "nameserver %v\n", s.Addr())
		}
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("mxmock: resolv.conf can name addresses with port 53 only, and the DNS listens at %v", n.nameservers)
	}
	b.WriteString("options trust-ad\n") // otherwise glibc strips the AD bit
	return b.String(), nil
}

// ListenHosts puts all hosts on real sockets: each at its own addresses, on the ports of its
// services. Hosts and services that are made later follow. The addresses must belong to this
// machine: either loopback addresses, with Networks such as "127.80.0.0/16" (not on macOS, which
// has only 127.0.0.1), or other local addresses. Servers see clients at addresses of this machine,
// some mail servers ignore MX hosts in 127.0.0.0/8, and many programs don't look up addresses on a
// machine that has only 127.0.0.1 (AI_ADDRCONFIG). On Linux, with root, package netns avoids these
// limits: there each host has its own address, and so does the program.
//
// The map ports gives the real port for the port of a service, such as 2525 for 25; services on
// other ports stay virtual. If ports is nil, every service has its own port.
//
// Sockets can't show all faults: a host that is [Refused] or [Unreachable] does not listen, one that is [Silent] or
// [Mute] accepts connections and sends nothing, and one that is [Aborted] accepts and resets them. An attempt that
// the kernel refuses because nothing listens is not in the journal. In package netns, faults behave as in reality,
// and all attempts are in the journal.
//
// If an address and port is in use or not one of this machine, or a real port is out of range or
// stands for two ports, the error names it, and nothing was changed. ListenHosts also tries port 25
// of the next host, if it is to be a real port, so that missing rights show at once. Making a host
// or service later panics if it can't have its sockets.
//
// Inside a synctest bubble, ListenHosts always fails.
func (n *Internet) ListenHosts(ports map[int]int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := errors.Join(n.checkNetworks(), n.socketsAllowed()); err != nil {
		return err
	}
	if err := checkPorts(ports); err != nil {
		return err
	}
	old := n.ports
	n.ports = func(port int) int { return port }
	if ports != nil {
		n.ports = func(port int) int { return ports[port] }
	}
	if err := n.probe(); err != nil {
		n.ports = old
		return err
	}
	for _, h := range n.order {
		if err := n.syncSockets(h); err != nil {
			n.ports = old
			for _, h := range n.order {
				n.syncSockets(h)
			}
			return err
		}
	}
	return nil
}

// checkPorts returns an error if the real ports for ListenHosts are wrong.
func checkPorts(ports map[int]int) error {
	taken := make(map[int]int)
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		switch real := ports[port]; {
		case real < 0 || real > 65535:
			return fmt.Errorf("mxmock: listen on port %d for port %d: there is no such port", real, port)
		case real != 0 && taken[real] != 0:
			return fmt.Errorf("mxmock: listen on port %d for port %d: it is that for port %d", real, port, taken[real])
		default:
			taken[real] = port
		}
	}
	return nil
}

// syncSockets opens and closes the real sockets of a host, which may be nil, until they are as they
// should be. The internet is locked.
func (n *Internet) syncSockets(h *Host) error {
	if h == nil || n.ports == nil && len(h.sockets) == 0 {
		return nil
	}
	if err := n.reroute(h.addrs...); err != nil {
		return err
	}
	wanted := make(map[netip.AddrPort]int)
	if n.ports != nil && !h.closed {
		for _, addr := range h.addrs {
			for _, s := range h.services {
				port := s.port
				f := n.faultAt(h, addr, port)
				if n.kernel != nil && f == Silent && !n.silenced(addr, port) {
					continue // no packet gets to that port
				}
				if real := n.ports(port); real != 0 && f != Refused && f != Unreachable {
					wanted[netip.AddrPortFrom(addr, uint16(real))] = port
				}
			}
		}
	}
	for at, s := range h.sockets {
		if wanted[at] != s.port || s.silent != n.silenced(at.Addr(), s.port) {
			s.Close()
			delete(h.sockets, at)
		}
	}
	for at, port := range wanted {
		if h.sockets[at].closer != nil {
			continue
		}
		s, err := n.open(h, at, port)
		if err != nil {
			return cannotListen("host "+h.name, err)
		}
		if h.sockets == nil {
			h.sockets = make(map[netip.AddrPort]hostSocket)
		}
		h.sockets[at] = hostSocket{s, port, n.silenced(at.Addr(), port)}
	}
	return nil
}

// probe returns an error if the mail server of the next host could not listen on its port, in either family. It
// returns nil if the test gives all hosts their addresses, or if there is a namespace. The internet is locked.
func (n *Internet) probe() error {
	port := n.ports(25)
	if port == 0 || n.kernel != nil || len(n.order) > 0 && n.pools == nil && n.Networks == nil {
		return nil
	}
	n.fillPools()
	pools := *n.pools // a copy, from which addresses may be taken
	for _, ipv6 := range []bool{false, true} {
		addr := pools.Next(ipv6)
		if !addr.IsValid() || len(n.Networks) == 0 && addr.Is6() { // only hosts that ask for IPv6 get such an address
			continue
		}
		l, err := n.listen(netip.AddrPortFrom(addr, uint16(port)))
		if err != nil {
			return cannotListen("the hosts to come", err)
		}
		l.Close()
	}
	return nil
}

// cannotListen returns an error that says whose socket could not be opened, and what to do about it.
func cannotListen(who string, err error) error {
	hint := ""
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		hint = "; it is not an address of this machine: set Networks to loopback addresses, or use package netns"
	}
	return fmt.Errorf("mxmock: %s: %w%s", who, err, hint)
}

// hostSocket is a real socket, and the port of the host that it stands for.
type hostSocket struct {
	closer
	port   int
	silent bool // it accepts no connections
}

// open opens a socket for a port of a host. The internet is locked.
func (n *Internet) open(h *Host, at netip.AddrPort, port int) (closer, error) {
	if n.silenced(at.Addr(), port) {
		return n.kernel.Silence(at)
	}
	if h.services.on(port) == service(nameService{n}) {
		return n.listenDNS(dnsPort{inet: n, mode: zone.Authoritative}, at.String())
	}
	l, err := n.listen(at)
	if err != nil {
		return nil, err
	}
	n.running.Go(func() {
		acceptAll(l, func(conn net.Conn) { n.admit(conn, h, at.Addr(), port) })
	})
	return l, nil
}

// acceptAll passes all connections to serve, until the listener is closed.
func acceptAll(l net.Listener, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(5 * time.Millisecond) // there are too many open files; some will be closed
		default:
			serve(conn)
		}
	}
}

// admit passes a connection that came over a real socket to a host.
func (n *Internet) admit(conn net.Conn, h *Host, addr netip.Addr, port int) {
	n.mu.Lock()
	fault, s := n.faultAt(h, addr, port), h.services.on(port)
	to := netip.AddrPortFrom(addr, uint16(port))
	n.events.add(&dialled{time: time.Now(), client: conn.RemoteAddr().String(), host: h, target: h.target(to), fault: fault, concluded: true})
	n.mu.Unlock()
	switch {
	case fault == Silent || fault == Mute:
		n.hold(conn)
	case fault != 0 && fault != BadCertificate || s == nil:
		reset(conn)
	default:
		client, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
		if s.accept(context.Background(), conn, client, to) != nil {
			reset(conn)
		}
	}
}

// dnsSocket is the DNS on a UDP and a TCP socket.
type dnsSocket struct {
	dnsPort
	udp *net.UDPConn
	tcp net.Listener
}

// listenDNS opens both sockets on the same port. The internet is locked and not closed.
func (n *Internet) listenDNS(p dnsPort, address string) (s *dnsSocket, err error) {
	err = n.onKernel(func() (err error) {
		s, err = listenDNS(p, address)
		return err
	})
	return s, err
}

func listenDNS(p dnsPort, address string) (*dnsSocket, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if resolved.IP == nil { // ":53": both address families, or the one that the machine has
		port := strconv.Itoa(resolved.Port)
		if s, err := listenDNS(p, "[::]:"+port); err == nil {
			return s, nil
		}
		return listenDNS(p, "0.0.0.0:"+port)
	}
	at := netip.AddrPortFrom(resolved.AddrPort().Addr().Unmap(), uint16(resolved.Port))
	const attempts = 20
	for i := 0; ; i++ {
		tcp, err := loopback.Listen(at)
		if err != nil {
			return nil, err
		}
		p.server = tcp.Addr().(*net.TCPAddr).AddrPort()
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(p.server))
		if err == nil {
			s := &dnsSocket{p, udp, tcp}
			p.inet.running.Go(s.servePackets)
			p.inet.running.Go(func() {
				acceptAll(tcp, func(conn net.Conn) {
					s.serveStream(conn, conn.RemoteAddr().(*net.TCPAddr).AddrPort())
				})
			})
			return s, nil
		}
		tcp.Close()
		if at.Port() != 0 || i == attempts { // otherwise the random port is free for TCP and taken for UDP
			return nil, err
		}
	}
}

// Close closes both sockets.
func (s *dnsSocket) Close() error { return errors.Join(s.udp.Close(), s.tcp.Close()) }

// packets has buffers for the largest possible packet.
var packets = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// servePackets answers the questions that come over UDP.
func (s *dnsSocket) servePackets() {
	packet := packets.Get().(*[64 << 10]byte)
	defer packets.Put(packet)
	for {
		size, client, err := s.udp.ReadFromUDPAddrPort(packet[:])
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // the error is about an earlier answer, whose client did not wait for it
		}
		s.answer(packet[:size], netip.AddrPortFrom(client.Addr().Unmap(), client.Port()))
	}
}

// answer answers a question that has come over UDP.
func (s *dnsSocket) answer(packet []byte, client netip.AddrPort) {
	switch r := s.serve(packet, true, client); {
	case r.packet == nil:
	case r.delay > 0:
		time.AfterFunc(r.delay, func() { s.udp.WriteToUDPAddrPort(r.packet, client) })
	default:
		s.udp.WriteToUDPAddrPort(r.packet, client)
	}
}
