//go:build unix

// Package redirect makes sockets of package net connect to another address than the one that they were made for.
package redirect

// The implementation for systems where connect(2) can be called before package net does.

import (
	"net/netip"
	"os"
	"syscall"
)

// Socket begins to connect a socket to another address than the one to which package net is about to connect it,
// and returns the address of the client. The later call by package net continues that connection, or gets EISCONN,
// which package net takes for success. An IPv6 socket reaches an IPv4 address by its mapped form.
func Socket(socket syscall.RawConn, to netip.AddrPort, ipv6 bool) (client netip.AddrPort, err error) {
	if !ipv6 && !to.Addr().Is4() { // the machine has no IPv4
		return client, os.NewSyscallError("connect", syscall.ENETUNREACH)
	}
	control := func(fd uintptr) {
		var sa syscall.Sockaddr
		if ipv6 {
			sa = &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
			if err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 0); err != nil {
				return
			}
		} else {
			sa = &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
		}
		if err = syscall.Connect(int(fd), sa); err != nil && err != syscall.EINPROGRESS {
			return
		}
		if sa, err = syscall.Getsockname(int(fd)); err != nil {
			return
		}
		switch sa := sa.(type) {
		case *syscall.SockaddrInet4:
			client = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
		case *syscall.SockaddrInet6:
			client = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
		}
	}
	if cerr := socket.Control(control); cerr != nil {
		return client, cerr
	}
	return client, os.NewSyscallError("connect", err)
}
