package mxmock

// Hosts: machines with a name, addresses, and services on ports.

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Host is a machine of an [Internet]. It is made by [Internet.Host] or [Internet.MX]; there is no use for the zero value.
// The methods that name no port mean the mail server on port 25. All methods may be called from
// several goroutines at once.
type Host struct {
	inet *Internet
	name string
	fqdn string

	// The lock of inet guards these.
	addrs  []netip.Addr
	broken Fault

	mu       sync.Mutex
	services map[int]*service
	closed   bool
}

// service is what listens on a port: one of the two.
type service struct {
	server   *mailtest.Server
	listener *listener
}

// Name returns the name of the host, without a final dot.
func (h *Host) Name() string { return h.name }

// Addrs returns the addresses of the host as text, in the order in which it got them.
func (h *Host) Addrs() []string {
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	addrs := make([]string, len(h.addrs))
	for i, a := range h.addrs {
		addrs[i] = a.String()
	}
	return addrs
}

// Server returns the mail server on the given port of the host, and makes it if there is none. On port 465 every connection
// begins with TLS (RFC 8314); on any other, STARTTLS is offered if the test sets [mailtest.Server.StartTLS] before the
// server is first used. Its name and its certificate are those of the host. On port 25 it offers no AUTH, since those who
// deliver mail have no account; on any other it takes any credentials and requires none, unless its Users are set.
//
// Server panics if the port is none or if something else listens there.
func (h *Host) Server(port int) *mailtest.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.services[port]
	switch {
	case port < 1 || port > 65535:
		panic(fmt.Sprintf("mxmock: host %s: there is no port %d", h.name, port))
	case s != nil && s.server != nil:
		return s.server
	case s != nil:
		panic(fmt.Sprintf("mxmock: host %s: a listener of the test's own is on port %d", h.name, port))
	}
	server := &mailtest.Server{Name: h.name, ImplicitTLS: port == 465, Collect: &h.inet.Inbox}
	if port == 25 {
		server.Mechanisms = []string{} // who delivers has no account
	}
	if h.closed {
		server.Close()
	}
	h.services[port] = &service{server: server}
	return server
}

// Listen listens on the given port of the host, for services of the test's own such as a web server or another mail
// server. The listener's address is the first address of the host. The error is that of package net for a port
// that is in use (EADDRINUSE), or for a host of an internet that was closed.
func (h *Host) Listen(port int) (net.Listener, error) {
	var first netip.Addr
	h.inet.mu.Lock()
	if len(h.addrs) > 0 {
		first = h.addrs[0]
	}
	h.inet.mu.Unlock()
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(first, uint16(port)))
	h.mu.Lock()
	defer h.mu.Unlock()
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: addr, Err: err}
	}
	switch {
	case port < 1 || port > 65535:
		return fail(fmt.Errorf("there is no port %d", port))
	case h.closed:
		return fail(net.ErrClosed)
	case h.services[port] != nil:
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := newListener(addr)
	l.onClose = func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if s := h.services[port]; s != nil && s.listener == l {
			delete(h.services, port)
		}
	}
	h.services[port] = &service{listener: l}
	return l, nil
}

// Break makes a fault befall the host, all its addresses and ports, until [Host.Mend] or another Break. Connections that
// exist are not touched. Break panics if the fault is not one of hosts.
func (h *Host) Break(f Fault) {
	if f == 0 || !f.ofHosts() {
		panic(fmt.Sprintf("mxmock: %v can't befall a host", f))
	}
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	h.broken = f
}

// Mend ends what [Host.Break] has begun.
func (h *Host) Mend() {
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	h.broken = 0
}

// DialContext is [Internet.DialContext] as code on this host would call it: connections come from the first
// address of this host that is of the right family.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return h.inet.dial(ctx, h, network, address)
}

// AddRules is [mailtest.Server.AddRules] of port 25.
func (h *Host) AddRules(rules ...mailtest.Rule) { h.Server(25).AddRules(rules...) }

// Messages is [mailtest.Inbox.Messages] of port 25.
func (h *Host) Messages() []*mailtest.Message { return h.Server(25).Messages() }

// Sessions is [mailtest.Server.Sessions] of port 25.
func (h *Host) Sessions() []*mailtest.Session { return h.Server(25).Sessions() }

// Next is [mailtest.Inbox.Next] of port 25.
func (h *Host) Next(tb testing.TB) *mailtest.Message {
	tb.Helper()
	return h.Server(25).Next(tb)
}

// WaitFor is [mailtest.Inbox.WaitFor] of port 25.
func (h *Host) WaitFor(tb testing.TB, match func(*mailtest.Message) bool) *mailtest.Message {
	tb.Helper()
	return h.Server(25).WaitFor(tb, match)
}

// WaitN is [mailtest.Inbox.WaitN] of port 25.
func (h *Host) WaitN(tb testing.TB, n int) []*mailtest.Message {
	tb.Helper()
	return h.Server(25).WaitN(tb, n)
}

// servers returns the mail servers of the host, in the order of their ports.
func (h *Host) servers() []*mailtest.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	ports := make([]int, 0, len(h.services))
	for port, s := range h.services {
		if s.server != nil {
			ports = append(ports, port)
		}
	}
	slices.Sort(ports)
	servers := make([]*mailtest.Server, len(ports))
	for i, port := range ports {
		servers[i] = h.services[port].server
	}
	return servers
}

// close ends all services of the host.
func (h *Host) close() {
	h.mu.Lock()
	h.closed = true
	var listeners []*listener
	for _, s := range h.services {
		if s.listener != nil {
			listeners = append(listeners, s.listener)
		}
	}
	h.mu.Unlock()
	for _, l := range listeners {
		l.Close()
	}
	for _, s := range h.servers() {
		s.Close()
	}
}
