package mailtest

// A session as the handler of package wire, and the handling of a panic in a function of the test.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
	shared    *identity // a copy of the identity, which messages share until it changes
	implicit  bool
	given     bool         // the connection came with TLS of the caller's
	path      string       // the address of the current MAIL or RCPT
	params    []string     // and its parameters
	tx        *transaction // since MAIL
	ending    *transaction // the transaction whose message has just come
	rule      *ruleState   // the rule that decides the current turn
	body      *ruleState   // the rule that waits for its byte of the current message
	record    *record      // the record of the message that the current turn is about
	settling  *record      // the record that is filed and not settled
	attempt   *Attempt     // describes the current turn, if a function needs it
	counts    [lastStage + 1]int
	left      bool      // the session does not count as open any more
	auth      *exchange // the last AUTH exchange
	emptyBody [1]byte   // the message that go-smtp sees
	deciding  bool      // Before was called for the turn, and After was not
	watching  bool      // Watch is running
	refusing  bool      // the session is among the refusals of the server, whose lock guards this

	mu  sync.Mutex
	log transcript

	conn *wire.Conn // nil when it has ended; the lock of the server guards it
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
	if r := ss.rule; r != nil {
		caps = r.Rule.edit(caps)
	}
	return caps
}

// Before finds the rule that decides a turn.
func (ss *session) Before(t *wire.Turn) wire.Action {
	stage := stageOf(t)
	ss.deciding = true
	nth := ss.counts[stage]
	if t.Recipient <= 1 { // with LMTP, the recipients of a message are one turn
		nth = ss.count(stage)
	}
	if stage == Mail || stage == Rcpt {
		ss.path, ss.params = t.Path()
	}
	if stage == Dot && t.Recipient <= 1 {
		ss.ending, ss.record = ss.tx, ss.newRecord(t)
		ss.releaseBody()
	}
	ss.rule, ss.attempt = nil, nil
	if !ss.server.hasRules() && ss.server.set.Reword == nil {
		return wire.Action{}
	}
	if stage == Body {
		ss.releaseBody()
	}
	a := ss.newAttempt(stage, t)
	a.Nth = nth
	ss.attempt = a
	if t.Action.Rule != 0 {
		return t.Action
	}
	r := ss.server.rule(a, ss.given)
	ss.rule = r
	if stage == Body {
		ss.body = r
	}
	if r == nil {
		return wire.Action{}
	}
	act := action(r, a)
	if r.Rule.changesTLS() {
		cfg, err := r.Rule.tlsConfig(ss.server)
		if err != nil {
			t.Notes = append(t.Notes, wire.Note{Kind: wire.CertificateMissing, Text: err.Error()})
		}
		act.TLS = cfg
	}
	return act
}

// releaseBody gives back a rule at Body whose byte never came, so that it has not acted.
func (ss *session) releaseBody() {
	if ss.body != nil {
		ss.server.unuse(ss.body)
		ss.body = nil
	}
}

// Patience returns how long the client may be silent before a rule at Idle is tried.
func (ss *session) Patience(silent time.Duration) time.Duration { return ss.server.patience(silent) }

// Identified notes the identity that a proxy or XCLIENT has declared for the client.
func (ss *session) Identified(addr netip.AddrPort, helo, user string) {
	if addr.Addr().IsValid() {
		ss.client = addr.String()
	}
	ss.helo, ss.user, ss.mechanism, ss.tx = helo, user, "", nil
	if user != "" {
		ss.mechanism = "XCLIENT"
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.client = ss.client
}

// Reword returns other words for a reply, from the Reword of the server.
func (ss *session) Reword(_ *wire.Turn, own []byte) []byte {
	a := ss.attempt
	if ss.server.set.Reword == nil || a == nil {
		return own
	}
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
	case Body:
		if t.Action.Rule == 0 {
			ss.releaseBody()
		}
		ss.body = nil
	case Bdat:
		if t.Action.Rule == 0 && ss.rule != nil { // a rule at Body was faster
			ss.server.unuse(ss.rule)
			ss.rule = nil
		}
	case Dot:
		ss.message(t)
	}
}

// hasMessages reports whether a message was accepted on the connection.
func (ss *session) hasMessages() bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return len(ss.log.filed) > 0
}

// After writes a turn into the transcript.
func (ss *session) After(t *wire.Turn) {
	if r := ss.record; r != nil && t.Sent < len(t.Reply) {
		ss.unacked(r)
	}
	ss.mu.Lock()
	ss.log.helo, ss.log.user, ss.log.mechanism = ss.helo, ss.user, ss.mechanism
	refused := ss.log.refused
	ss.log.add(stageOf(t), t, ss.record != nil && ss.record.number > 0 && t.Recipient <= 1) // with LMTP, once
	turn := len(ss.log.turns) - 1
	refused = ss.log.refused - refused
	ss.mu.Unlock()
	if refused != 0 {
		ss.server.refused(ss, refused)
	}
	if d := t.Action.Drop; d != wire.NoDrop && d != wire.Hang {
		ss.server.state.Lock()
		ss.leave()
		ss.server.state.Unlock()
	}
	ss.rule, ss.deciding = nil, false
	if watch := ss.server.set.Watch; watch != nil {
		ss.watching = true
		watch(ss.number, turn)
		ss.watching = false
	}
	ss.settle()
}

// leave removes the session from the count of open connections, once. The caller holds the lock of the server.
func (ss *session) leave() {
	if !ss.left {
		ss.left = true
		ss.server.state.open--
	}
}

// Unsent corrects the transcript after a reply that could not be sent.
func (ss *session) Unsent(t *wire.Turn) {
	if r := ss.record; r != nil {
		ss.unacked(r)
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.unsent(t)
}

// Encrypted notes how the connection is encrypted, and forgets what was said in the clear (RFC 3207 §4.2).
func (ss *session) Encrypted(state tls.ConnectionState) {
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

// End notes how the connection ended.
func (ss *session) End(how wire.Ending) {
	ss.releaseBody()
	ss.mu.Lock()
	ss.log.end, ss.log.ending = time.Now(), Ending{endingKinds[how.Kind], how.Cause}
	ss.mu.Unlock()
	s := ss.server
	s.state.Lock()
	ss.leave()
	ss.conn = nil
	s.state.Unlock()
	s.Inbox.wake()
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

// Crashed notes a crash in a turn. The transcript has the turn, without a reply.
func (ss *session) Crashed(t *wire.Turn, value any, stack []byte) {
	switch {
	case ss.watching:
		t.Sent = 0
		ss.Unsent(t)
		ss.settle()
	case ss.deciding:
		t.Reply, t.Sent, t.Replied, ss.record = nil, 0, time.Time{}, nil
		func() {
			defer func() { recover() }() // a second panic, in Watch, says nothing new
			ss.After(t)
		}()
	}
	what := fmt.Sprint("panicked: ", value)
	if value == nil {
		what = "ended the goroutine of a connection, as Fatal and FailNow of a testing.TB do; call Error there, or panic"
	}
	ss.server.crashed(&crash{
		text:  fmt.Sprintf("mailtest: server %s, session %d, %v: the test's own code %s", ss.server.name(), ss.number, stageOf(t), what),
		stack: string(stack),
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
