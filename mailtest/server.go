package mailtest

// The server: its settings, its addresses, its life.

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
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
// What a client sends is bounded, but for its accepted messages: lines of 16 KiB, a thousand bad
// commands, and from one accepted message to the next 16 MiB of commands and replies, and as much
// and twice MaxSize of content that was refused or taken back. Beyond that it is told so by 421 and
// the connection ends.
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

	// Rules are what the server does by its nature. They are tried after those of
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

	setup sync.Once
	used  atomic.Bool            // setup is done
	named atomic.Pointer[string] // Name, where ClientTLS has given it away before that
	set   settings               // as they were then
	wire  wire.Config            // of connections in the clear
	wireT wire.Config            // of connections with implicit TLS
	certs struct {
		own  *tls.Config // a copy of TLS
		once sync.Once
		cfg  *tls.Config
		err  error
	}

	nature   ruleBook // of Rules
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

// BareLF is a way to treat a LF without CR in a message. Servers that differ in it let one message
// be two: the "SMTP smuggling" of 2023. The zero BareLF is KeepLF.
type BareLF uint8

// The ways to treat a bare LF.
const (
	KeepLF   BareLF = iota // it is a byte as any other, and ends no line (RFC 5321 §2.3.8)
	RefuseLF               // a message with one, or with a bare CR, is refused with 550
	EndLF                  // it ends a line, so that LF.LF ends the message: the bug
)

// bareLFNames are the names of the ways to treat a bare LF.
var bareLFNames = enum.Names{KeepLF: "KeepLF", RefuseLF: "RefuseLF", EndLF: "EndLF"}

// String returns the name of the way as it is in this package.
func (b BareLF) String() string { return bareLFNames.String("BareLF", "", uint8(b)) }

// MarshalText returns the name of the way. The error says that there is no such way.
func (b BareLF) MarshalText() ([]byte, error) {
	return bareLFNames.Marshal("mailtest: BareLF", uint8(b))
}

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (b *BareLF) UnmarshalText(text []byte) error {
	return bareLFNames.Unmarshal("mailtest: BareLF", text, (*uint8)(b))
}

// New returns a server that is closed at the end of the test tb. The test fails if a rule with
// [Rule.Must] never acted. If the test fails, the server writes to its log what it saw, once;
// otherwise it is silent. The server listens when an address is first asked for.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	s.made = worldOf(tb)
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

// endpoint is an address of the server's own.
type endpoint struct {
	addr     net.Addr  // nil until it is asked for
	listener listening // its number is 0 while the server is suspended
	cfg      *wire.Config
}

// listen makes sure that at is an address on the loopback interface that is served with cfg.
func (s *Server) listen(at *endpoint, cfg *wire.Config) (net.Addr, error) {
	s.prepare()
	s.mustBeSettled()
	s.state.Lock()
	defer s.state.Unlock()
	if at.addr != nil {
		return at.addr, nil
	}
	if s.state.closed {
		return nil, errClosed
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

// open serves an address. The state is locked.
func (s *Server) open(at *endpoint, l net.Listener) {
	at.listener = s.addListener(l)
	listener, cfg := at.listener, at.cfg
	go func() {
		s.accept(l, cfg)
		s.forget(listener)
	}()
}

// forget ends what addListener has begun.
func (s *Server) forget(l listening) {
	s.state.Lock()
	s.removeListener(l)
	s.state.Unlock()
	s.running.Done()
}

// Suspend makes the server refuse connections as a machine does on which no server runs: the client
// gets ECONNREFUSED, also from [Server.Dial]. Connections that are open go on. Listeners that were
// given to [Server.Serve] are their owner's to close; their connections are closed at once. A
// second call does nothing.
func (s *Server) Suspend() {
	s.prepare()
	s.mustBeSettled()
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

// Resume ends what [Server.Suspend] has begun, at the same addresses. The error is that of
// [net.Listen], where another program has taken a port meanwhile, or says that the server is
// closed. Without a Suspend it does nothing.
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

// listening is a listener of a server. It has a number, since those of the caller may be of a type that can't be
// compared.
type listening struct {
	net.Listener
	number int // from 1
}

// addListener notes a listener and an accept loop for it. The state is locked.
func (s *Server) addListener(l net.Listener) listening {
	s.state.lastNumber++
	at := listening{l, s.state.lastNumber}
	s.state.listeners = append(s.state.listeners, at)
	s.running.Add(1)
	return at
}

// removeListener forgets a listener. The state is locked.
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

// Addr returns the address of the server, "127.0.0.1:port", or "[::1]:port" on a machine without
// IPv4. It starts the server if need be, and panics if no loopback address can be listened on or if
// the server was closed before.
func (s *Server) Addr() string {
	addr, err := s.listen(&s.state.plain, &s.wire)
	if err != nil {
		panic(err)
	}
	return addr.String()
}

// Host returns the host of [Server.Addr] without the port, for code that has the two apart. It
// starts the server and panics as Addr does.
func (s *Server) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port returns the port of [Server.Addr]. It starts the server and panics as Addr does.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// TLSAddr returns a second address of the server, where TLS is spoken from the first byte on, as on port
// 465 (RFC 8314 §3.3). It behaves as [Server.Addr] otherwise.
func (s *Server) TLSAddr() string {
	addr, err := s.listen(&s.state.tls, &s.wireT)
	if err != nil {
		panic(err)
	}
	return addr.String()
}

// Dial connects to the server in memory. The connection behaves as one over TCP does. Of ctx, only
// whether it is already done counts. After Close and [Server.Suspend] the error is one for which
// errors.Is(err, syscall.ECONNREFUSED) holds.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) {
	s.prepare()
	s.state.Lock()
	s.state.dialled++
	client := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49152 + s.state.dialled%16384}
	s.state.Unlock()
	server := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25}
	if err := ctx.Err(); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: err}
	}
	near, far := memnet.Pipe(client, server)
	if !s.serve(far, &s.wire) {
		near.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: server, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return near, nil
}

// Serve serves the connections of l until l fails, or until Close, which closes l and makes Serve
// return nil. The server may have any number of listeners. Connections to one of the caller's listeners are
// as those to [Server.Addr], but a *[tls.Conn], as [tls.NewListener] accepts it, is one with TLS from
// the first byte, as those to [Server.TLSAddr]. A rule at [Handshake] can delay or end such a
// handshake; the configuration is the caller's.
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

// isNil reports whether there is nothing behind an interface: it is nil, or holds a nil pointer.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

// ServeConn serves the client at the other end of conn, in the background, and closes conn in the
// end. After Close, it closes conn at once and returns an error for which errors.Is(err,
// [net.ErrClosed]) holds. A nil conn is an error, too. A conn without addresses serves: its client
// is one without an address, for rules and in envelopes. A *[tls.Conn] is treated as by
// [Server.Serve].
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

// serve starts a session on conn and reports whether the server was there for it.
func (s *Server) serve(conn net.Conn, cfg *wire.Config) bool {
	ss := newSession(s, conn, cfg) // not under the lock: conn is of the caller's own making
	c := ss.conn
	if !s.admit(ss) {
		conn.Close()
		return false
	}
	c.Serve()
	return true
}

// admit numbers a session and reports whether the server is there for it.
func (s *Server) admit(ss *session) bool {
	s.state.Lock()
	defer s.state.Unlock()
	if s.state.closed || s.state.suspended {
		return false
	}
	s.state.last++
	s.state.open++
	ss.number = s.state.last
	s.state.sessions = append(s.state.sessions, ss)
	s.running.Add(1)
	return true
}

// Close stops the server: it closes all listeners and connections, and waits until all goroutines of
// the server have ended, for less than a second whatever their clients do. A client that was told 250
// for a message less than 250 ms ago may still say QUIT and hears 221 (RSET and NOOP before it, too); any other hears 421 at once
// before its connection ends (RFC 5321 §3.8). That 421 is in [Session.Ending], and it is neither a
// turn nor for rules. What was captured stays. A second call does nothing.
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

// close closes the listener, and returns with what that of a caller's own has panicked, or nil.
func (l listening) close() (panicked any) {
	defer func() { panicked = recover() }()
	l.Close()
	return nil
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

// hasEnded tells whether Close has ended everything.
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

// live returns the sessions that have not ended. The state is locked.
func (s *Server) live() []*session {
	var live []*session
	for _, ss := range s.state.sessions {
		if ss.conn != nil {
			live = append(live, ss)
		}
	}
	return live
}

// Sessions returns what was said on each connection so far, in the order in which they were accepted.
// The result is a copy that does not change any more.
func (s *Server) Sessions() []*Session {
	all := s.allSessions()
	sessions := make([]*Session, len(all))
	for i, ss := range all {
		sessions[i] = ss.snapshot()
	}
	return sessions
}

// Session returns what was said so far on the connection with the given number, as [Server.Sessions]
// does, or nil if there was none or Reset has forgotten it.
func (s *Server) Session(number int) *Session {
	s.state.Lock()
	found := s.find(number)
	s.state.Unlock()
	if found == nil {
		return nil
	}
	return found.snapshot()
}

// find returns the session with a number, or nil. The state is locked.
func (s *Server) find(number int) *session {
	i, ok := slices.BinarySearchFunc(s.state.sessions, number, func(ss *session, n int) int { return cmp.Compare(ss.number, n) })
	if !ok {
		return nil
	}
	return s.state.sessions[i]
}

// Message returns the message with the given number, see [Message.Number], or nil if there is none or
// Reset has forgotten it. It takes nothing from the waits.
func (s *Server) Message(number int) *Message {
	s.Inbox.mu.Lock()
	var r *record
	if i := number - 1 - s.Inbox.base; i >= 0 && i < len(s.Inbox.entries) {
		r = s.Inbox.entries[i].record
	}
	s.Inbox.mu.Unlock()
	if r == nil {
		return nil
	}
	return r.message()
}

// allSessions returns the sessions that have not been forgotten.
func (s *Server) allSessions() []*session {
	s.state.Lock()
	defer s.state.Unlock()
	return slices.Clone(s.state.sessions)
}

// WaitSession waits until the connection with the given number, the first being 1, has come and
// gone, and returns its whole transcript. It ends the test as the waits of [Inbox] do, and at once
// if the session has ended and [Server.Reset] has forgotten it.
func (s *Server) WaitSession(tb testing.TB, number int) *Session {
	tb.Helper()
	var ended *session
	var lost error
	err := s.Inbox.wait(s.Inbox.within(tb), fmt.Sprintf("session %d has not ended", number), func() bool {
		ended, lost = s.endedSession(number)
		return ended != nil || lost != nil
	})
	check(tb, err)
	check(tb, lost)
	return ended.snapshot()
}

// endedSession returns a session that has ended, nil if it has not, and an error if it can't be had
// any more.
func (s *Server) endedSession(number int) (*session, error) {
	s.state.Lock()
	defer s.state.Unlock()
	ss := s.find(number)
	switch {
	case ss != nil && ss.conn == nil:
		return ss, nil
	case ss == nil && number < 1:
		return nil, fmt.Errorf("mailtest: there is no session %d, the first has the number 1", number)
	case ss == nil && number <= s.state.last:
		return nil, fmt.Errorf("mailtest: session %d has ended, and Reset has forgotten it; wait for it before Reset", number)
	}
	return nil, nil
}
