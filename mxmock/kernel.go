package mxmock

// The sockets and routes of an internet in a network namespace, for package netns.

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/mxmock/internal/kernel"
)

// ListenInNamespace is ListenHosts for package netns. It uses the sockets of a namespace, in which faults behave as
// in reality. It returns two functions: attempted must be called for each attempt to connect that is seen on the
// wire, and leave must be called at the end.
func (n *Internet) ListenInNamespace(k kernel.Kernel) (attempted func(client, to netip.AddrPort), leave func(), err error) {
	n.mu.Lock()
	if n.kernel != nil || n.ports != nil {
		n.mu.Unlock()
		return nil, nil, errors.New("mxmock: the hosts are on real sockets already")
	}
	n.kernel = k
	n.mu.Unlock()
	if err := n.ListenHosts(nil); err != nil {
		n.leaveNamespace()
		return nil, nil, err
	}
	return n.noteAttempt, n.leaveNamespace, nil
}

// leaveNamespace closes the sockets of the hosts.
func (n *Internet) leaveNamespace() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ports, n.kernel = nil, nil
	for _, h := range n.order {
		n.syncSockets(h)
	}
}

// onKernel calls f in the namespace in which real sockets are opened. The internet is locked.
func (n *Internet) onKernel(f func() error) error {
	if n.kernel != nil {
		return n.kernel.Do(f)
	}
	return f()
}

// listen opens a listener. The internet is locked.
func (n *Internet) listen(at netip.AddrPort) (l net.Listener, err error) {
	err = n.onKernel(func() (err error) {
		l, err = loopback.Listen(at)
		return err
	})
	return l, err
}

// lockSettled locks the internet when all attempts to connect that were made before are in the journal.
func (n *Internet) lockSettled() {
	n.mu.Lock()
	if k := n.kernel; k != nil {
		n.mu.Unlock()
		k.Settle()
		n.mu.Lock()
	}
}

// silenced reports whether a port has a socket that drops attempts to connect, so established connections continue.
// That is so if the port of a service is silent but its address is not. The internet is locked.
func (n *Internet) silenced(addr netip.Addr, port int) bool {
	h := n.byAddr[addr]
	return n.kernel != nil && h != nil && h.services.on(port) != nil && n.faultAt(h, addr, port) == Silent && n.wayTo(addr, 0) == kernel.Deliver
}

// reroute sets the ways of packets to some addresses, and to single ports of all addresses, if there is a
// namespace. The internet is locked.
func (n *Internet) reroute(addrs ...netip.Addr) error {
	if n.kernel == nil {
		return nil
	}
	ports := n.portWays()
	for _, addr := range addrs {
		way := n.wayTo(addr, 0)
		if _, only := ports[netip.AddrPortFrom(addr, 0)]; only {
			way = kernel.Deliver // some ports have ways of their own
		}
		if err := n.kernel.Route(addr, way); err != nil {
			return err
		}
	}
	return n.kernel.RoutePorts(ports)
}

// portWays returns the ways to ports that differ from the ways to their addresses. If only some ports of an address
// can be reached, port 0 stands for the others. The internet is locked.
func (n *Internet) portWays() map[netip.AddrPort]kernel.Way {
	ways := make(map[netip.AddrPort]kernel.Way)
	note := func(addr netip.Addr, port int) {
		whole, way := n.wayTo(addr, 0), n.wayTo(addr, port)
		if way == whole || n.silenced(addr, port) {
			return
		}
		ways[netip.AddrPortFrom(addr, uint16(port))] = way
		if way == kernel.Deliver {
			ways[netip.AddrPortFrom(addr, 0)] = whole
		}
	}
	for p := range n.broken {
		switch {
		case p.port == 0:
		case p.addr.IsValid():
			note(p.addr, p.port)
		case p.host != nil:
			for _, addr := range p.host.addrs {
				note(addr, p.port)
			}
		default:
			for addr := range n.byAddr {
				note(addr, p.port)
			}
		}
	}
	return ways
}

// wayTo returns the way of attempts to connect to a port of an address, or that of packets to the address if the
// port is 0. The internet is locked.
func (n *Internet) wayTo(addr netip.Addr, port int) kernel.Way {
	h := n.byAddr[addr]
	nobody := h == nil && n.broken[place{addr: addr}] == 0 && n.broken[place{addr: addr, port: port}] == 0
	return wayOf(n.faultAt(h, addr, port), nobody || h != nil && h.closed)
}

// wayOf returns the way of packets to an address with a fault, or to one that no host has.
func wayOf(f Fault, nobody bool) kernel.Way {
	switch {
	case nobody || f == Unreachable:
		return kernel.Reject
	case f == Silent:
		return kernel.Drop
	}
	return kernel.Deliver
}

// noteAttempt adds to the journal an attempt to connect that no socket will see.
func (n *Internet) noteAttempt(client, to netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, way := n.byAddr[to.Addr()], n.wayTo(to.Addr(), int(to.Port()))
	var s hostSocket
	if h != nil {
		s = h.sockets[to]
	}
	var errno syscall.Errno
	switch {
	case way == kernel.Drop:
		errno = syscall.ETIMEDOUT
	case way == kernel.Reject:
		errno = syscall.EHOSTUNREACH
	case s.closer == nil:
		errno = syscall.ECONNREFUSED
	default:
		return // admit notes it
	}
	n.events.add(&dialled{
		time: time.Now(), client: client.String(), host: h, target: h.target(to), concluded: true, err: os.NewSyscallError("connect", errno),
	})
}
