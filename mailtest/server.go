package mailtest

// The server: its settings, its addresses, its life.

import (
	"crypto/tls"
	"errors"
	"log"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Server is a real SMTP server for tests. It accepts what a lenient server would, keeps every
// message, remembers every dialogue, and goes wrong where a [Rule] says so.
//
// The zero value is ready to use. It starts by itself when an address is first asked for; [New]
// makes one that ends with its test and reports what it saw if the test fails. The fields are free
// to change until the server is first used, other than by AddRules; see below for one that is set
// later. All methods may be called from several goroutines at once, those with a [testing.TB]
// only from the test's own.
//
// The server takes lines of 16 KiB and a thousand bad commands. From one accepted message to the next it
// takes 16 MiB of commands and replies, and 16 MiB and twice MaxSize of content that it refuses. A client that
// sends more hears 421, and the connection ends.
//
// # Addresses
//
// [Server.Addr] is an address on the loopback interface with a port that was free; nothing ever listens
// elsewhere. [Server.TLSAddr] is a second one where TLS comes before the first word. [Server.Dial]
// connects in memory, without any socket, and so does package mxmock. [Server.Serve] and
// [Server.ServeConn] serve a listener or a connection of the caller's own.
//
// # Inside a synctest bubble
//
// A server that was made inside a bubble works there in virtual time, as long as it is reached in
// memory: a goroutine in a real socket's Accept would stop the bubble's clock. A server that was
// made outside must not be used inside: the waits notice that and end the test.
//
// # Mistakes in the test
//
// A field that is set after the server was first used has no effect, and the next call tells the
// test: a wait with a [testing.TB] and a server made by [New] end it by Fatal, any other server
// panics. At the latest, the end of the test or [Server.Close] tells it. [Server.Dial],
// [Server.Serve], [Server.ServeConn] and what returns messages or sessions at once, which the code
// under test may call as well, don't look.
//
// A panic in a func of the test's own, such as [Rule.When], Reword or Watch, resets the connection.
// A server made by New reports it as an error of its test, with the stack; a wait that is going on
// ends at once. Otherwise the next wait ends its test with it, or panics where it knows of no test,
// as Close does, after everything is closed.
//
// # Messages
//
// The embedded [Inbox] has the messages and the waits for them.
type Server struct {
	// Inbox holds the messages of this server.
	Inbox

	// The fields below may be set until the server is first used.

	// Name is the host name in the greeting, in the EHLO reply and in the certificate.
	// Empty means "localhost".
	Name string

	// Users are the names and passwords (for XOAUTH2 and OAUTHBEARER: the tokens) that AUTH knows. If
	// there are any, mail is taken only after AUTH: MAIL is refused with 530, wrong credentials with
	// 535 (RFC 4954 §6). Nil means that AUTH is offered, not required, and takes any credentials.
	Users map[string]string

	// Mechanisms are the SASL mechanisms to offer, out of PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256,
	// XOAUTH2 and OAUTHBEARER. Nil means all that work with Users (SCRAM-SHA-256 needs a password to
	// compare with); an empty slice offers no AUTH at all. Names of others are left out.
	Mechanisms []string

	// StartTLS offers STARTTLS (RFC 3207). It is off by default, since a client that trusts nobody
	// would fail then; with it, a client needs [Server.ClientTLS] or [Server.RootCAs].
	StartTLS bool

	// ImplicitTLS makes every connection begin with TLS (RFC 8314), not only those to TLSAddr.
	ImplicitTLS bool

	// TLS is a configuration of the caller's own. If it has no certificate, it gets one of the test
	// CA for Name, localhost, 127.0.0.1 and ::1. Nil means such a certificate and client certificates
	// requested, but not required. It is cloned.
	TLS *tls.Config

	// MaxSize is the most bytes of a message that are taken, as announced by SIZE (RFC 1870).
	// Zero means 64 MiB.
	MaxSize int64

	// MaxRecipients is the most recipients of one message; more get 452 (RFC 5321 §4.5.3.1.10).
	// Zero means 10,000, which is not announced; any other value is, as LIMITS RCPTMAX (RFC 9422).
	MaxRecipients int

	// LMTP makes the server speak LMTP (RFC 2033): LHLO in place of EHLO, and after a message a
	// reply for each recipient. A rule at Dot then decides for each recipient apart, and the
	// message is kept with those who were accepted.
	LMTP bool

	// ProxyProtocol makes every connection begin with a PROXY header, version 1 or 2, as load
	// balancers send it. The client that it names is the client for rules and in envelopes.
	ProxyProtocol bool

	// XClient offers the extension XCLIENT of Postfix, by which anybody may say to be another client.
	XClient bool

	// BareLF says what becomes of a LF without CR in a message after DATA. Whatever it says, such bytes are
	// recorded in the transcript.
	BareLF BareLF

	// Rules are standing rules: what the server always does. They are tried after those of
	// [Server.AddRules]; Reset does not take them away, and transcripts do not name them; [Rule.Must] holds for them too. One that makes no sense panics when the
	// server is first used.
	Rules []Rule

	// Reword, if not nil, puts the server's own replies into other words. It is given a reply as
	// [Rule.Reply] has it, and returns the one to send, the same if it has no other words. It can't
	// change what the reply means: of 2xx and 3xx the first digit stays, and a refusal stays one;
	// what does not is ignored. With a failed AUTH, Attempt.User is who the client has claimed to
	// be. It may be called from several goroutines at once, and must not use the server.
	Reword func(a *Attempt, reply string) string

	// Collect, if not nil, is a further inbox for the messages, that several servers can share.
	Collect *Inbox

	// Watch, if not nil, is called after each turn of each connection: when it is in the
	// transcript, and before the client can read the reply. It is told the number of the session
	// and the index of the turn in [Session.Turns]. Connections call it concurrently, and wait
	// until it returns.
	Watch func(session, turn int)

	setup   sync.Once
	used    atomic.Bool            // setup is done
	named   atomic.Pointer[string] // Name, where ClientTLS has given it away before that
	set     settings               // as they were then
	wire    wire.Config            // of connections in the clear
	wireTLS wire.Config            // of connections with implicit TLS
	certs   struct {
		own  *tls.Config // a copy of TLS
		once sync.Once
		cfg  *tls.Config
		err  error
	}

	standing ruleBook // of Rules
	refusals refusals
	tb       testing.TB // of New; or nil

	state struct {
		sync.Mutex
		plain, tls endpoint // of Addr and TLSAddr
		listeners  []listening
		lastNumber int        // of a listener
		sessions   []*session // all, the live ones too
		last       int        // number of the last session
		open       int        // how many connections are live and were not ended by a rule
		dialled    int        // connections made by Dial
		rules      ruleBook
		suspended  bool // Suspend was called, and Resume was not
		closed     bool // Close was called
		ended      bool // and has ended everything: no message can come any more
	}
	running sync.WaitGroup // accept loops and connections
}

// New returns a server that is closed at the end of the test tb. The test fails if a rule with
// [Rule.Must] never acted. If the test fails, the server writes to its log what it saw, once;
// otherwise it is silent. The server listens when an address is first asked for.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	s.made = bubble.Of(tb)
	tb.Cleanup(func() {
		tb.Helper()
		s.close()
		if err := errors.Join(s.setTooLate(), s.CheckRules()); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Log(s.Report())
			if place := artifact.Write(tb, s.artifacts()); place != "" {
				tb.Log("mailtest: " + place)
			}
		}
	})
	return s
}

// Start makes the server listen on [Server.Addr]. It need not be called: Addr does it too, and panics
// where Start returns an error. A second call does nothing. The error is that of [net.Listen], or says
// that the server is closed.
func (s *Server) Start() error {
	_, err := s.listen(&s.state.plain, &s.wire)
	if err == nil && s.hasEnded() {
		err = errClosed
	}
	return err
}

// Close stops the server: it closes all listeners and connections, and waits until all goroutines of
// the server have ended, for less than a second whatever their clients do. A client that was told 250
// for a message less than 250 ms ago may still say QUIT, also after RSET and NOOP, and hears 221. Any other
// client hears 421 at once, before its connection ends (RFC 5321 §3.8). That 421 is in [Session.Ending]; it is
// not a turn, and rules do not see it. Messages and sessions stay. A second call does nothing.
//
// Close panics, when all that is done, if the test has made a mistake that nobody has told it, see
// [Server].
func (s *Server) Close() {
	s.close()
	s.Inbox.mu.Lock()
	crash := s.Inbox.crash
	s.Inbox.mu.Unlock()
	crash.mustBeKnown()
	s.mustBeSettled()
}

// close is Close without a word about what the test has done wrong.
func (s *Server) close() {
	s.prepare()
	s.state.Lock()
	s.state.closed = true
	var some [4]listening // without an allocation
	listeners := append(some[:0], s.state.listeners...)
	var live []*wire.Conn
	for _, ss := range s.live() {
		live = append(live, ss.conn)
	}
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

// closePatience is how long Close waits for connections to end in an orderly way.
const closePatience = 2 * wire.Grace

// logStuck says what a Close that hangs is waiting for.
func (s *Server) logStuck() {
	s.state.Lock()
	defer s.state.Unlock()
	live := s.live()
	log.Printf("mailtest: Close of server %s waits for %s and for Accept of %s", s.name(),
		count(len(live), "connection"), count(len(s.state.listeners), "listener"))
	for _, ss := range live {
		log.Print(ss.snapshot().summary())
	}
}

// hasEnded reports whether Close has ended everything.
func (s *Server) hasEnded() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.state.ended
}

// Reset makes the server forget the messages, the sessions that have ended, and the rules that were
// added. Open connections go on. Numbers go on too: no session or message gets the number of an
// earlier one.
func (s *Server) Reset() {
	s.mustBeSettled()
	s.Inbox.Reset()
	s.state.Lock()
	defer s.state.Unlock()
	s.state.rules, s.state.sessions = ruleBook{}, s.live()
	s.refusals.forget()
}
