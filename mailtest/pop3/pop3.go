// Package pop3 is a POP3 server for tests of programs that fetch mail, such as ticket systems and importers. It shows the mail
// that a server of package mailtest has captured, or that a test has put into a [mailstore.Memory]:
//
//	srv := mailtest.New(t)
//	pop := pop3.New(t, srv)
//	… send mail to bob@qq.com by srv.Addr() …
//	fetch(pop.Addr(), "bob@qq.com", "any password")
//
// The name at login selects the mailbox: "bob@qq.com" has the mail for that address, and "bob" the mail for bob in
// any domain. With [mailstore.All], each user has all mail. If the server of package mailtest has Users, they are
// also the users of this server; otherwise it accepts any password.
//
// A message that a client deletes is gone in later sessions. The Messages method and the waits of package
// mailtest still return it.
//
// # The protocol
//
// The server speaks RFC 1939 with all optional commands, and the extensions of RFC 2449 (CAPA, with PIPELINING,
// LOGIN-DELAY and EXPIRE), RFC 5034 (AUTH), RFC 2595 (STLS), RFC 3206 and RFC 6856 (UTF8). It has one language, and
// refuses LANG. Like most servers, it sends a message as it is, even if the header has UTF-8 and the client has not
// said UTF8. [Server.Without] takes capabilities away.
//
// A mailbox can be open in one session at a time. The server refuses others with [IN-USE], but waits a quarter of a
// second first, since the client of the open session may just have left, or up to five seconds if it has. Deletions take
// effect at QUIT.
//
// # Faults
//
// A [mailtest.Rule] makes the server misbehave. It acts at a stage of this package, or at Greeting, Handshake,
// StartTLS, Auth, AuthStep, Noop, Rset, Quit, Idle or Unknown of package mailtest. Session, turn, stage and rule
// have the meanings that they have there.
//
//	pop.AddRules(
//		mailtest.Rule{At: pop3.Pass, Times: 1, Reply: "-ERR [IN-USE] Mailbox is locked"},
//		mailtest.Rule{At: pop3.Retr, Nth: 2, AfterBytes: 4096, Drop: mailtest.Reset},
//		mailtest.Rule{At: pop3.Retr, Nth: 3, Lose: true},
//	)
//
// Lose, at Retr, Top or Dele, removes the message before the server looks for it, as another client could do. At
// Uidl, it gives all messages new unique-ids. AfterBytes counts the bytes of the reply. A positive Reply of several
// lines ends with "\n.".
package pop3

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

// The stages of a POP3 session that SMTP does not have.
const (
	User mailtest.Stage = stage.User // USER
	Pass mailtest.Stage = stage.Pass // PASS
	Apop mailtest.Stage = stage.Apop // APOP
	Capa mailtest.Stage = stage.Capa // CAPA
	Stat mailtest.Stage = stage.Stat // STAT
	List mailtest.Stage = stage.List // LIST
	Uidl mailtest.Stage = stage.Uidl // UIDL
	Retr mailtest.Stage = stage.Retr // RETR
	Top  mailtest.Stage = stage.Top  // TOP
	Dele mailtest.Stage = stage.Dele // DELE
	Utf8 mailtest.Stage = stage.Utf8 // UTF8
	Lang mailtest.Stage = stage.Lang // LANG
)

// Server is a POP3 server for tests. [New] returns one that is closed at the end of its test. A Server whose Source
// is set is also ready to use. It starts when its address is first asked for. The fields may be set until then. All
// methods may be called from several goroutines at once.
//
// The server limits what a client may send: a line may have 16 KiB, and a session a thousand commands that fail.
type Server struct {
	// Source has the mail. It is required.
	Source mailstore.Source

	// Name is the host name in the greeting and in the certificate. If empty, it is "localhost".
	Name string

	// Mechanisms are the SASL mechanisms to offer with AUTH, by the names that [mailtest.Server] has, and APOP. If nil, the
	// server offers all that work with the users.
	Mechanisms []string

	// Without are capabilities that the server does not have, for tests of clients that have to do without: any of CAPA,
	// PIPELINING, TOP, UIDL, USER and UTF8. The server does not announce them, and does not know their commands. The first use
	// of the server panics if there is another name.
	Without []string

	// StartTLS makes the server offer STLS (RFC 2595). It is off by default, because a client that does not trust the
	// certificate would fail.
	StartTLS bool

	// ImplicitTLS makes every connection begin with TLS, not only those to TLSAddr.
	// A client has a minute for the handshake.
	ImplicitTLS bool

	// TLS, if non-nil, is the configuration to use. If it has no certificate, it gets one of the test CA. If nil, the server uses
	// such a certificate, and requests a client certificate without requiring it.
	TLS *tls.Config

	// LoginDelay is the time that a client has to wait between two logins of a user (RFC 2449 §6.5). The server announces it, and
	// refuses a login that comes too early with [LOGIN-DELAY].
	LoginDelay time.Duration

	// Expire is the time for which the server keeps messages (RFC 2449 §6.7). It announces the time in days, and
	// removes older messages at a login. If zero, the server keeps messages forever. If negative, it removes a
	// message at the end of the session that has retrieved it.
	Expire time.Duration

	// IdleTimeout is the time for which a client may be silent. Then the server closes the connection, without
	// deleting anything (RFC 1939 §3). If zero, it is 10 minutes; if negative, there is no limit.
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

	mu     sync.Mutex
	locked map[string]held      // for each user with a session
	logins map[string]time.Time // the time of the last login of a user
}

// New returns a server for the mail of src that is closed at the end of the test tb. If the test fails, the server
// writes its transcripts to the log of the test. New panics if src is nil.
func New(tb testing.TB, src mailstore.Source) *Server {
	tb.Helper()
	if src == nil {
		panic("pop3: New: the source of the mail is nil")
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
		panic("pop3: Server.Source is nil; it says which mail there is")
	}
	if err := sasl.Check(s.Mechanisms, "APOP"); err != nil {
		panic(fmt.Sprintf("pop3: Mechanisms: %v", err))
	}
	if err := checkWithout(s.Without); err != nil {
		panic(fmt.Sprintf("pop3: Without: %v", err))
	}
	s.store, s.set = s.Source.Mailboxes(), s.settings()
	idle := s.IdleTimeout
	switch {
	case idle == 0:
		idle = 10 * time.Minute
	case idle < 0:
		idle = 0
	}
	p := protocol
	p.Serve = func(c *access.Conn) error { return newSession(s, c).serve() }
	s.server = access.New(s.tb, &p, access.Config{
		Name: s.Name, StartTLS: s.StartTLS, ImplicitTLS: s.ImplicitTLS, TLS: s.TLS, Rules: s.Rules, Idle: idle,
	})
	s.locked, s.logins = make(map[string]held), make(map[string]time.Time)
}

// settings are the fields of a [Server], in a form that can be compared.
type settings struct {
	Name                            string
	StartTLS, ImplicitTLS           bool
	TLS                             *tls.Config
	Mechanisms, Without, Rules      int // their numbers
	LoginDelay, Expire, IdleTimeout time.Duration
}

func (s *Server) settings() settings {
	return settings{s.Name, s.StartTLS, s.ImplicitTLS, s.TLS, len(s.Mechanisms), len(s.Without), len(s.Rules), s.LoginDelay, s.Expire, s.IdleTimeout}
}

// setTooLate returns an error that names the first field that was set after the server was first used, or nil if
// there is none. It reads the fields, so only methods that the test calls may call it.
func (s *Server) setTooLate() error {
	s.use()
	now, then := reflect.ValueOf(s.settings()), reflect.ValueOf(s.set)
	for i := range then.NumField() {
		if !now.Field(i).Equal(then.Field(i)) {
			return fmt.Errorf("pop3: %s was set after the server was first used", then.Type().Field(i).Name)
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

// TLSAddr returns a second address of the server, where connections begin with TLS, as on port 995.
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
