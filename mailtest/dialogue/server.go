package dialogue

// The server: scripts on a port, or in memory.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/testca"
)

// Server plays the server's part of its scripts, one on each connection, in order. A zero Server
// with Scripts set is ready to use. All methods may be called from several goroutines at once.
type Server struct {
	// Scripts are the scripts of the server. They must not be changed after the first use.
	Scripts []string

	// TLS is the configuration for "c !! starttls". Nil means a certificate for localhost,
	// 127.0.0.1 and ::1, which [Server.ClientTLS] trusts.
	TLS *tls.Config

	// Exact and Patience are as in [Player].
	Exact    bool
	Patience time.Duration

	mu        sync.Mutex
	memory    net.Listener
	dial      func(ctx context.Context, from net.Addr) (net.Conn, error) // of memory
	port      net.Listener
	conns     map[net.Conn]bool // being played
	next      int               // script
	errs      []error
	closed    bool
	closing   chan struct{}  // closed when no pause is to be waited for any more
	accepting sync.WaitGroup // the server's own listeners
	playing   sync.WaitGroup
}

// grace is the time for which Close waits for clients that are about to send QUIT.
const grace = 250 * time.Millisecond

// NewServer starts a server for a test. At the end of the test the server is closed, and the error
// of [Server.Close], if any, becomes an error of the test. A server without scripts is for a test in
// which nobody may connect: each connection is an error.
func NewServer(tb testing.TB, scripts ...string) *Server {
	tb.Helper()
	s := &Server{Scripts: scripts}
	for i, script := range scripts {
		if _, err := parse(script); err != nil {
			tb.Fatalf("script %d: %v", i+1, err)
		}
	}
	tb.Cleanup(func() {
		tb.Helper()
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Addr returns the address of the server, as "127.0.0.1:port". The first call opens the port. Addr
// panics if that fails or if the server is closed.
func (s *Server) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.port == nil {
		if s.closed {
			panic("dialogue: the server is closed")
		}
		l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			panic(fmt.Sprintf("dialogue: %v", err))
		}
		s.port = l
		s.accept(l)
	}
	return s.port.Addr().String()
}

// Dial connects to the server in memory. It has the signature of a DialContext and ignores network
// and address. It works inside a synctest bubble if the server was made there.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	if s.memory == nil {
		l := memnet.Listen(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25})
		if s.closed {
			l.Close()
		} else {
			s.accept(l)
		}
		s.memory, s.dial = l, l.Dial
	}
	dial := s.dial
	s.mu.Unlock()
	return dial(ctx, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000})
}

// Serve plays the scripts on the connections of a listener, such as a port of a simulated host,
// until Accept fails, and returns the error of Accept.
func (s *Server) Serve(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		s.begin(conn)
	}
}

// accept serves a listener of the server's own. The server is locked.
func (s *Server) accept(l net.Listener) { s.accepting.Go(func() { s.Serve(l) }) }

// ClientTLS returns a configuration for clients of a server whose TLS is nil: it trusts the
// server's certificate and expects the name localhost.
func (s *Server) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: testca.Pool(), ServerName: "localhost"}
}

// begin plays the next script on a connection.
func (s *Server) begin(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.next
	if s.closed {
		conn.Close()
		return
	}
	s.next++
	if i >= len(s.Scripts) {
		s.errs = append(s.errs, fmt.Errorf("dialogue: connection %d from %v, and there are %d scripts", i+1, conn.RemoteAddr(), len(s.Scripts)))
		conn.Close()
		return
	}
	if s.conns == nil {
		s.conns, s.closing = make(map[net.Conn]bool), make(chan struct{})
	}
	s.conns[conn] = true
	s.playing.Go(func() {
		err := s.play(conn, s.Scripts[i])
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
		if err != nil {
			s.errs = append(s.errs, fmt.Errorf("script %d: %w", i+1, err))
		}
	})
}

func (s *Server) play(conn net.Conn, script string) error {
	cfg := s.TLS
	if cfg == nil {
		cert, err := testca.Certificate("localhost", "127.0.0.1", "::1")
		if err != nil {
			conn.Close()
			return err
		}
		cfg = &tls.Config{Certificates: []tls.Certificate{*cert}}
	}
	return (&Player{Conn: conn, TLS: cfg, Exact: s.Exact, Patience: s.Patience, closing: s.closing}).Serve(script)
}

// Close closes the server. Connections that clients do not end themselves within 250 milliseconds
// are cut off. The error joins everything that failed, on any connection, and names the scripts
// that were not played.
func (s *Server) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	for _, l := range []net.Listener{s.memory, s.port} {
		if l != nil {
			l.Close()
		}
	}
	s.mu.Unlock()
	s.accepting.Wait()
	if first {
		s.cut()
	}
	s.playing.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := s.next; first && i < len(s.Scripts); i++ {
		s.errs = append(s.errs, fmt.Errorf("dialogue: script %d was not played: the number of connections was %d", i+1, s.next))
	}
	return errors.Join(s.errs...)
}

// cut ends the connections that do not end by themselves.
func (s *Server) cut() {
	ended := make(chan struct{})
	go func() {
		s.playing.Wait()
		close(ended)
	}()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		s.mu.Lock()
		close(s.closing)
		for conn := range s.conns {
			conn.Close()
		}
		s.mu.Unlock()
		<-ended
	}
}
