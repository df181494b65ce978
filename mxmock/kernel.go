package mxmock

// The internet in a network namespace, for package netns.

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

// ListenInNamespace is ListenHosts for package netns: with the sockets of a namespace, in which faults are what they are
// in reality. It returns functions to be called for each attempt to connect that is seen on the wire, and at the end.
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

// onKernel calls f where real sockets are opened. The internet is locked.
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

// silent reports whether attempts to connect to a port are dropped, or with port 0 all packets to the address. The
// internet is locked.
func (n *Internet) silent(h *Host, addr netip.Addr, port int) bool {
	return n.kernel != nil && n.faultAt(h, addr, port) == Silent
}

// reroute says to the namespace, if there is one, what becomes of packets to a host. The internet is locked.
func (n *Internet) reroute(h *Host) error {
	if n.kernel == nil {
		return nil
	}
	for _, addr := range h.addrs {
		if err := n.kernel.Route(addr, wayOf(n.faultAt(h, addr, 0), h.closed)); err != nil {
			return err
		}
	}
	return nil
}

// rerouteNobody is reroute for an address that is not that of a host.
func (n *Internet) rerouteNobody(addr netip.Addr) error {
	if n.kernel == nil {
		return nil
	}
	f := n.faultAt(nil, addr, 0)
	return n.kernel.Route(addr, wayOf(f, f == 0))
}

// wayOf returns what becomes of packets to an address with a fault, or of nobody.
func wayOf(f Fault, nobody bool) kernel.Way {
	switch {
	case nobody || f == Unreachable:
		return kernel.Reject
	case f == Silent:
		return kernel.Drop
	}
	return kernel.Deliver
}

// noteAttempt adds an attempt to connect to the journal that no socket will see.
func (n *Internet) noteAttempt(client, to netip.AddrPort) {
	n.mu.Lock()
	h := n.byAddr[to.Addr()]
	f := n.faultAt(h, to.Addr(), int(to.Port()))
	var s hostSocket
	if h != nil {
		s = h.sockets[to]
	}
	n.mu.Unlock()
	var err error
	switch {
	case f == Silent:
		err = os.NewSyscallError("connect", syscall.ETIMEDOUT)
	case f == Unreachable || h == nil && f == 0:
		err = os.NewSyscallError("connect", syscall.EHOSTUNREACH)
	case s.closer == nil:
		err = os.NewSyscallError("connect", syscall.ECONNREFUSED)
	default:
		return // admit notes it
	}
	target := h.target(to)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events.add(&dialled{time: time.Now(), client: client.String(), target: target, concluded: true, err: err})
}
