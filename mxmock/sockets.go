package mxmock

// Real sockets: the DNS on a loopback port, and a dialer for code that insists on package net's.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
)

// ListenDNS opens the DNS of the internet on a random port of the loopback interface, over UDP and TCP, for code that takes the
// address of a DNS server, and returns "127.0.0.1:port". It can be called more than once, for another port each time.
// The answers are as those of [Internet.Resolver]; the addresses in them are virtual. It must not be called inside a synctest
// bubble: its goroutines, which wait for real sockets, would stop the bubble's clock.
func (n *Internet) ListenDNS() (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return "", fmt.Errorf("mxmock: listen for DNS: %w", net.ErrClosed)
	}
	udp, tcp, err := listenBoth()
	if err != nil {
		return "", fmt.Errorf("mxmock: listen for DNS: %w", err)
	}
	n.register(udp)
	n.register(tcp)
	n.running.Add(2)
	go n.servePackets(udp)
	go n.serveListener(tcp)
	return tcp.Addr().String(), nil
}

// listenBoth opens a UDP and a TCP socket on the same free port.
func listenBoth() (*net.UDPConn, *net.TCPListener, error) {
	const attempts = 20
	var errs error
	for range attempts {
		tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			if tcp, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv6loopback}); err != nil {
				return nil, nil, err
			}
		}
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(tcp.Addr().(*net.TCPAddr).AddrPort()))
		if err == nil {
			return udp, tcp, nil
		}
		tcp.Close()
		errs = errors.Join(errs, err) // the port is free for TCP and taken for UDP
	}
	return nil, nil, errs
}

// servePackets answers the questions that come over UDP.
func (n *Internet) servePackets(conn *net.UDPConn) {
	defer n.running.Done()
	packet := make([]byte, 64<<10)
	for {
		size, client, err := conn.ReadFromUDPAddrPort(packet)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue // about an earlier answer, that its client did not wait for
		}
		if answer := n.serveDNS(packet[:size], true, client); answer != nil {
			conn.WriteToUDPAddrPort(answer, client)
		}
	}
}

// serveListener answers the questions that come over TCP.
func (n *Internet) serveListener(l *net.TCPListener) {
	defer n.running.Done()
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return
		}
		n.serveStream(conn, conn.RemoteAddr().(*net.TCPAddr).AddrPort())
	}
}

// Dialer returns a dialer for code that insists on a *[net.Dialer]. It resolves names by [Internet.Resolver], and connects over
// real loopback sockets to the same services as [Internet.DialContext], which is to be preferred: the services see
// connections from 127.0.0.1, whatever that means for SPF; [Aborted] makes dialling itself fail with ECONNRESET; and it must not
// be used inside a synctest bubble. Where sockets can't be redirected (Windows), dialling fails with an error that says so.
func (n *Internet) Dialer() *net.Dialer {
	return &net.Dialer{
		Resolver: n.Resolver(),
		ControlContext: func(ctx context.Context, network, address string, socket syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("mxmock: dial %s: %w", address, err)
			}
			addr := to.Addr().Unmap()
			host, fault := n.hostAt(addr)
			if err := befall(ctx, host, fault); err != nil {
				return err
			}
			real, err := n.loopback(host, int(to.Port()), fault)
			if err != nil {
				return err
			}
			return redirect(socket, real, to.Addr().Is6())
		},
	}
}

// loopback returns the address of a real listener that stands for a port of a host.
func (n *Internet) loopback(h *Host, port int, f Fault) (netip.AddrPort, error) {
	s := h.service(port)
	switch {
	case f == Aborted:
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNRESET)
	case s == nil:
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case s.server != nil:
		return netip.ParseAddrPort(s.server.Addr())
	}
	real, err := s.listener.socket()
	if err != nil {
		return netip.AddrPort{}, err
	}
	return real.Addr().(*net.TCPAddr).AddrPort(), nil
}

// UseAsDefault makes the internet's resolver [net.DefaultResolver] until the end of the test, for code that injects nothing. Only
// names are resolved that way: connections to the addresses are real, and go where the machine's routes lead.
// Since the resolver is one for the whole process, UseAsDefault panics in a parallel test, as [testing.T.Setenv] does.
func (n *Internet) UseAsDefault(tb testing.TB) {
	tb.Helper()
	tb.Setenv("MXMOCK_DEFAULT_RESOLVER", "1") // panics in parallel tests
	old := net.DefaultResolver
	net.DefaultResolver = n.Resolver()
	tb.Cleanup(func() { net.DefaultResolver = old })
}
