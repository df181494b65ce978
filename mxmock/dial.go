package mxmock

// Connections in memory: what package net would return, without package net.

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// client4 and client6 are the addresses of the code under test.
func client4() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }
func client6() netip.Addr { return netip.MustParseAddr("2001:db8::1") }

const (
	// connectTimeout is when Linux gives up connecting, with its default of 6 repetitions.
	connectTimeout = 127 * time.Second

	// fallbackDelay is how long package net waits for one address family before it tries the other
	// too (RFC 8305 §5).
	fallbackDelay = 300 * time.Millisecond
)

// DialContext connects to a host of the internet, as [net.Dialer.DialContext] would. The network is
// "tcp", "tcp4" or "tcp6"; the address is a host and a port, where the host is an address or a name
// that the internet's own DNS resolves. All its addresses are tried, IPv6 before IPv4 as on a machine
// that has both, whatever this one has (RFC 6724 §6), and the other address family beside the first
// after 300 ms (RFC 8305). The connection comes from 192.0.2.1 or 2001:db8::1; that from a host of the
// internet is made by [Host.DialContext]. The networks "udp", "udp4" and "udp6" reach the DNS only, at
// 192.0.2.53:53 and at hosts that serve it.
//
// Errors are *[net.OpError] with the errno of the platform: ECONNREFUSED for a port where nobody
// listens, EHOSTUNREACH for an address that no host has, a *[net.DNSError] for a name without
// address, and timeouts for which errors.Is(err, context.DeadlineExceeded) holds.
func (n *Internet) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, nil, network, address)
}

// dial connects from a host, or from the code under test.
func (n *Internet) dial(ctx context.Context, from *Host, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	family, udp := strings.TrimPrefix(network, "tcp"), false
	if family == network {
		family, udp = strings.TrimPrefix(network, "udp"), true
	}
	if family == network || family != "" && family != "4" && family != "6" {
		return fail(net.UnknownNetworkError(network))
	}
	if err := n.ready(); err != nil {
		return fail(err)
	}
	if address == "" {
		return fail(errors.New("missing address"))
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return fail(err)
	}
	port, err := n.Resolver().LookupPort(ctx, network, service)
	if err != nil {
		return fail(err)
	}
	addrs, err := n.lookup(ctx, "ip"+family, host)
	if err != nil {
		return fail(err)
	}
	n.sort(addrs, from)
	d := dialing{inet: n, from: from, network: network, udp: udp, unnamed: host == "", port: uint16(port)}
	first, others := families(addrs)
	if network != "tcp" || len(others) == 0 {
		return d.serial(ctx, addrs)
	}
	return d.race(ctx, first, others)
}

// lookup returns the addresses of a host, at least one. Network is "ip", "ip4" or "ip6".
func (n *Internet) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if host == "" {
		host = "127.0.0.1"
		if network == "ip6" {
			host = "::1"
		}
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if network == "ip4" && !addr.Is4() || network == "ip6" && !addr.Is6() {
			return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
		}
		return []netip.Addr{addr}, nil
	}
	if ctx.Err() != nil { // package net looks up nevertheless, and may even be faster
		err := memnet.ContextError(ctx)
		late := errors.Is(err, context.DeadlineExceeded)
		return nil, &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, IsTimeout: late, IsTemporary: late}
	}
	name := host
	if ascii, err := asciiName(host); err == nil && !isASCII(host) {
		name = strings.TrimSuffix(ascii, ".")
	}
	addrs, err := n.Resolver().LookupNetIP(ctx, network, name)
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// sort puts addresses into the order in which a host, or the code under test, tries them: those
// without a route at the end (RFC 6724 §6 rule 1), and IPv6 before IPv4 (rule 6).
func (n *Internet) sort(addrs []netip.Addr, from *Host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	rank := func(a netip.Addr) int {
		switch {
		case !from.source(a).IsValid():
			return 2
		case a.Is4():
			return 1
		}
		return 0
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return cmp.Compare(rank(a), rank(b)) })
}

// families divides addresses into those of the family of the first, and the others.
func families(addrs []netip.Addr) (first, others []netip.Addr) {
	for _, a := range addrs {
		if a.Is4() == addrs[0].Is4() {
			first = append(first, a)
		} else {
			others = append(others, a)
		}
	}
	return first, others
}

// dialing is one call of DialContext.
type dialing struct {
	inet    *Internet
	from    *Host
	network string
	udp     bool
	unnamed bool // no host was given: it is the machine itself
	port    uint16
}

// race tries the first addresses, and beside them the others when those take too long or have
// failed, as package net does.
func (d *dialing) race(ctx context.Context, first, others []netip.Addr) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn    net.Conn
		err     error
		primary bool
	}
	results := make(chan result)
	abandoned := make(chan struct{})
	defer close(abandoned)
	try := func(addrs []netip.Addr, primary bool) {
		conn, err := d.serial(ctx, addrs)
		select {
		case results <- result{conn, err, primary}:
		case <-abandoned:
			if conn != nil {
				conn.Close()
			}
		}
	}
	go try(first, true)
	fallback := time.NewTimer(fallbackDelay)
	defer fallback.Stop()
	var failure error // of the first family
	for running, begun := 1, false; ; {
		select {
		case <-fallback.C:
			if !begun {
				begun = true
				running++
				go try(others, false)
			}
		case r := <-results:
			if r.err == nil {
				return r.conn, nil
			}
			if running--; r.primary {
				failure = r.err
				fallback.Reset(0)
			}
			if running == 0 && begun {
				return nil, failure
			}
		}
	}
}

// serial tries addresses one after the other, and returns the first error if all fail.
func (d *dialing) serial(ctx context.Context, addrs []netip.Addr) (net.Conn, error) {
	var first error
	for i, addr := range addrs {
		partial, cancel := partialDeadline(ctx, len(addrs)-i)
		conn, err := d.connect(partial, netip.AddrPortFrom(addr, d.port))
		cancel()
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// partialDeadline gives the first of so many addresses its share of the time that is left, and 2
// seconds at least, as package net does.
func partialDeadline(ctx context.Context, addrs int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || addrs < 2 {
		return ctx, func() {}
	}
	share := time.Until(deadline) / time.Duration(addrs)
	return context.WithDeadline(ctx, time.Now().Add(max(share, 2*time.Second)))
}

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
	event := n.noteDial(client.String(), host.target(to))
	err = n.befall(ctx, host, fault)
	if err == nil && s == nil && !fault.accepts() {
		err = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	event = n.concludeDial(event, err) // before the service can note what it does
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

// closedPort returns a UDP socket that is connected to a port where nobody listens, which its host may say.
func closedPort(client *net.TCPAddr, to netip.AddrPort, told bool) net.Conn {
	var conn *memnet.PacketConn
	conn = memnet.Datagram(net.UDPAddrFromAddrPort(client.AddrPort()), net.UDPAddrFromAddrPort(to), func([]byte, func([]byte)) {
		if told {
			conn.Refuse()
		}
	})
	return conn
}

// hostAt returns the host with an address, or nil, and what is wrong with its port. The addresses of
// the loopback interface are those of the host from which is asked.
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
		return from, n.broken[place{addr: addr}] // no wire is in between
	}
	return host, n.faultAt(host, addr, int(to.Port()))
}

// befall returns the error that a fault means for those who connect.
func (n *Internet) befall(ctx context.Context, host *Host, f Fault) error {
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

// accepts reports whether connections are accepted, even if nobody listens.
func (f Fault) accepts() bool { return f == Aborted || f == Mute }

// hold reads what comes over a connection until its end, and says nothing.
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

// service returns what listens on a port of the host, or nil.
func (h *Host) service(port int) service {
	if h == nil {
		return nil
	}
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	if h.closed {
		return nil
	}
	return h.services[port]
}

// target names an address and port in the journal.
func (h *Host) target(to netip.AddrPort) string {
	if h == nil {
		return to.String()
	}
	target := net.JoinHostPort(h.name, strconv.Itoa(int(to.Port())))
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	if len(h.addrs) > 1 {
		target += " " + to.Addr().String()
	}
	return target
}

// source returns the address that a connection comes from; it is not valid if there is no route. The
// host is nil for the code under test. The internet is locked.
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
