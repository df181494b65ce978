// Package access is the server below POP3 and IMAP. It has the listeners and connections, the rules, and the
// transcripts. A protocol serves a session on a [Conn], turn by turn.
//
// Package internal/wire has the same task for SMTP. It is separate because SMTP has a payload in the other
// direction, and an engine that must not see it.
package access

// The server: its settings, its start and its end.

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/notice"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/rulebook"
)

// Protocol describes a protocol.
type Protocol struct {
	Name   string // the name of its package, for errors: "pop3"
	Port   int    // the port of the address that clients in memory see
	Stages []mailtest.Stage

	// Lose are the stages at which Rule.Lose has a meaning.
	Lose []mailtest.Stage

	// CheckReply returns an error if the reply of a rule is malformed. Complete returns the reply as it goes over
	// the wire, in answer to a command with a tag. Accepts reports whether a reply is positive. A positive reply
	// replaces the server's own only if that is positive too, and if both or neither are continuation requests.
	CheckReply func(stage mailtest.Stage, reply string) error
	Complete   func(tag, reply string) string
	Accepts    func(stage mailtest.Stage, reply string) bool

	// Farewell is the reply to a client when the server ends, and TooMuch the reply to one that has sent too much.
	Farewell, TooMuch string

	// Serve serves a session. The connection was accepted before, and has TLS if it begins with TLS. The error says
	// how the session ended.
	Serve func(*Conn) error
}

// Config has the settings of a server.
type Config struct {
	Name        string // "" means localhost
	StartTLS    bool
	ImplicitTLS bool
	TLS         *tls.Config
	Rules       []mailtest.Rule
	Idle        time.Duration // the time after which a silent client is cut off; 0 means never
}

// Server serves a protocol. [New] makes one.
type Server struct {
	protocol *Protocol
	cfg      Config
	tb       testing.TB   // or nil
	made     bubble.Place // where the server was made

	certs struct {
		once sync.Once
		cfg  *tls.Config
		err  error
	}

	rules, standing rulebook.Book[mailtest.Rule]
	notices         notice.List

	mu           sync.Mutex
	plain, tls   net.Listener // of Addr and TLSAddr
	listeners    map[int]net.Listener
	lastListener int
	sessions     []*session     // that are not forgotten
	live         map[*Conn]bool // those that are not closed
	last         int            // number of the last session
	most         int            // the number of sessions to keep, or 0
	open         int            // the number of live connections that no rule has ended
	dialled      int
	closed       bool
	crash        *crash

	running sync.WaitGroup // accept loops and connections
}

// New returns a server, which starts when its address is first asked for. It panics if a rule of the settings makes
// no sense. If tb is not nil, the caller calls Cleanup at the end of that test.
func New(tb testing.TB, p *Protocol, cfg Config) *Server {
	cfg.Name = cmp.Or(cfg.Name, "localhost")
	s := &Server{protocol: p, cfg: cfg, tb: tb, listeners: make(map[int]net.Listener), live: make(map[*Conn]bool)}
	if tb != nil {
		s.made = bubble.Of(tb)
	}
	s.made = cmp.Or(s.made, bubble.Here())
	s.mustMakeSense(cfg.Rules, "of Server.Rules")
	for _, r := range cfg.Rules {
		s.standing.Add(r, uint8(r.At), standingRule, limits(&r))
	}
	return s
}

// Cleanup closes the server at the end of its test, and reports a mistake of the test if there is one. The server
// must have a test.
func (s *Server) Cleanup(mistake error) {
	s.tb.Helper()
	s.end()
	if err := errors.Join(mistake, s.CheckRules()); err != nil {
		s.tb.Error(err)
	}
	if s.tb.Failed() {
		s.tb.Log(s.Report())
		files := []artifact.File{{Name: s.cfg.Name + "-" + s.protocol.Name + ".txt", Data: []byte(s.transcripts())}}
		if place := artifact.Write(s.tb, s, files); place != "" {
			s.tb.Log(s.protocol.Name + ": " + place)
		}
	}
}

// Addr returns the address of the server on the loopback interface. The server begins to listen there if it does
// not yet.
func (s *Server) Addr() (string, error) { return s.listen(&s.plain, s.cfg.ImplicitTLS) }

// TLSAddr returns a second address, where connections begin with TLS.
func (s *Server) TLSAddr() (string, error) { return s.listen(&s.tls, true) }

func (s *Server) listen(at *net.Listener, implicit bool) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if *at != nil {
		return (*at).Addr().String(), nil
	}
	if s.closed {
		return "", s.errClosed()
	}
	if bubble.Here() == bubble.Inside {
		return "", fmt.Errorf("%s: a server can't have a socket inside a synctest bubble, since waiting for it would stop the clock; "+
			"connect with Server.Dial", s.protocol.Name)
	}
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		l6, err6 := loopback.Listen(netip.MustParseAddrPort("[::1]:0")) // a machine without IPv4
		if err6 != nil {
			return "", fmt.Errorf("%s: listen on a loopback address: %w", s.protocol.Name, errors.Join(err, err6))
		}
		l = l6
	}
	*at = l
	number := s.addListener(l)
	go func() {
		defer s.running.Done()
		s.accept(l, implicit)
		s.removeListener(number)
	}()
	return l.Addr().String(), nil
}

// addListener notes a listener, and counts its accept loop in s.running. The caller holds the lock.
func (s *Server) addListener(l net.Listener) int {
	s.lastListener++
	s.listeners[s.lastListener] = l
	s.running.Add(1)
	return s.lastListener
}

func (s *Server) removeListener(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, number)
}

// accept serves the connections of a listener until the listener fails.
func (s *Server) accept(l net.Listener, implicit bool) error {
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			s.serve(conn, implicit)
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			<-time.After(10 * time.Millisecond)
		default:
			return err
		}
	}
}

// Serve serves the connections of l until l fails, or until Close, which closes l and makes Serve return nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		l.Close()
		return s.errClosed()
	}
	number := s.addListener(l)
	s.mu.Unlock()
	defer s.running.Done()
	err := s.accept(l, s.cfg.ImplicitTLS)
	s.removeListener(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	return fmt.Errorf("%s: serve %v: %w", s.protocol.Name, l.Addr(), err)
}

// ServeConn serves the client at the other end of conn in the background.
func (s *Server) ServeConn(conn net.Conn) error {
	if !s.serve(conn, s.cfg.ImplicitTLS) {
		return s.errClosed()
	}
	return nil
}

// Dial connects to the server in memory.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	s.mu.Lock()
	s.dialled++
	client := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49152 + s.dialled%16384}
	s.mu.Unlock()
	server := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.protocol.Port}
	if err := cmp.Or(ctx.Err(), s.elsewhere()); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: err}
	}
	near, far := memnet.Pipe(client, server)
	if !s.serve(far, s.cfg.ImplicitTLS) {
		near.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return near, nil
}

// elsewhere returns an error if the caller is inside a synctest bubble and the server was made outside, or the other way round.
func (s *Server) elsewhere() error {
	if s.made == bubble.Here() {
		return nil
	}
	return fmt.Errorf("%s: a server that was made outside of a synctest bubble can't be used inside, nor the other way round; "+
		"make it with New inside the bubble", s.protocol.Name)
}

// serve starts a session on conn, and reports whether the server accepts it.
func (s *Server) serve(conn net.Conn, implicit bool) bool {
	c := newConn(s, conn)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		conn.Close()
		return false
	}
	s.last++
	s.open++
	c.session.log.Number = s.last
	s.sessions = append(s.sessions, c.session)
	s.live[c] = true
	s.trimSessions()
	s.running.Add(1)
	s.mu.Unlock()
	s.notices.Send()
	go func() {
		defer s.running.Done()
		c.serve(implicit)
	}()
	return true
}

// openSessions returns the number of connections that are open when a turn of one of them begins, see [mailtest.Attempt].
func (s *Server) openSessions(now *Conn, stage mailtest.Stage) int {
	at := uint8(stage)
	s.mu.Lock()
	open := s.open
	var others []*Conn
	if stage == mailtest.Greeting && open > 1 && (s.rules.Has(at) || s.standing.Has(at)) {
		for c := range s.live {
			if c != now && !c.left {
				others = append(others, c)
			}
		}
	}
	s.mu.Unlock()
	for _, c := range others {
		if c.Deserted() {
			open--
		}
	}
	return open
}

func (s *Server) errClosed() error {
	return fmt.Errorf("%s: the server is closed: %w", s.protocol.Name, net.ErrClosed)
}

// closePatience is the time for which Close waits for connections to end in an orderly way.
const closePatience = 500 * time.Millisecond

// Close closes all listeners and connections, and waits until all goroutines of the server have ended. It panics if
// code of the test has panicked on a connection and the test does not know of that yet.
func (s *Server) Close() {
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.crash; c != nil && !c.known {
		c.known = true
		panic(c)
	}
}

func (s *Server) end() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		l.Close()
	}
	live := slices.Collect(maps.Keys(s.live))
	s.mu.Unlock()
	for _, c := range live {
		c.stop()
	}
	if len(live) > 0 {
		hard := time.AfterFunc(closePatience, func() {
			for _, c := range live {
				c.raw.Close()
			}
		})
		defer hard.Stop()
	}
	s.running.Wait()
}

// names returns the names for which a certificate of the server is valid.
func (s *Server) names() []string { return []string{s.cfg.Name, "localhost", "127.0.0.1", "::1"} }

// tlsConfig returns the configuration for handshakes.
func (s *Server) tlsConfig() (*tls.Config, error) {
	s.certs.once.Do(func() {
		cfg := s.cfg.TLS.Clone()
		if cfg == nil {
			cfg = &tls.Config{ClientAuth: tls.RequestClientCert}
		}
		if len(cfg.Certificates) == 0 && cfg.GetCertificate == nil && cfg.GetConfigForClient == nil {
			cert, err := testca.Certificate(s.names()...)
			if err != nil {
				s.certs.err = fmt.Errorf("%s: certificate for %s: %w", s.protocol.Name, s.cfg.Name, err)
				return
			}
			cfg.Certificates = []tls.Certificate{*cert}
		}
		s.certs.cfg = cfg
	})
	return s.certs.cfg, s.certs.err
}

// ClientTLS returns a configuration with which a client can connect.
func (s *Server) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: testca.Pool(), ServerName: s.cfg.Name}
}
