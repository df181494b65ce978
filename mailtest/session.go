package mailtest

// A session as the handler of package wire, and the handling of a panic in a function of the test.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// session is a connection that is being served. It is the handler of the wire and the session of go-smtp; they call
// it from one goroutine at a time.
type session struct {
	server *Server
	number int
	local  string

	// Only the connection's own goroutine uses these.
	identity
	shared   *identity // a copy of the identity, which messages share until it changes
	implicit bool
	given    bool         // the connection came with TLS of the caller's
	path     string       // the address of the current MAIL or RCPT
	params   []string     // and its parameters
	tx       *transaction // since MAIL
	ending   *transaction // the transaction whose message has just come
	effect   effect       // the effect of the rule that decides the current turn
	waiting  *ruleState   // the rule at Body that waits for its byte of the current message
	record   *record      // the record of the message that the current turn is about
	settling *record      // the record that is filed and not settled
	attempt  *Attempt     // describes the current turn, if a function needs it
	counts   [lastStage + 1]int
	auth     *exchange // the last AUTH exchange
	refusing bool      // the session is among the refusals of the server, whose lock guards this

	mu  sync.Mutex
	log transcript

	// The lock of the server guards these.
	ended bool       // the session does not count as open any more
	conn  *wire.Conn // nil when it is closed
}

// newSession returns a session of a server, without a number, whose connection is not served yet.
func newSession(s *Server, conn net.Conn, cfg *wire.Config) *session {
	ss := &session{server: s, local: text(conn.LocalAddr()), implicit: cfg.Implicit}
	ss.client = text(conn.RemoteAddr())
	if _, ok := conn.(wire.TLSConn); ok {
		ss.implicit, ss.given = true, true
	}
	ss.log.start, ss.log.client = time.Now(), ss.client
	ss.conn = wire.New(conn, cfg, ss)
	return ss
}

// Capabilities returns the lines of the EHLO reply.
func (ss *session) Capabilities(encrypted bool) []string {
	cfg := &ss.server.wire
	caps := make([]string, 0, 16)
	caps = append(caps, "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN")
	caps = append(caps, "SIZE "+strconv.FormatInt(cfg.MaxSize, 10))
	if cfg.MaxRecipients != defaultMaxRecipients {
		caps = append(caps, "LIMITS RCPTMAX="+strconv.Itoa(cfg.MaxRecipients))
	}
	if encrypted {
		caps = append(caps, "REQUIRETLS")
	} else if ss.server.set.StartTLS {
		caps = append(caps, "STARTTLS")
	}
	if mechs := ss.AuthMechanisms(); len(mechs) > 0 {
		caps = append(caps, "AUTH "+strings.Join(mechs, " "))
	}
	if cfg.Client {
		caps = append(caps, wire.XClient)
	}
	return ss.effect.edit(caps)
}

// Before finds the rule that decides a turn.
func (ss *session) Before(t *wire.Turn) wire.Action {
	stage := stageOf(t)
	ss.identify(t.Client)
	nth := ss.counts[stage]
	if t.Recipient <= 1 && t.Reached == 0 { // with LMTP, the recipients of a message are one turn
		nth = ss.count(stage)
	}
	if stage == Mail || stage == Rcpt {
		ss.path, ss.params = t.Path()
	}
	if stage == Dot && t.Recipient <= 1 {
		ss.ending, ss.record = ss.tx, ss.newRecord(t)
	}
	ss.effect, ss.attempt = effect{}, nil
	if !ss.server.hasRules() && ss.server.set.Reword == nil {
		return wire.Action{}
	}
	ss.attempt = ss.newAttempt(stage, t)
	ss.attempt.Nth = nth
	if t.Action.Rule != 0 {
		return t.Action
	}
	r := ss.decidingRule(t)
	if r != nil && r.Rule.waits() && t.Reached == 0 {
		ss.waiting = r
		return wire.Action{After: r.Rule.AfterBytes}
	}
	if r != nil {
		var err error
		if ss.effect, err = ss.server.effectOf(r, ss.attempt); err != nil {
			t.Notes = append(t.Notes, wire.Note{Kind: wire.CertificateMissing, Text: err.Error()})
		}
	}
	if ss.server.set.Reword != nil {
		ss.effect.action.Reword = ss.reword
	}
	return ss.effect.action
}

// decidingRule returns the rule for the turn of the attempt, or nil. If another connection has used up the rule that waited for
// its byte of the message, it is the next one that does not wait for a later byte.
func (ss *session) decidingRule(t *wire.Turn) *ruleState {
	if r := ss.waiting; t.Reached > 0 && ss.server.acts(r) {
		return r
	}
	return ss.server.rule(ss.attempt, ss.given, t.Reached)
}

// identify notes who the client really is, if that has just been said.
func (ss *session) identify(client *wire.Identity) {
	if client == nil {
		return
	}
	if client.Addr.Addr().IsValid() {
		ss.client = client.Addr.String()
	}
	ss.helo, ss.user, ss.mechanism, ss.tx = client.Helo, client.User, "", nil
	if client.User != "" {
		ss.mechanism = "XCLIENT"
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.client = ss.client
}

// reword lets the server's owner say a reply in other words.
func (ss *session) reword(own []byte) []byte {
	a := ss.attempt
	if (a.Stage == Auth || a.Stage == AuthStep) && ss.auth != nil {
		a.User = ss.auth.server.User()
	}
	text := strings.ReplaceAll(strings.TrimSuffix(string(own), "\r\n"), "\r\n", "\n")
	return literal(ss.server.set.Reword(a, text))
}

// Reply acts on the result of a turn, before the client is told.
func (ss *session) Reply(t *wire.Turn) {
	stage := stageOf(t)
	if stage != Dot {
		ss.record = nil
	}
	switch stage {
	case Handshake:
		ss.encrypt(t.TLS)
	case XClient:
		ss.identify(t.Client)
	case Helo:
		if t.Accepted {
			ss.helo, ss.esmtp, ss.tx = firstWord(t.Arg()), t.Verb != "HELO", nil
		}
	case Auth, AuthStep:
		if t.Accepted && ss.auth.done {
			ss.user, ss.mechanism = ss.auth.server.User(), ss.auth.mechanism
		}
		if ss.auth != nil && ss.auth.err != nil {
			t.Notes = append(t.Notes, wire.Note{Kind: wire.ExchangeFailed, Text: ss.auth.err.Error()})
			ss.auth.err = nil
		}
	case Bdat:
		if a := ss.attempt; a != nil && a.Stage == Body { // its rule has replied to the chunk, so no rule was to be found
			ss.count(Bdat)
		}
	case Dot:
		ss.message(t)
	}
}

// After writes a turn into the transcript, and a crash in it into the log of the test.
func (ss *session) After(t *wire.Turn) {
	if t.Crash != nil {
		defer ss.crashed(t)
	}
	if t.Crash != nil && !t.Again {
		ss.record = nil // that of an earlier turn, or one that came to nothing
	}
	if t.Sent < len(t.Reply) {
		ss.unacked()
	}
	if t.Again {
		ss.correct(t)
		return
	}
	ss.mu.Lock()
	ss.log.helo, ss.log.user, ss.log.mechanism = ss.helo, ss.user, ss.mechanism
	refused := ss.log.refused
	ss.log.add(stageOf(t), t, ss.record != nil && ss.record.number > 0 && t.Recipient <= 1) // with LMTP, once
	turn := len(ss.log.turns) + ss.log.forgotten - 1
	ss.bound()
	refused = ss.log.refused - refused
	ss.mu.Unlock()
	if refused != 0 {
		ss.server.refused(ss, refused)
	}
	ss.server.changed()
	if watch := ss.server.set.Watch; watch != nil {
		watch(ss.number, turn)
	}
	ss.settle()
}

// correct corrects the transcript where a reply could not be sent.
func (ss *session) correct(t *wire.Turn) {
	ss.mu.Lock()
	if len(ss.log.turns) > 0 {
		ss.log.unsent(t)
	}
	ss.mu.Unlock()
	ss.server.changed()
	ss.settle()
}

// encrypt notes how the connection is encrypted, if it is, and forgets what was said in the clear (RFC 3207 §4.2).
func (ss *session) encrypt(state *tls.ConnectionState) {
	if state == nil {
		return
	}
	t := &TLSState{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		ServerName: state.ServerName, ALPN: state.NegotiatedProtocol, Implicit: ss.implicit,
	}
	for _, cert := range state.PeerCertificates {
		t.ClientCertificates = append(t.ClientCertificates, cert.Raw)
	}
	ss.encrypted = t
	ss.helo, ss.user, ss.mechanism, ss.tx, ss.esmtp = "", "", "", nil, false
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.tls = t
}

// End notes how the connection ends. It does not count as open any more, though it may not be closed yet.
func (ss *session) End(how wire.Ending) {
	ss.mu.Lock()
	ss.log.end, ss.log.ending = time.Now(), Ending{endingKinds[how.Kind], how.Cause}
	ss.mu.Unlock()
	s := ss.server
	s.state.Lock()
	if !ss.ended {
		ss.ended = true
		s.state.open--
	}
	s.state.Unlock()
	s.changed()
}

// Closed notes that the connection is closed.
func (ss *session) Closed() {
	s := ss.server
	s.state.Lock()
	ss.conn = nil
	delete(s.state.live, ss)
	s.state.Unlock()
	s.Inbox.waiting.Send()
	s.running.Done()
}

// firstWord returns s up to the first space.
func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// crash is a panic, or a Goexit, in code of the test that a connection has called: a function such as [Rule.When]
// or [Server.Watch], or a method of a [net.Conn] or a [tls.Config].
type crash struct {
	text  string // the place, and the value of the panic
	stack string
	known atomic.Bool // to the test, by its log or by a panic
}

// Error returns the place, the value and the stack.
func (c *crash) Error() string { return c.text + "\n\n" + strings.TrimSpace(c.stack) }

// told returns the error with which a wait ends the test, and notes that the test knows of the crash.
func (c *crash) told() error {
	if c.known.CompareAndSwap(false, true) {
		return c
	}
	return errors.New(c.text + " (its stack is above)")
}

// returned returns the error of a wait without a [testing.TB]. If the test does not know of the crash yet, it
// panics, because the caller may ignore the error.
func (c *crash) returned() error {
	c.mustBeKnown()
	return errors.New(c.text)
}

// mustBeKnown panics if the test does not know of the crash.
func (c *crash) mustBeKnown() {
	if c != nil && c.known.CompareAndSwap(false, true) {
		panic(c)
	}
}

// crashed takes note of a crash in a turn.
func (ss *session) crashed(t *wire.Turn) {
	what := fmt.Sprint("panicked: ", t.Crash.Value)
	if t.Crash.Value == nil {
		what = "ended the goroutine of a connection, as Fatal and FailNow of a testing.TB do; call Error there, or panic"
	}
	ss.server.crashed(&crash{
		text:  fmt.Sprintf("mailtest: server %s, session %d, %v: the test's own code %s", ss.server.name(), ss.number, stageOf(t), what),
		stack: string(t.Crash.Stack),
	})
}

// crashed reports a crash to the test at once if it can, or else leaves that to the next wait or Close.
func (s *Server) crashed(c *crash) {
	if s.tb != nil {
		c.known.Store(true)
		s.tb.Error(c)
	}
	s.Inbox.crashed(c)
	if s.set.Collect != nil {
		s.set.Collect.crashed(c)
	}
}
