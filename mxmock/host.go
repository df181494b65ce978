package mxmock

// Hosts, which are machines with a name, addresses, and services on ports.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// Host is a machine of an [Internet], made by [Internet.Host] or [Internet.MX]. The zero value is
// not usable. Methods that take no port refer to the mail server on port 25. All methods may be
// called from several goroutines at once, except that those with a [testing.TB] may only be called
// from the test's own goroutine.
type Host struct {
	inet  *Internet
	name  string
	fqdn  string
	certs certificates

	// The lock of inet guards these.
	names    []string // fqdn, and the further names, with a final dot
	addrs    []netip.Addr
	broken   Fault
	services services
	sockets  map[netip.AddrPort]hostSocket // real ones, see ListenHosts
	closed   bool
	removed  bool
}

// newHost returns a host that has neither addresses nor services.
func newHost(n *Internet, fqdn, name string) *Host {
	return &Host{inet: n, name: name, fqdn: fqdn, closed: n.closed}
}

// Name returns the name of the host without a final dot. If the host has several names, it is the
// first.
func (h *Host) Name() string { return h.name }

// String is Name, so that a host in the text of an error is its name.
func (h *Host) String() string { return h.name }

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

// Server returns the mail server on the given port of the host, and makes it if there is none. On
// port 465 every connection begins with TLS (RFC 8314); on any other port, STARTTLS is offered if
// the test sets [mailtest.Server.StartTLS] before the server is first used. The server has the name
// and the certificate of the host. On port 25 it does not offer AUTH, since a sender that delivers
// by MX has no account there; on other ports it accepts any credentials and requires none, unless
// its Users are set. Its fields Collect and Watch are reserved for the internet.
//
// Server panics if the port is out of range or if something else listens there.
func (h *Host) Server(port int) *mailtest.Server { return h.mail(port).server() }

// mail returns the mail server on a port of the host, as Server does, but does not make it.
func (h *Host) mail(port int) *mailService {
	n := h.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	if port < 1 || port > 65535 {
		panic(fmt.Sprintf("mxmock: host %s: there is no port %d", h.name, port))
	}
	switch s := h.services.on(port).(type) {
	case nil:
		mail := &mailService{host: h, port: port, patience: n.Patience}
		must(h.offer(port, mail))
		return mail
	case *mailService:
		return s
	}
	panic(fmt.Sprintf("mxmock: host %s: another service is on port %d", h.name, port))
}

// offer puts a service on a free port. If the service can't have its real sockets, the port stays free. The
// internet is locked.
func (h *Host) offer(port int, s service) error {
	h.services.add(port, s)
	err := h.inet.syncSockets(h)
	if err != nil {
		h.services.remove(port)
		err = errors.Join(err, h.inet.syncSockets(h)) // closes those that were opened
	}
	return err
}

// Listen listens on the given port of the host, for services of the test's own such as a web server
// or another mail server. The listener's address is the first address of the host. Listen returns a
// *net.OpError if the port is in use (EADDRINUSE) or out of range, or if the internet was closed
// ([net.ErrClosed]).
func (h *Host) Listen(port int) (net.Listener, error) {
	n := h.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	var first netip.Addr
	if len(h.addrs) > 0 {
		first = h.addrs[0]
	}
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(first, uint16(port)))
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: addr, Err: err}
	}
	switch {
	case port < 1 || port > 65535:
		return fail(fmt.Errorf("there is no port %d", port))
	case h.closed:
		return fail(net.ErrClosed)
	case h.services.on(port) != nil:
		return fail(os.NewSyscallError("bind", syscall.EADDRINUSE))
	}
	l := newListener(addr)
	l.onClose = func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if h.services.on(port) == service(l) {
			h.services.remove(port)
			must(n.syncSockets(h))
		}
	}
	if err := h.offer(port, l); err != nil {
		return nil, err
	}
	return l, nil
}

// ServeDNS makes the host an authoritative name server: on port 53 it answers for all zones of the
// internet, and for nothing else. (For a resolver, use [Internet.Resolver] or
// [Internet.ListenDNS].) Clients reach it by DialContext over "udp" and "tcp". ServeDNS panics if
// something else listens on port 53.
func (h *Host) ServeDNS() {
	n := h.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	switch h.services.on(53) {
	case nil:
		must(h.offer(53, nameService{n}))
	case service(nameService{n}):
	default:
		panic(fmt.Sprintf("mxmock: host %s: another service is on port 53", h.name))
	}
}

// RootHints makes the DNS of the internet a tree that a resolver can walk down from its root, and
// returns the root hints file for unbound or BIND. The host a.root-servers.net becomes a name
// server, as by [Host.ServeDNS], and serves the root and each zone that has no NS records of its
// own. Such resolvers query port 53 of its address, so [Internet.ListenHosts] is needed on a
// machine, or in a network namespace, that has the address. Resolvers answer PTR questions for
// documentation addresses themselves (RFC 6303 §4.2), unless unbound is configured with
// "local-zone: 2.0.192.in-addr.arpa. nodefault" and its like, or BIND with "empty-zones-enable no".
func (n *Internet) RootHints() string {
	const name = "a.root-servers.net."
	h := n.Host(name)
	h.ServeDNS()
	must(n.db.Serve(name))
	var b strings.Builder
	fmt.Fprintf(&b, ". 3600000 IN NS %s\n", name)
	for _, addr := range n.addresses(name) {
		typ := "A"
		if addr.Is6() {
			typ = "AAAA"
		}
		fmt.Fprintf(&b, "%s 3600000 IN %s %s\n", name, typ, addr)
	}
	return b.String()
}

// Break breaks the host, with all its addresses and ports, until [Host.Mend] or another Break.
// Established connections are not affected. [Internet.Break] breaks a single address or port. Break
// panics if the fault does not apply to hosts.
func (h *Host) Break(f Fault) {
	if !f.ofHosts() {
		panic(fmt.Sprintf("mxmock: %v does not apply to a host", f))
	}
	h.inet.lockSettled()
	defer h.inet.mu.Unlock()
	h.broken = f
	must(h.inet.syncSockets(h))
}

// Mend undoes [Host.Break].
func (h *Host) Mend() {
	h.inet.lockSettled()
	defer h.inet.mu.Unlock()
	h.broken = 0
	must(h.inet.syncSockets(h))
}

// DialContext is [Internet.DialContext] as code on this host would call it: connections come from the host's first
// address of the right family. If it has no address of a family, dialing fails with ENETUNREACH.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return h.inet.dial(ctx, h, network, address)
}

// AddRules is [mailtest.Server.AddRules] of port 25.
func (h *Host) AddRules(rules ...mailtest.Rule) { h.Server(25).AddRules(rules...) }

// Messages is [mailtest.Inbox.Messages] of port 25.
func (h *Host) Messages() []*mailtest.Message { return h.Server(25).Messages() }

// Mailboxes is [mailtest.Server.Mailboxes] of port 25.
func (h *Host) Mailboxes() mailstore.Store { return h.Server(25).Mailboxes() }

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

// WaitOnly is [mailtest.Inbox.WaitOnly] of port 25.
func (h *Host) WaitOnly(tb testing.TB, n int, quiet time.Duration) []*mailtest.Message {
	tb.Helper()
	return h.Server(25).WaitOnly(tb, n, quiet)
}

// NextContext is [mailtest.Inbox.NextContext] of port 25.
func (h *Host) NextContext(ctx context.Context) (*mailtest.Message, error) {
	return h.Server(25).NextContext(ctx)
}

// WaitForContext is [mailtest.Inbox.WaitForContext] of port 25.
func (h *Host) WaitForContext(ctx context.Context, match func(*mailtest.Message) bool) (*mailtest.Message, error) {
	return h.Server(25).WaitForContext(ctx, match)
}

// Since is [mailtest.Inbox.Since] of port 25.
func (h *Host) Since(ctx context.Context, n int) (messages []*mailtest.Message, next int, err error) {
	return h.Server(25).Since(ctx, n)
}

// WaitSession is [mailtest.Server.WaitSession] of port 25.
func (h *Host) WaitSession(tb testing.TB, number int) *mailtest.Session {
	tb.Helper()
	return h.Server(25).WaitSession(tb, number)
}

// MailPorts returns the ports on which the host has a mail server, see [Host.Server], in order.
func (h *Host) MailPorts() []int {
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	var ports []int
	for _, s := range h.services {
		if _, ok := s.service.(*mailService); ok {
			ports = append(ports, s.port)
		}
	}
	return ports
}

// mailServer is a mail server of a host.
type mailServer struct {
	*mailtest.Server
	port int
}

// servers returns the mail servers of the host that were made, in the order of their ports.
func (h *Host) servers() []mailServer {
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	var servers []mailServer
	for _, s := range h.services {
		if mail, ok := s.service.(*mailService); ok && mail.made != nil {
			servers = append(servers, mailServer{mail.made, s.port})
		}
	}
	return servers
}

// close ends all services of the host.
func (h *Host) close() error {
	h.inet.mu.Lock()
	h.closed = true
	must(h.inet.syncSockets(h))
	services := slices.Clone(h.services)
	h.inet.mu.Unlock()
	var errs []error
	for _, s := range services {
		if err := s.close(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// closeServer closes a mail server. If Close panics because of a mistake of the test, it returns that as an error.
func closeServer(s *mailtest.Server) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("host %s: %v", s.Name, v)
			if e, ok := v.(error); ok {
				err = fmt.Errorf("host %s: %w", s.Name, e)
			}
		}
	}()
	s.Close()
	return nil
}

// must panics if the code of a test asks for something impossible.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
