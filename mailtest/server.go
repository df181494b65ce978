package mailtest

// The server: its settings, its start and its end.

import (
	"crypto/tls"
	"errors"
	"log"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// Server is a real SMTP server for tests. It accepts what a lenient server would, keeps every message,
// records a transcript of every session, and misbehaves where a [Rule] says so.
//
// The zero value is ready to use, and starts when its address is first asked for. [New] returns a server
// that is closed at the end of its test, and that reports what it saw if the test fails. The fields may be set
// until the server is first used; a call of AddRules is not a use. All methods may be called from several
// goroutines at once, except that those with a [testing.TB] belong to the goroutine of the test.
//
// The server limits what a client may send. A line may have 16 KiB, and a session a thousand bad commands.
// From one accepted message to the next, a session may have 16 MiB of commands and replies, and 16 MiB plus
// twice MaxSize of content that the server refuses. A client that sends more receives 421, and the
// connection ends. A client has a minute for a TLS handshake before the greeting.
//
// # Addresses
//
// [Server.Addr] is an address on the loopback interface, with a port that was free; the server never listens
// elsewhere. [Server.TLSAddr] is a second address, where connections begin with TLS. [Server.Dial] connects in
// memory, without a socket, and so does package mxmock. [Server.Serve] and [Server.ServeConn] serve a
// listener or a connection that the caller provides.
//
// # Inside a synctest bubble
//
// A server that was made inside a bubble works there in virtual time. It has no address there, because a
// goroutine that waits for a real socket would stop the clock of the bubble: clients connect in memory. A server
// that was made outside must not be used inside; there Dial fails, and a wait ends the test.
//
// # Mistakes in the test
//
// A field that is set after the server was first used has no effect, and the next call from the test says
// so. If the call has a [testing.TB], or [New] made the server, the test ends by Fatal; otherwise the call
// panics. The end of the test and [Server.Close] check as well. [Server.Dial], [Server.Serve],
// [Server.ServeConn], and the methods that return messages or sessions at once do not check, because the
// code under test may call them.
//
// A panic in a function of the test, such as [Rule.When], Reword or Watch, resets the connection. A server made
// by New reports the panic and its stack as an error of the test, and a wait in progress ends at once. For
// other servers, the next wait ends its test with the panic. A call without a testing.TB panics itself; Close
// does so after everything is closed. A function of the test must unlock a thread that it has locked with
// [runtime.LockOSThread]; otherwise the Go runtime ends the process.
//
// # Messages
//
// The embedded [Inbox] holds the messages, and has the methods that wait for them.
type Server struct {
	// Inbox holds the messages of this server.
	Inbox

	// The fields below may be set until the server is first used.

	// Name is the host name in the greeting, in the EHLO reply and in the certificate.
	// If empty, it is "localhost".
	Name string

	// Users maps names to passwords, or to tokens for XOAUTH2 and OAUTHBEARER. If there are any, the server
	// accepts mail only after AUTH: it refuses MAIL with 530, and wrong credentials with 535 (RFC 4954 §6).
	// If nil, the server offers AUTH, accepts any credentials, and does not require AUTH.
	Users map[string]string

	// Mechanisms are the SASL mechanisms to offer: any of PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, XOAUTH2 and
	// OAUTHBEARER. The first use of the server panics if there is another name. If nil, the server offers all of
	// them. If empty but not nil, it does not offer AUTH. SCRAM-SHA-256 is not offered if Users is nil, because the
	// server has to know the password.
	Mechanisms []string

	// StartTLS makes the server offer STARTTLS (RFC 3207). It is off by default, because a client that
	// does not trust the certificate would fail. With it, a client needs [Server.ClientTLS] or
	// [Server.RootCAs].
	StartTLS bool

	// ImplicitTLS makes every connection begin with TLS (RFC 8314), not only those to TLSAddr.
	ImplicitTLS bool

	// TLS, if non-nil, is the configuration to use. The server clones it. If it has no certificate, it gets
	// one of the test CA for Name, localhost, 127.0.0.1 and ::1. If nil, the server uses such a certificate,
	// and requests a client certificate without requiring it.
	TLS *tls.Config

	// MaxSize is the maximum size of a message in bytes, which SIZE announces (RFC 1870).
	// If zero, it is 64 MiB.
	MaxSize int64

	// MaxRecipients is the maximum number of recipients of a message. The server refuses further
	// recipients with 452 (RFC 5321 §4.5.3.1.10), and announces the number as LIMITS RCPTMAX (RFC 9422).
	// If zero, it is 10,000 and not announced.
	MaxRecipients int

	// LMTP makes the server speak LMTP (RFC 2033): LHLO takes the place of EHLO, and there is a reply for
	// each recipient after a message. A rule at Dot decides for each recipient separately, and the message is
	// kept with those that were accepted.
	LMTP bool

	// ProxyProtocol makes every connection begin with a PROXY header, version 1 or 2, as load balancers send
	// it. Rules and envelopes have the client that the header names.
	ProxyProtocol bool

	// XClient makes the server offer the extension XCLIENT of Postfix, by which any client may claim to be another.
	XClient bool

	// BareLF is how the server treats an LF without CR in a message after DATA. The transcript
	// notes such bytes in any case.
	BareLF BareLF

	// Rules are standing rules: they describe what the server always does. The server tries them after those
	// of [Server.AddRules], Reset keeps them, and transcripts do not name them. [Rule.Must] holds for them
	// too. The first use of the server panics if one of them makes no sense.
	Rules []Rule

	// Reword, if non-nil, returns other words for the server's own replies. Its argument and its result are
	// written as [Rule.Reply] is. It cannot change what a reply means: a 2xx or 3xx reply keeps its first
	// digit, and a refusal stays a refusal; any other result is ignored. For an AUTH that failed,
	// Attempt.User is the name that the client has claimed. Reword may be called from several goroutines at
	// once, and must not use the server.
	Reword func(a *Attempt, reply string) string

	// Collect, if non-nil, is another inbox that also receives the messages. Several servers can share it.
	Collect *Inbox

	// Watch, if non-nil, is called after each turn of each connection, when the turn is in the transcript and
	// before the client can read the reply. Its arguments are the number of the session and the index of the
	// turn in [Session.Turns], which counts the turns that LimitSessions has forgotten. Connections call it
	// concurrently, and each waits until it returns.
	Watch func(session, turn int)

	setup sync.Once
	used  atomic.Bool            // setup is done
	named atomic.Pointer[string] // Name, if ClientTLS has used it before setup
	set   settings               // the settings at that time
	wire  wire.Config            // of connections to Addr
	certs struct {
		own  *tls.Config // a copy of TLS
		once sync.Once
		cfg  *tls.Config
		err  error
	}

	standing ruleBook // of Rules
	rules    ruleBook // of AddRules
	refusals refusals
	tb       testing.TB // of New, or nil

	state struct {
		sync.Mutex
		plain, tls   endpoint // of Addr and TLSAddr
		listeners    []listening
		lastNumber   int               // of a listener
		sessions     []*session        // all that are not forgotten
		live         map[*session]bool // those whose connection is not closed
		last         int               // number of the last session
		reset        int               // number of the last session when Reset was called
		trimmed      int               // greatest number of a session that LimitSessions has forgotten
		mostSessions atomic.Int64      // the number to keep, or 0; written under the lock
		open         int               // the number of live connections that no rule has ended
		dialled      int               // connections made by Dial
		probes       map[string]bool   // the client addresses of connections of passBacklog
		suspended    bool              // Suspend was called, and Resume was not
		closed       bool              // Close was called
		ended        bool              // Close has ended everything, so no message can come any more
	}
	running sync.WaitGroup // accept loops and connections
}

// New returns a server that is closed at the end of the test tb. The test fails if a rule with [Rule.Must]
// never acted. If the test fails, the server writes what it saw to the log of the test, once; otherwise it is
// silent. The server starts to listen when its address is first asked for.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	s.made = bubble.Of(tb)
	tb.Cleanup(func() {
		tb.Helper()
		if tb.Failed() {
			artifact.Hold(tb, s)
		}
		s.close()
		if err := errors.Join(s.setTooLate(), s.CheckRules()); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Log(s.Report())
			if place := artifact.Write(tb, s, s.artifacts()); place != "" {
				tb.Log("mailtest: " + place)
			}
		}
	})
	return s
}

// Start makes the server listen on [Server.Addr]. It need not be called: Addr starts the server too, and panics
// if Start would return an error. A second call does nothing. The error is that of [net.Listen], or says that
// the server is closed or that it is inside a synctest bubble.
func (s *Server) Start() error {
	_, err := s.listen(&s.state.plain, &s.wire)
	if err == nil && s.hasEnded() {
		err = errClosed
	}
	return err
}

// Close stops the server. It closes all listeners and connections, and waits until all goroutines of the server
// have ended, which takes less than a second, whatever the clients do. A client that received 250 for a message
// less than 250 ms ago may still say QUIT, or RSET and NOOP before it, and receives 221. Any other client
// receives 421 at once, before its connection ends (RFC 5321 §3.8). That 421 is in [Session.Ending]; it is not
// a turn, and rules do not see it. Messages and sessions remain. A second call does nothing.
//
// After that, Close panics if the test has made a mistake that was not reported yet; see [Server].
func (s *Server) Close() {
	fresh := s.prepare()
	s.close()
	s.Inbox.mu.Lock()
	crash := s.Inbox.crash
	s.Inbox.mu.Unlock()
	crash.mustBeKnown()
	if !fresh {
		s.mustBeSettled()
	}
}

// close is Close without the report of mistakes in the test.
func (s *Server) close() {
	s.prepare()
	s.state.Lock()
	s.state.closed = true
	var some [4]listening // without an allocation
	listeners := append(some[:0], s.state.listeners...)
	live := s.liveConns()
	s.state.Unlock()
	for _, l := range listeners {
		if v := l.close(); v != nil {
			defer panic(v) // when all is done
		}
	}
	busy := len(live)+len(listeners) > 0
	for _, c := range live {
		c.Stop()
	}
	if len(live) > 0 {
		hard := time.AfterFunc(closePatience, func() {
			for _, c := range live {
				c.Shut()
			}
		})
		defer hard.Stop()
	}
	if busy {
		stuck := time.AfterFunc(5*time.Second, s.logStuck)
		defer stuck.Stop()
	}
	s.running.Wait()
	s.state.Lock()
	s.state.ended = true
	s.state.Unlock()
	s.Inbox.Close()
}

// closePatience is the time for which Close waits for connections to end in an orderly way.
const closePatience = 2 * wire.Grace

// logStuck writes to the log what a Close that hangs is waiting for.
func (s *Server) logStuck() {
	s.state.Lock()
	defer s.state.Unlock()
	log.Printf("mailtest: Close of server %s waits for %s and for Accept of %s", s.name(),
		count(len(s.state.live), "connection"), count(len(s.state.listeners), "listener"))
	for ss := range s.state.live {
		log.Print(ss.latest(tellingTurns).summary())
	}
}

// hasEnded reports whether Close has ended everything.
func (s *Server) hasEnded() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.state.ended
}

// Mailboxes is [Inbox.Mailboxes] of this server. Its users are those of [Server.Users], with the same passwords.
func (s *Server) Mailboxes() mailstore.Store {
	s.prepare()
	return s.Inbox.mailboxes(s.set.Users)
}

// Reset makes the server forget the messages, the sessions that have ended, and the rules that were added. Open
// connections continue, and so does the numbering: no session or message gets the number of an earlier one.
func (s *Server) Reset() {
	s.mustBeSettled()
	s.Inbox.Reset()
	s.rules.Clear()
	s.state.Lock()
	defer s.state.Unlock()
	s.state.sessions = slices.DeleteFunc(slices.Clone(s.state.sessions), func(ss *session) bool { return ss.ended })
	s.state.reset = s.state.last
	s.refusals.forget()
	s.changed()
}
