package mxmock

// A dialer for code that insists on package net's.

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// Dialer returns a dialer for code that insists on a *[net.Dialer]. It resolves names by
// [Internet.Resolver], and connects over real loopback sockets to the same services as
// [Internet.DialContext]. Prefer DialContext where possible, since a dialer has limits: the
// services see connections from 127.0.0.1, which affects SPF; [Aborted] makes dialling itself fail
// with ECONNRESET; UDP and name servers can't be reached; and it must not be used inside a synctest
// bubble. On systems where sockets can't be redirected (Windows), dialling fails with an error that
// says so.
func (n *Internet) Dialer() *net.Dialer {
	return &net.Dialer{
		Resolver: n.Resolver(),
		ControlContext: func(ctx context.Context, network, address string, socket syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("mxmock: dial %s: %w", address, err)
			}
			to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
			host, fault := n.hostAt(nil, to)
			event := n.noteDial("127.0.0.1", host, to)
			real, err := n.loopback(ctx, host, int(to.Port()), fault)
			n.concludeDial(event, err)
			if err != nil {
				return err
			}
			client, err := redirect(socket, real, to.Addr().Is6())
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
