package mailtest

// The addresses and listeners of a server, and the connections that they accept.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// endpoint is an address on which the server itself listens.
type endpoint struct {
	addr     net.Addr  // nil until it is asked for
	listener listening // its number is 0 while the server is suspended
	cfg      *wire.Config
}

// listen makes sure that at is an address on the loopback interface, and that it is served with cfg.
func (s *Server) listen(at *endpoint, cfg *wire.Config) (net.Addr, error) {
	if fresh := s.prepare(); !fresh {
		s.mustBeSettled()
	}
	s.state.Lock()
	defer s.state.Unlock()
	if at.addr != nil {
		return at.addr, nil
	}
	if s.state.closed {
		return nil, errClosed
	}
	if bubble.Here() == bubble.Inside {
		return nil, errSocket
	}
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		l6, err6 := loopback.Listen(netip.MustParseAddrPort("[::1]:0")) // a machine without IPv4
		if err6 != nil {
			return nil, fmt.Errorf("mailtest: listen on a loopback address: %w", errors.Join(err, err6))
		}
		l = l6
	}
	at.addr, at.cfg = l.Addr(), cfg
	if s.state.suspended {
		return at.addr, l.Close()
	}
	s.open(at, l)
	return at.addr, nil
}

// open serves an address. The caller holds the lock.
func (s *Server) open(at *endpoint, l net.Listener) {
	at.listener = s.addListener(l)
	listener, cfg := at.listener, at.cfg
	go func() {
		s.accept(l, cfg)
		s.forget(listener)
	}()
}

// forget undoes addListener.
func (s *Server) forget(l listening) {
	s.state.Lock()
	s.removeListener(l)
	s.state.Unlock()
	s.running.Done()
}

// Suspend makes the server refuse connections, as a machine on which no server runs does: clients get
// ECONNREFUSED, also from [Server.Dial]. Open connections continue. Listeners that were passed to
// [Server.Serve] stay open, because they belong to the caller; connections that they accept are closed at once.
// A second call does nothing.
func (s *Server) Suspend() {
	s.prepare()
	s.mustBeSettled()
	s.passBacklog(&s.state.plain)
	s.passBacklog(&s.state.tls)
	s.state.Lock()
	defer s.state.Unlock()
	s.state.suspended = true
	for _, at := range []*endpoint{&s.state.plain, &s.state.tls} {
		if at.listener.number != 0 {
			at.listener.Close()
			s.removeListener(at.listener)
			at.listener = listening{}
		}
	}
}

// passBacklog waits until the server has accepted all connections that clients have made to an address so far, since a client can't
// tell whether its own was accepted. It does so by a connection of its own, which comes after them and is turned away.
func (s *Server) passBacklog(at *endpoint) {
	s.state.Lock()
	if at.listener.number == 0 {
		s.state.Unlock()
		return
	}
	conn, err := net.DialTimeout("tcp", at.addr.String(), time.Second) // the backlog may be full
	if err != nil {
		s.state.Unlock()
		return
	}
	client := conn.LocalAddr().String()
	if s.state.probes == nil {
		s.state.probes = make(map[string]bool)
	}
	s.state.probes[client] = true
	s.state.Unlock()
	conn.SetReadDeadline(time.Now().Add(time.Second)) // the process may have too many open files
	conn.Read(make([]byte, 1))                        // until the server closes it
	s.state.Lock()
	delete(s.state.probes, client)
	s.state.Unlock()
	conn.Close()
}

// Resume undoes [Server.Suspend]: the server listens on the same addresses again. The error is that of
// [net.Listen] if another program has taken a port meanwhile, or says that the server is closed. Without
// Suspend, it does nothing.
func (s *Server) Resume() error {
	s.prepare()
	s.mustBeSettled()
	s.state.Lock()
	defer s.state.Unlock()
	if s.state.closed {
		return errClosed
	}
	s.state.suspended = false
	for _, at := range []*endpoint{&s.state.plain, &s.state.tls} {
		if at.addr == nil || at.listener.number != 0 {
			continue
		}
		l, err := loopback.Listen(at.addr.(*net.TCPAddr).AddrPort())
		if err != nil {
			return fmt.Errorf("mailtest: listen again: %w", err)
		}
		s.open(at, l)
	}
	return nil
}

// errClosed reports the use of a server after Close.
var errClosed = fmt.Errorf("mailtest: the server is closed: %w", net.ErrClosed)

// errSocket reports the use of a socket inside a synctest bubble.
var errSocket = errors.New("mailtest: a server can't have a socket inside a synctest bubble, since waiting for it would stop the " +
	"clock; connect with Server.Dial, or let package mxmock connect")

// listening is a listener of a server. It has a number, since those of the caller may be of a type that can't be
// compared.
type listening struct {
	net.Listener
	number int // from 1
}

// addListener notes a listener and its accept loop. The caller holds the lock.
func (s *Server) addListener(l net.Listener) listening {
	s.state.lastNumber++
	at := listening{l, s.state.lastNumber}
	s.state.listeners = append(s.state.listeners, at)
	s.running.Add(1)
	return at
}

// removeListener forgets a listener. The caller holds the lock.
func (s *Server) removeListener(l listening) {
	s.state.listeners = slices.DeleteFunc(s.state.listeners, func(other listening) bool { return other.number == l.number })
}

// accept serves the connections of a listener until it fails for good. When the process has too
// many open files, it waits for some connection to end.
func (s *Server) accept(l net.Listener, cfg *wire.Config) error {
	const patience = 100 * time.Millisecond
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.serve(conn, cfg)
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			<-time.After(patience)
		default:
			return err
		}
	}
}

// Addr returns the address of the server, "127.0.0.1:port", or "[::1]:port" on a machine without IPv4. It
// starts the server if necessary. It panics if the server cannot listen on a loopback address, was closed
// before, or is inside a synctest bubble.
func (s *Server) Addr() string {
	addr, err := s.listen(&s.state.plain, &s.wire)
	if err != nil {
		panic(err)
	}
	return addr.String()
}

// Host returns the host of [Server.Addr] without the port, for code that takes the two separately. Like Addr,
// it starts the server and may panic.
func (s *Server) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port returns the port of [Server.Addr]. Like Addr, it starts the server and may panic.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// TLSAddr returns a second address of the server, where connections begin with TLS, as on port 465 (RFC 8314
// §3.3). Otherwise it is like [Server.Addr].
func (s *Server) TLSAddr() string {
	s.prepare()
	cfg := s.wire
	cfg.TLS, cfg.Implicit = s.serverTLS, true
	addr, err := s.listen(&s.state.tls, &cfg)
	if err != nil {
		panic(err)
	}
	return addr.String()
}

// Dial connects to the server in memory. The connection behaves like one over TCP. Dial fails if ctx is already
// done, and does not use it otherwise. It also fails inside a synctest bubble if the server was made outside, and the
// other way round. After Close or [Server.Suspend], errors.Is(err, syscall.ECONNREFUSED)
// holds for the error.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	s.prepare()
	s.state.Lock()
	s.state.dialled++
	client := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49152 + s.state.dialled%16384}
	s.state.Unlock()
	server := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25}
	if err := cmp.Or(ctx.Err(), s.elsewhere(bubble.Here())); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: err}
	}
	near, far := memnet.Pipe(client, server)
	if !s.serve(far, &s.wire) {
		near.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return near, nil
}

// Serve serves the connections of l until l fails, or until Close, which closes l and makes Serve return nil. A
// server may have any number of listeners. Their connections are treated like those to [Server.Addr], but a
// *[tls.Conn], as [tls.NewListener] returns it, is treated like those to [Server.TLSAddr]. A rule at
// [Handshake] can delay or end the handshake of such a connection, but not change its configuration.
func (s *Server) Serve(l net.Listener) error {
	if isNil(l) {
		return errors.New("mailtest: Serve: the listener is nil")
	}
	s.prepare()
	s.state.Lock()
	if s.state.closed {
		s.state.Unlock()
		l.Close()
		return errClosed
	}
	at := s.addListener(l)
	s.state.Unlock()
	defer s.running.Done()
	err := s.accept(l, &s.wire)
	s.state.Lock()
	defer s.state.Unlock()
	s.removeListener(at)
	if s.state.closed {
		return nil
	}
	return fmt.Errorf("mailtest: serve %s: %w", text(l.Addr()), err)
}

// isNil reports whether an interface is nil or holds a nil pointer.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

// ServeConn serves the client at the other end of conn in the background, and closes conn at the end. After
// Close, it closes conn at once and returns an error for which errors.Is(err, [net.ErrClosed]) holds. It also
// returns an error if conn is nil. If conn has no addresses, rules and envelopes have an empty one. A
// *[tls.Conn] is treated as in [Server.Serve].
func (s *Server) ServeConn(conn net.Conn) error {
	if isNil(conn) {
		return errors.New("mailtest: ServeConn: the connection is nil")
	}
	s.prepare()
	if !s.serve(conn, &s.wire) {
		return errClosed
	}
	return nil
}

// serve starts a session on conn, and reports whether the server accepts it.
func (s *Server) serve(conn net.Conn, cfg *wire.Config) bool {
	ss := newSession(s, conn, cfg) // without the lock, since conn is code of the caller
	c := ss.conn
	if !s.admit(ss) {
		conn.Close()
		return false
	}
	c.Serve()
	return true
}

// admit numbers a session, and reports whether the server accepts it.
func (s *Server) admit(ss *session) bool {
	s.state.Lock()
	defer s.state.Unlock()
	if s.state.closed || s.state.suspended || s.state.probes[ss.client] {
		return false
	}
	s.state.last++
	s.state.open++
	ss.number = s.state.last
	s.state.sessions = append(s.state.sessions, ss)
	if s.state.live == nil {
		s.state.live = make(map[*session]bool)
	}
	s.state.live[ss] = true
	s.trimSessions()
	s.running.Add(1)
	s.changed()
	return true
}

// close closes the listener. If the listener is the caller's and panics, close returns the value of the panic.
func (l listening) close() (panicked any) {
	defer func() { panicked = recover() }()
	l.Close()
	return nil
}

// text returns an address as text, or "" if the connection has no address.
func text(addr net.Addr) string {
	if isNil(addr) {
		return ""
	}
	return addr.String()
}
