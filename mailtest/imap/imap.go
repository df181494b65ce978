// Package imap is an IMAP server for tests of programs that fetch mail. It shows the mail that a server of package mailtest has
// captured, or that a test has put into a [mailstore.Memory]:
//
//	srv := mailtest.New(t)
//	im := imap.New(t, srv)
//	… send mail to bob@qq.com by srv.Addr() …
//	fetch(im.Addr(), "bob@qq.com", "any password")
//
// The name at login selects the account: "bob@qq.com" has the mail for that address, and "bob" the mail for bob in
// any domain. With [mailstore.All], each user has all mail. If the server of package mailtest has Users, they are
// also the users of this server; otherwise it accepts any password. Clients may flag, copy, move, delete and append
// messages, and see their changes. The messages that the Messages method and the waits of package mailtest return
// do not change.
//
// # The protocol
//
// The server speaks IMAP4rev1 and IMAP4rev2 (RFC 9051), through github.com/emersion/go-imap/v2, with IDLE, MOVE, UIDPLUS,
// ESEARCH, SEARCHRES, NAMESPACE, SPECIAL-USE, LIST-EXTENDED, LIST-STATUS, STATUS=SIZE, BINARY, LITERAL-, ENABLE,
// UNSELECT, CHILDREN, UTF8=ACCEPT, SASL-IR, APPENDLIMIT and ID. Part numbers, ENVELOPE and BODYSTRUCTURE come from the
// decoder of package mailtest. Encoded words and parameters in them are left for the client to decode, as other servers
// do. SEARCH takes a query in UTF-8, and looks for it in decoded text of any charset.
//
// It differs from other servers: it has no CONDSTORE, no QRESYNC and no \Recent flag, and sorts the parameters of a
// BODYSTRUCTURE by their names. A field with bytes beyond ASCII is in ENVELOPE and BODYSTRUCTURE in UTF-8, whatever its
// charset. A message/rfc822 part that is encoded, against RFC 2046 §5.2.1, is a leaf of type application/octet-stream, and so is
// one in the hundredth message inside another. [Server.Without] takes capabilities away.
//
// # Faults
//
// A [mailtest.Rule] makes the server misbehave. It acts at a stage of this package, or at Greeting, Handshake,
// StartTLS, Auth, AuthStep, Noop, Quit, Idle or Unknown of package mailtest. Session, turn, stage and rule have
// the meanings that they have there.
//
//	im.AddRules(
//		mailtest.Rule{At: imap.Login, Times: 1, Reply: "NO [UNAVAILABLE] Try again later"},
//		mailtest.Rule{At: imap.Fetch, Nth: 2, AfterBytes: 4096, Drop: mailtest.Reset},
//		mailtest.Rule{At: imap.Select, Command: "SELECT", Skip: 1, Lose: true},
//		mailtest.Rule{At: mailtest.Noop, Reply: "* BYE Maintenance", Drop: mailtest.Close},
//	)
//
// A line of a Reply gets the tag of the command, unless it begins with "* " or "+ ". Lose, at Select, gives the
// mailbox another UIDVALIDITY, and its messages new UIDs. At Fetch, Store, Copy and Move, it removes the messages
// that the command names before the server looks for them, as another client could do. AfterBytes counts the bytes
// of the reply. Command is the beginning of the line, with or without the tag.
package imap

// The server: its settings and its addresses. Package access has the parts that POP3 and IMAP share.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/sasl"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
	"github.com/seed078e9d8c/maillab/mailtest/internal/stage"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// The stages of an IMAP session that SMTP does not have.
const (
	Capability  mailtest.Stage = stage.Capability  // CAPABILITY, NAMESPACE and ID
	Login       mailtest.Stage = stage.Login       // LOGIN
	Enable      mailtest.Stage = stage.Enable      // ENABLE
	Select      mailtest.Stage = stage.Select      // SELECT, EXAMINE, CLOSE and UNSELECT
	Create      mailtest.Stage = stage.Create      // CREATE
	Delete      mailtest.Stage = stage.Delete      // DELETE
	Rename      mailtest.Stage = stage.Rename      // RENAME
	Subscribe   mailtest.Stage = stage.Subscribe   // SUBSCRIBE and UNSUBSCRIBE
	List        mailtest.Stage = stage.List        // LIST and LSUB
	Status      mailtest.Stage = stage.Status      // STATUS
	Append      mailtest.Stage = stage.Append      // APPEND
	IdleCommand mailtest.Stage = stage.IdleCommand // IDLE, and DONE
	Push        mailtest.Stage = stage.Push        // a push of the server during IDLE
	Expunge     mailtest.Stage = stage.Expunge     // EXPUNGE
	Search      mailtest.Stage = stage.Search      // SEARCH
	Fetch       mailtest.Stage = stage.Fetch       // FETCH
	Store       mailtest.Stage = stage.Store       // STORE
	Copy        mailtest.Stage = stage.Copy        // COPY
	Move        mailtest.Stage = stage.Move        // MOVE
)

// Server is an IMAP server for tests. [New] returns one that is closed at the end of its test. A Server whose
// Source is set is also ready to use. It starts when its address is first asked for. The fields may be set until
// then. All methods may be called from several goroutines at once.
//
// The server limits what a client may send: a command may have 64 KiB, a message in APPEND 64 MiB, and a session a thousand
// bad commands.
type Server struct {
	// Source has the mail. It is required.
	Source mailstore.Source

	// Name is the host name in the greeting and in the certificate. If empty, it is "localhost".
	Name string

	// Mechanisms are the SASL mechanisms to offer with AUTHENTICATE, by the names that [mailtest.Server] has. If nil, the
	// server offers all that work with the users.
	Mechanisms []string

	// Without are capabilities that the server does not have, such as "IDLE", "MOVE" or "UIDPLUS", for tests of clients that have
	// to do without. The server does not announce them, and does not know their commands. Without "UIDPLUS", "CHILDREN" or
	// "SPECIAL-USE", its replies do not have what these add to them. Without a capability that is a part of IMAP4rev2, the server
	// speaks IMAP4rev1 only. It still understands what extensions add to other commands. The first use of the server panics if one
	// of them is not a capability that it has.
	Without []string

	// StartTLS makes the server offer STARTTLS. It is off by default, because a client that does not trust the
	// certificate would fail.
	StartTLS bool

	// ImplicitTLS makes every connection begin with TLS, not only those to TLSAddr.
	// A client has a minute for the handshake.
	ImplicitTLS bool

	// TLS, if non-nil, is the configuration to use. If it has no certificate, it gets one of the test CA. If nil, the server uses
	// such a certificate, and requests a client certificate without requiring it.
	TLS *tls.Config

	// IdleTimeout is the time for which a client may be silent. Then the server says BYE and closes the connection
	// (RFC 9051 §5.4). If zero, it is 30 minutes; if negative, there is no limit.
	IdleTimeout time.Duration

	// Rules are standing rules: they describe what the server always does. The server tries them after those of AddRules,
	// and transcripts do not name them. The first use of the server panics if one of them makes no sense.
	Rules []mailtest.Rule

	once   sync.Once
	setUp  func()     // fix, once
	tb     testing.TB // of New, or nil
	store  mailstore.Store
	server *access.Server
	set    settings // the settings at the first use

	lacking []string // the capabilities that the server does not have, in capital letters
}

// New returns a server for the mail of src that is closed at the end of the test tb. If the test fails, the server
// writes its transcripts to the log of the test. New panics if src is nil.
func New(tb testing.TB, src mailstore.Source) *Server {
	tb.Helper()
	if src == nil {
		panic("imap: New: the source of the mail is nil")
	}
	s := &Server{Source: src, tb: tb}
	tb.Cleanup(func() {
		tb.Helper()
		s.use().Cleanup(s.setTooLate())
	})
	return s
}

// use fixes the settings, and returns the server that handles connections.
func (s *Server) use() *access.Server {
	s.once.Do(func() { s.setUp = sync.OnceFunc(s.fix) }) // which panics again if it has panicked
	s.setUp()
	return s.server
}

// fix fixes the settings. It panics if one of them makes no sense.
func (s *Server) fix() {
	if s.Source == nil {
		panic("imap: Server.Source is nil; it says which mail there is")
	}
	if err := sasl.Check(s.Mechanisms); err != nil {
		panic(fmt.Sprintf("imap: Mechanisms: %v", err))
	}
	var err error
	if s.lacking, err = without(s.Without); err != nil {
		panic(fmt.Sprintf("imap: Without: %v", err))
	}
	s.store, s.set = s.Source.Mailboxes(), s.settings()
	idle := s.IdleTimeout
	switch {
	case idle == 0:
		idle = 30 * time.Minute
	case idle < 0:
		idle = 0
	}
	p := protocol
	p.Serve = func(c *access.Conn) error { return s.serve(c) }
	s.server = access.New(s.tb, &p, access.Config{
		Name: s.Name, StartTLS: s.StartTLS, ImplicitTLS: s.ImplicitTLS, TLS: s.TLS, Rules: s.Rules, Idle: idle,
	})
}

// settings are the fields of a [Server], in a form that can be compared.
type settings struct {
	Name                       string
	StartTLS, ImplicitTLS      bool
	TLS                        *tls.Config
	Mechanisms, Without, Rules int // their numbers
	IdleTimeout                time.Duration
}

func (s *Server) settings() settings {
	return settings{s.Name, s.StartTLS, s.ImplicitTLS, s.TLS, len(s.Mechanisms), len(s.Without), len(s.Rules), s.IdleTimeout}
}

// setTooLate returns an error that names the first field that was set after the server was first used, or nil if
// there is none. It reads the fields, so only methods that the test calls may call it.
func (s *Server) setTooLate() error {
	s.use()
	now, then := reflect.ValueOf(s.settings()), reflect.ValueOf(s.set)
	for i := range then.NumField() {
		if !now.Field(i).Equal(then.Field(i)) {
			return fmt.Errorf("imap: %s was set after the server was first used", then.Type().Field(i).Name)
		}
	}
	return nil
}

// mustBeSettled panics if a field was set too late.
func (s *Server) mustBeSettled() {
	if err := s.setTooLate(); err != nil {
		panic(err)
	}
}

// Start makes the server listen on Addr. It need not be called: Addr starts the server too, and panics if Start would return
// an error.
func (s *Server) Start() error {
	_, err := s.use().Addr()
	return err
}

// Addr returns the address of the server, "127.0.0.1:port", or "[::1]:port" on a machine without IPv4. It starts the server if
// necessary. It panics if the server cannot listen, was closed before, or is inside a synctest bubble.
func (s *Server) Addr() string { return must(s.use().Addr()) }

// TLSAddr returns a second address of the server, where connections begin with TLS, as on port 993.
func (s *Server) TLSAddr() string { return must(s.use().TLSAddr()) }

func must(addr string, err error) string {
	if err != nil {
		panic(err)
	}
	return addr
}

// Host returns the host of Addr without the port.
func (s *Server) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port returns the port of Addr.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// Dial connects to the server in memory, also inside a synctest bubble. The connection behaves like one over TCP. Dial fails
// if ctx is already done, and does not use it otherwise. It also fails inside a bubble if the server was made outside.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) { return s.use().Dial(ctx) }

// Serve serves the connections of l until l fails, or until Close, which closes l and makes Serve return nil.
func (s *Server) Serve(l net.Listener) error { return s.use().Serve(l) }

// ServeConn serves the client at the other end of conn in the background. A *[tls.Conn] is treated like a connection to TLSAddr.
func (s *Server) ServeConn(conn net.Conn) error { return s.use().ServeConn(conn) }

// Close stops the server. It closes all listeners and connections, and waits until all goroutines of the server
// have ended, which takes less than a second. Sessions remain. It panics if a field was set after the server was
// first used, or if code of the test has panicked on a connection.
func (s *Server) Close() {
	s.use().Close()
	s.mustBeSettled()
}

// ClientTLS returns a configuration with which a client can connect: it trusts RootCAs, and expects the server's name at any
// address. The caller may change it.
func (s *Server) ClientTLS() *tls.Config { return s.use().ClientTLS() }

// RootCAs returns a pool with the certificate authority of this process, which has signed the certificates of all its servers.
func (s *Server) RootCAs() *x509.CertPool { return testca.Pool() }

// RootPEM returns the certificate authority of RootCAs as PEM, for programs that read what they trust from a file.
func (s *Server) RootPEM() []byte { return testca.RootPEM() }

// ParseRule reads a rule of a server of this package from a line of text, as [mailtest.Rule.UnmarshalText] reads a
// rule of an SMTP server.
func ParseRule(text []byte) (mailtest.Rule, error) { return protocol.ParseRule(text) }

// AddRules puts rules into force, after those that already are. It panics, saying why, if one of them makes no sense.
func (s *Server) AddRules(rules ...mailtest.Rule) {
	s.mustBeSettled()
	s.use().AddRules(rules...)
}

// RemoveRules takes the rules of AddRules out of force.
func (s *Server) RemoveRules() { s.use().RemoveRules() }

// Rule returns the rule of AddRules with the given number, as in [mailtest.Turn.Rule], and reports whether there is
// one that was not removed.
func (s *Server) Rule(number int) (rule mailtest.Rule, ok bool) { return s.use().Rule(number) }

// CheckRules returns an error that names the rules with [mailtest.Rule.Must] that have never acted, or nil if there are none. A
// server made by New calls it at the end of the test.
func (s *Server) CheckRules() error { return s.use().CheckRules() }

// Sessions returns the transcript of each connection so far, in the order in which they were accepted. Credentials
// are replaced by "***". Only the beginning of a long reply is kept, as a note says.
func (s *Server) Sessions() []*mailtest.Session { return s.use().Sessions() }

// Session returns the transcript so far of the connection with the given number, or nil if there is none.
func (s *Server) Session(number int) *mailtest.Session { return s.use().Session(number) }

// Notify makes the server send on c whenever Sessions has changed, until stop is called. It does not block: a channel with a
// buffer of one misses nothing.
func (s *Server) Notify(c chan<- struct{}) (stop func()) { return s.use().Notify(c) }

// LimitSessions bounds the transcripts that the server keeps, from now on: of more than most sessions, it forgets the oldest that
// have ended. Zero, the default, means that there is no bound.
func (s *Server) LimitSessions(most int) { s.use().LimitSessions(most) }

// Report returns the latest transcripts as text. A server made by New writes it to the log of a test that fails.
func (s *Server) Report() string { return s.use().Report() }
