package mxmock

// Dialing: connections in memory that behave as those of package net, and a net.Dialer over real sockets.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
	"github.com/seed078e9d8c/maillab/mxmock/internal/redirect"
)

const (
	// connectTimeout is the time after which Linux gives up connecting, with its default of 6 repetitions.
	connectTimeout = 127 * time.Second

	// fallbackDelay is the time that package net waits for one address family before it also tries the other (RFC
	// 8305 §5).
	fallbackDelay = 300 * time.Millisecond
)

// DialContext connects to a host of the internet, as [net.Dialer.DialContext] would. The network is
// "tcp", "tcp4" or "tcp6"; the address is a host and a port, where the host is an address or a name
// that the internet's own DNS resolves. All addresses of the name are tried, IPv6 before IPv4 (RFC
// 6724 §6) whatever this machine has, and the second address family is tried in parallel after 300
// ms (RFC 8305). Connections come from 192.0.2.1 or 2001:db8::1; to connect from a host of the
// internet, use [Host.DialContext]. The networks "udp", "udp4" and "udp6" reach only the DNS, at
// 192.0.2.53:53 and at hosts that serve it.
//
// Errors are *[net.OpError] with the errno of the platform: ECONNREFUSED for a port on which
// nothing listens, EHOSTUNREACH for an address that belongs to no host, a *[net.DNSError] for a
// name without addresses, and timeouts that match context.DeadlineExceeded by errors.Is.
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
	if ctx.Err() != nil { // package net looks the name up nevertheless, and may finish first
		err := memnet.ContextError(ctx)
		late := errors.Is(err, context.DeadlineExceeded)
		return nil, &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, IsTimeout: late, IsTemporary: late}
	}
	name := host
	if ascii, err := question.ASCII(host); err == nil && !question.IsASCII(host) {
		name = strings.TrimSuffix(ascii, ".")
	}
	addrs, err := n.Resolver().LookupNetIP(ctx, network, name)
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// sort sorts addresses into the order in which a host, or the code under test, tries them: those without a route
// come last (RFC 6724 §6 rule 1), and IPv6 comes before IPv4 (rule 6).
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

// families returns the addresses of the same family as the first one, and the others.
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
	unnamed bool // no host was given, so it is the machine itself
	port    uint16
}

// race tries the first addresses. If they take too long or have failed, it tries the others in parallel, as package
// net does.
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

// partialDeadline gives the first of the remaining addresses its share of the time that is left, and at least 2
// seconds, as package net does.
func partialDeadline(ctx context.Context, addrs int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || addrs < 2 {
		return ctx, func() {}
	}
	share := time.Until(deadline) / time.Duration(addrs)
	return context.WithDeadline(ctx, time.Now().Add(max(share, 2*time.Second)))
}

// Dialer returns a dialer for code that insists on a *[net.Dialer]. It resolves names by
// [Internet.Resolver], and connects over real loopback sockets to the same services as
// [Internet.DialContext]. Prefer DialContext where possible, since a dialer has limits: the
// services see connections from 127.0.0.1, which affects SPF; [Aborted] makes dialing itself fail
// with ECONNRESET; UDP and name servers can't be reached; and it must not be used inside a synctest
// bubble. On systems where sockets can't be redirected (Windows), dialing fails with an error that
// says so.
func (n *Internet) Dialer() *net.Dialer {
	return &net.Dialer{
		Resolver:  n.Resolver(),
		KeepAlive: -1, // it would take four system calls, and has no use between two ends in one process
		ControlContext: func(ctx context.Context, network, address string, socket syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("mxmock: dial %s: %w", address, err)
			}
			to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
			host, fault := n.hostAt(nil, to)
			event := n.noteDial("127.0.0.1", host, to, fault)
			real, err := n.loopback(ctx, host, int(to.Port()), fault)
			n.concludeDial(event, err)
			if err != nil {
				return err
			}
			client, err := redirect.Socket(socket, real, to.Addr().Is6())
			if err == nil {
				n.mu.Lock()
				if n.redirected == nil {
					n.redirected = make(map[netip.AddrPort]netip.AddrPort)
				}
				n.redirected[client] = to
				n.mu.Unlock()
			}
			return err
		},
	}
}

// loopback returns the address of a real listener that stands for a port of a host.
func (n *Internet) loopback(ctx context.Context, h *Host, port int, f Fault) (netip.AddrPort, error) {
	n.mu.Lock()
	err := n.socketsAllowed()
	n.mu.Unlock()
	if err != nil {
		return netip.AddrPort{}, err
	}
	if err := n.dialFault(ctx, h, f); err != nil {
		return netip.AddrPort{}, err
	}
	s := h.service(port)
	switch {
	case f == Aborted:
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNRESET)
	case s == nil:
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return s.loopback()
}
