package main

// The SMTP servers that are measured: ours and its alternatives.

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	smtpmock "github.com/mocktools/go-smtp-mock/v2"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// smtpServer is a running server that stores the messages that it receives.
type smtpServer interface {
	Addr() string
	Stop()

	// Count returns the number of stored messages. See reports whether the only message is there and has the right
	// subject.
	Count() int
	See(subject string) bool
}

// smtpPeers returns the servers that are measured, with their names.
func smtpPeers() []struct {
	name  string
	start func(testing.TB) smtpServer
} {
	return []struct {
		name  string
		start func(testing.TB) smtpServer
	}{
		{"ours", startOurs},
		{"rawnet", startRaw},
		{"gosmtp", startGoSMTP},
		{"smtpmock", startMock},
	}
}

// ours is mailtest.Server, which records everything, as always.
type ours struct{ *mailtest.Server }

func startOurs(tb testing.TB) smtpServer {
	s := ours{new(mailtest.Server)}
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s ours) Stop() { s.Close() }

// Count returns the number of messages without decoding them.
func (s ours) Count() int {
	n := 0
	for _, session := range s.SessionSummaries() {
		n += session.MessageCount
	}
	return n
}

func (s ours) See(subject string) bool {
	m, err := s.NextContext(context.Background())
	return err == nil && m.Subject == subject
}

// store keeps the messages of a peer.
type store struct {
	mu       sync.Mutex
	messages [][]byte
}

func (s *store) add(m []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
}

func (s *store) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

func (s *store) See(subject string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages) == 1 && bytes.Contains(s.messages[0], []byte("\nSubject: "+subject+"\r\n"))
}

// open holds the connections that a server has to close.
type open struct {
	mu      sync.Mutex
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

// serve accepts connections and gives each to handle, in a goroutine of its own.
func (o *open) serve(l net.Listener, handle func(net.Conn)) {
	o.conns = make(map[net.Conn]bool)
	o.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			o.mu.Lock()
			o.conns[conn] = true
			o.mu.Unlock()
			o.running.Go(func() {
				handle(conn)
				conn.Close()
				o.mu.Lock()
				delete(o.conns, conn)
				o.mu.Unlock()
			})
		}
	})
}

// stop closes everything and waits.
func (o *open) stop(l net.Listener) {
	l.Close()
	o.mu.Lock()
	for conn := range o.conns {
		conn.Close()
	}
	o.mu.Unlock()
	o.running.Wait()
}

// raw is the floor for a Go process: it answers lines by their first byte, parses nothing, and stores bytes.
type raw struct {
	store
	open
	l net.Listener
}

func listen(tb testing.TB) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func startRaw(tb testing.TB) smtpServer {
	s := &raw{l: listen(tb)}
	s.serve(s.l, s.handle)
	return s
}

func (s *raw) Addr() string { return s.l.Addr().String() }
func (s *raw) Stop()        { s.stop(s.l) }

func (s *raw) handle(conn net.Conn) {
	conn.Write([]byte("220 raw\r\n"))
	in := bufio.NewReader(conn)
	var body []byte
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return
		}
		switch line[0] {
		case 'D':
			conn.Write([]byte("354 go\r\n"))
			if body, err = readBody(in, conn, body[:0]); err != nil {
				return
			}
			s.add(bytes.Clone(body))
			conn.Write([]byte("250 ok\r\n"))
		case 'Q':
			conn.Write([]byte("221 bye\r\n"))
			return
		default:
			conn.Write([]byte("250 ok\r\n"))
		}
	}
}

// readBody reads up to the final dot, in bulk, from a client that waits for the answer to it.
func readBody(in *bufio.Reader, conn net.Conn, body []byte) ([]byte, error) {
	p, _ := in.Peek(in.Buffered())
	body = append(body, p...)
	in.Discard(len(p))
	for !bytes.HasSuffix(body, []byte("\r\n.\r\n")) {
		if cap(body)-len(body) < 64<<10 {
			body = append(body, make([]byte, max(64<<10, len(body)))...)[:len(body)]
		}
		n, err := conn.Read(body[len(body):cap(body)])
		if err != nil {
			return body, err
		}
		body = body[:len(body)+n]
	}
	return body[:len(body)-3], nil
}

// goSMTP is a go-smtp server as in its README, with a backend that stores bytes.
type goSMTP struct {
	store
	server *smtp.Server
	l      net.Listener
	done   chan struct{}
}

func startGoSMTP(tb testing.TB) smtpServer {
	s := newGoSMTP()
	s.l = listen(tb)
	go func() {
		defer close(s.done)
		s.server.Serve(s.l)
	}()
	return s
}

func newGoSMTP() *goSMTP {
	s := &goSMTP{done: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &storeSession{store: &s.store}, nil }))
	s.server.Domain = "localhost"
	s.server.AllowInsecureAuth = true
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	return s
}

func (s *goSMTP) Addr() string { return s.l.Addr().String() }

func (s *goSMTP) Stop() {
	s.l.Close()
	<-s.done // Close would hang if Serve had not begun
	s.server.Close()
}

// storeSession is the session of goSMTP.
type storeSession struct{ store *store }

func (s *storeSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *storeSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *storeSession) Reset()                               {}
func (s *storeSession) Logout() error                        { return nil }

func (s *storeSession) Data(r io.Reader) error {
	m, err := io.ReadAll(r)
	if err == nil {
		s.store.add(m)
	}
	return err
}

// mock is go-smtp-mock, configured to keep all messages of a connection and all their recipients.
type mock struct{ *smtpmock.Server }

func startMock(tb testing.TB) smtpServer {
	s := mock{smtpmock.New(smtpmock.ConfigurationAttr{
		HostAddress: "127.0.0.1", MultipleMessageReceiving: true, MultipleRcptto: true, MsgSizeLimit: 64 << 20,
		ShutdownTimeout: 1,
	})}
	if err := s.Start(); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s mock) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.PortNumber()) }
func (s mock) Stop()        { s.Server.Stop() }

// Count returns the number of messages. go-smtp-mock also has a message for each connection, which does not count.
func (s mock) Count() int {
	n := 0
	for _, m := range s.Messages() {
		if m.IsConsistent() {
			n++
		}
	}
	return n
}

func (s mock) See(subject string) bool {
	all, err := s.WaitForMessages(1, 10*time.Second)
	return err == nil && len(all) == 1 && strings.Contains(all[0].MsgRequest(), "\nSubject: "+subject+"\r\n")
}
