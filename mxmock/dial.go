package mxmock

// Connections in memory: what package net would return, without package net.

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// client4 and client6 are the addresses of the code under test.
func client4() netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) }
func client6() netip.Addr { return netip.MustParseAddr("2001:db8::1") }

// connectTimeout is when Linux gives up connecting, with its default of 6 repetitions.
const connectTimeout = 127 * time.Second

// DialContext connects to a host of the internet, as [net.Dialer.DialContext] would. The network is "tcp", "tcp4" or
// "tcp6"; the address is a host and a port, where the host is an address or a name that the internet's own DNS
// resolves, and all its addresses are tried in order. The connection comes from 192.0.2.1 or 2001:db8::1; that from a host of the
// internet is made by [Host.DialContext].
//
// Errors are *[net.OpError] with the errno of the platform: ECONNREFUSED for a port where nobody listens, EHOSTUNREACH
// for an address that no host has, a *[net.DNSError] for a name without address, and timeouts for which
// errors.Is(err, context.DeadlineExceeded) holds.
func (n *Internet) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return n.dial(ctx, nil, network, address)
}

// dial connects from a host, or from the code under test.
func (n *Internet) dial(ctx context.Context, from *Host, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	family := strings.TrimPrefix(network, "tcp")
	if family == network || family != "" && family != "4" && family != "6" {
		return fail(net.UnknownNetworkError(network))
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return fail(err)
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	if err != nil {
		return fail(err)
	}
	addrs, err := n.lookup(ctx, "ip"+family, host)
	if err != nil {
		return fail(err)
	}
	var first error
	for i, addr := range addrs {
		partial, cancel := partialDeadline(ctx, len(addrs)-i)
		conn, err := n.connect(partial, from, netip.AddrPortFrom(addr, uint16(port)))
		cancel()
		if err == nil {
			return conn, nil
		}
		if first == nil {
			target := net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(port)))
			first = &net.OpError{Op: "dial", Net: network, Addr: target, Err: err}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// lookup returns the addresses of a host, at least one. Network is "ip", "ip4" or "ip6".
func (n *Internet) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if network == "ip4" && !addr.Is4() || network == "ip6" && !addr.Is6() {
			return nil, &net.AddrError{Err: "no suitable address", Addr: host}
		}
		return []netip.Addr{addr}, nil
	}
	name, err := asciiName(host)
	if err != nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if !strings.HasSuffix(host, ".") {
		name = strings.TrimSuffix(name, ".")
	}
	addrs, err := n.Resolver().LookupNetIP(ctx, network, name)
	for i, a := range addrs {
		addrs[i] = a.Unmap()
	}
	return addrs, err
}

// partialDeadline gives the first of so many addresses its share of the time that is left, and 2 seconds at least, as
// package net does.
func partialDeadline(ctx context.Context, addrs int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || addrs < 2 {
		return ctx, func() {}
	}
	share := time.Until(deadline) / time.Duration(addrs)
	return context.WithDeadline(ctx, time.Now().Add(max(share, 2*time.Second)))
}

// connect connects to one address. The error is the innermost, as in an OpError.
func (n *Internet) connect(ctx context.Context, from *Host, to netip.AddrPort) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	host, fault := n.hostAt(to.Addr())
	if err := befall(ctx, host, fault); err != nil {
		return nil, err
	}
	near, far := memnet.Pipe(n.source(from, to.Addr()), net.TCPAddrFromAddrPort(to))
	if fault == Aborted {
		far.SetLinger(0)
		far.Close()
		return near, nil
	}
	s := host.service(int(to.Port()))
	switch {
	case s == nil:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case s.server != nil:
		s.server.ServeConn(far)
		return near, nil
	}
	if err := s.listener.deliver(ctx, far); err != nil {
		return nil, err
	}
	return near, nil
}

// hostAt returns the host with an address, or nil, and what is wrong with it.
func (n *Internet) hostAt(addr netip.Addr) (*Host, Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	host, fault := n.byAddr[addr], n.broken[addr]
	switch {
	case n.closed:
		fault = Unreachable
	case fault == 0 && host != nil:
		fault = host.broken
	}
	return host, fault
}

// befall returns the error that a fault means for those who connect.
func befall(ctx context.Context, host *Host, f Fault) error {
	switch {
	case f == Silent:
		timer := time.NewTimer(connectTimeout)
		defer timer.Stop()
		select {
		case <-timer.C:
			return os.NewSyscallError("connect", syscall.ETIMEDOUT)
		case <-ctx.Done():
			return contextError(ctx)
		}
	case f == Refused:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case f == Unreachable, host == nil:
		return os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	}
	return nil
}

// service returns what listens on a port of the host, or nil.
func (h *Host) service(port int) *service {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	return h.services[port]
}

// source returns the address that a connection comes from.
func (n *Internet) source(from *Host, to netip.Addr) *net.TCPAddr {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr := client4()
	if to.Is6() {
		addr = client6()
	}
	if from != nil {
		for _, a := range from.addrs {
			if a.Is6() == to.Is6() {
				addr = a
				break
			}
		}
	}
	n.lastPort++
	return &net.TCPAddr{IP: addr.AsSlice(), Port: 49152 + int(n.lastPort%16384)}
}

// timeoutError and cancelError are as those of package net, which has them to itself.
type timeoutError struct{}

func (timeoutError) Error() string        { return "i/o timeout" }
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Temporary() bool      { return true }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

type cancelError struct{}

func (cancelError) Error() string        { return "operation was canceled" }
func (cancelError) Is(target error) bool { return target == context.Canceled }

// contextError is what package net makes of the error of a context that is done.
func contextError(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return timeoutError{}
	}
	return cancelError{}
}
