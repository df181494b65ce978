package mailtest

// One connection: between the wire below, go-smtp beside, and the inbox above.

import (
	"crypto/tls"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// session is a connection being served. It is the wire's handler and go-smtp's session in one; both call it from
// one goroutine at a time.
type session struct {
	server *Server
	number int
	local  net.Addr
	remote net.Addr

	// Only the connection's own goroutine uses these.
	helo, user, mechanism string
	esmtp                 bool
	encrypted             *TLS
	implicit              bool
	path                  string       // the address of the current MAIL or RCPT
	params                []string     // and its parameters
	tx                    *transaction // since MAIL
	ending                *transaction // the one whose message has just come
	rule                  *ruleState   // that decides the current turn
	record                *record      // of the message that the current turn has accepted
	auth                  *exchange    // the last AUTH exchange

	mu  sync.Mutex
	log transcript
}

// transaction is what has been said since MAIL.
type transaction struct {
	from string
	opts smtp.MailOptions
	to   []Recipient
}

// newSession returns the session number n of a server, and its connection, which is not served yet.
func newSession(s *Server, n int, conn net.Conn, cfg *wire.Config) (*session, *wire.Conn) {
	ss := &session{server: s, number: n, local: conn.LocalAddr(), remote: conn.RemoteAddr(), implicit: cfg.Implicit}
	ss.log.start = time.Now()
	return ss, wire.New(conn, cfg, ss)
}

// Capabilities are the lines of the EHLO reply.
func (ss *session) Capabilities(encrypted bool) []string {
	cfg := &ss.server.wire
	caps := []string{"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "BINARYMIME", "DSN"}
	caps = append(caps, "SIZE "+strconv.FormatInt(cfg.MaxSize, 10))
	if cfg.MaxRecipients != defaultMaxRecipients {
		caps = append(caps, "LIMITS RCPTMAX="+strconv.Itoa(cfg.MaxRecipients))
	}
	if encrypted {
		caps = append(caps, "REQUIRETLS")
	} else if ss.server.StartTLS {
		caps = append(caps, "STARTTLS")
	}
	if mechs := ss.AuthMechanisms(); len(mechs) > 0 {
		caps = append(caps, "AUTH "+strings.Join(mechs, " "))
	}
	return caps
}

// Before finds the rule that decides a turn.
func (ss *session) Before(t *wire.Turn) wire.Action {
	ss.rule = nil
	if t.Kind == wire.End {
		ss.ending = ss.tx
	}
	a := ss.attempt(t)
	ss.rule = ss.server.rule(a)
	if ss.rule == nil {
		return wire.Action{}
	}
	return ss.rule.action()
}

// attempt describes a turn to the rules.
func (ss *session) attempt(t *wire.Turn) *attempt {
	a := &attempt{stage: stageOf(t), session: ss.number, client: clientAddr(ss.remote), helo: ss.helo, user: ss.user}
	if ss.tx != nil {
		a.from, a.hasFrom, a.rcpts = ss.tx.from, true, ss.tx.to
	}
	switch a.stage {
	case Helo:
		a.helo = firstWord(t.Arg())
	case Mail:
		ss.path, ss.params = wire.Path(t.Arg())
		a.from, a.hasFrom = ss.path, true
	case Rcpt:
		ss.path, ss.params = wire.Path(t.Arg())
		a.to = ss.path
	}
	return a
}

// Reply takes what a turn has achieved, before the client is told.
func (ss *session) Reply(t *wire.Turn) {
	ss.record = nil
	switch stageOf(t) {
	case Helo:
		if t.Accepted {
			ss.helo, ss.esmtp, ss.tx = firstWord(t.Arg()), t.Verb != "HELO", nil
		}
	case Auth, AuthStep:
		if t.Accepted && ss.auth.done {
			ss.user, ss.mechanism = ss.auth.server.User(), ss.auth.mechanism
		}
	case Dot:
		ss.message(t)
	}
}

// message files a message that has been accepted, and forgets one that has not.
func (ss *session) message(t *wire.Turn) {
	tx := ss.ending
	ss.ending = nil
	told := len(t.Reply) > 0 && t.Reply[0] == '2' // the client is about to read that it was accepted
	whole := t.Action.Drop == wire.NoDrop || t.Action.After == 0 || t.Action.After >= int64(len(t.Reply))
	keep := t.Accepted && told
	if r := ss.rule; r != nil {
		keep = (keep || r.Keep) && !r.Lose
	}
	if tx == nil || !keep {
		return
	}
	m := &Message{
		Session:  ss.number,
		Time:     time.Now(),
		Acked:    told && whole,
		Envelope: ss.envelope(tx),
		Raw:      t.Payload,
	}
	m.Envelope.Chunking = t.Verb == "BDAT"
	ss.record = &record{msg: m}
	s := ss.server
	s.state.Lock()
	s.state.messages++
	m.Number = s.state.messages
	s.Inbox.add(ss.record)
	s.state.Unlock()
	if s.Collect != nil {
		s.Collect.add(ss.record)
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.messages = append(ss.log.messages, m.Number)
}

// envelope puts together what was said about a message.
func (ss *session) envelope(tx *transaction) Envelope {
	e := Envelope{
		From: tx.from, To: tx.to,
		Helo: ss.helo, ESMTP: ss.esmtp,
		Client: ss.remote.String(), Server: ss.local.String(),
		User: ss.user, Mechanism: ss.mechanism, TLS: ss.encrypted,
		Body: string(tx.opts.Body), Size: tx.opts.Size,
		SMTPUTF8: tx.opts.UTF8, RequireTLS: tx.opts.RequireTLS,
		Return: string(tx.opts.Return), EnvelopeID: tx.opts.EnvelopeID,
	}
	if auth := tx.opts.Auth; auth != nil {
		if e.Auth = *auth; e.Auth == "" {
			e.Auth = "<>"
		}
	}
	return e
}

// After writes a turn into the transcript.
func (ss *session) After(t *wire.Turn) {
	if r := ss.record; r != nil && t.Sent < len(t.Reply) {
		ss.unacked(r)
	}
	ss.mu.Lock()
	ss.log.helo, ss.log.user, ss.log.mechanism = ss.helo, ss.user, ss.mechanism
	ss.log.add(stageOf(t), t)
	ss.mu.Unlock()
}

// unacked corrects a message whose acknowledgement could not be sent.
func (ss *session) unacked(r *record) {
	m := *r.msg // not r.message(): whoever has asked for it may be decoding it
	m.Acked = false
	corrected := &record{msg: &m}
	ss.server.Inbox.replace(r, corrected)
	if c := ss.server.Collect; c != nil {
		c.replace(r, corrected)
	}
}

// Encrypted notes how the connection is encrypted, and forgets what was said in the clear (RFC 3207 §4.2).
func (ss *session) Encrypted(state tls.ConnectionState) {
	t := &TLS{
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
func (ss *session) End(how string) {
	ss.mu.Lock()
	ss.log.end, ss.log.ending = time.Now(), how
	ss.mu.Unlock()
	s := ss.server
	s.state.Lock()
	delete(s.state.live, ss)
	s.state.Unlock()
	s.running.Done()
}

// NewSession is go-smtp's question for a session. After STARTTLS it asks again.
func (ss *session) NewSession(*smtp.Conn) (smtp.Session, error) { return ss, nil }

// Mail is go-smtp's report of a MAIL command. Its address has lost its quotes, and its size may have been too much for it.
func (ss *session) Mail(_ string, opts *smtp.MailOptions) error {
	if ss.server.Users != nil && ss.mechanism == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	ss.tx = &transaction{from: ss.path, opts: *opts}
	for _, p := range ss.params {
		if key, value, _ := strings.Cut(p, "="); strings.EqualFold(key, "SIZE") {
			ss.tx.opts.Size, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	return nil
}

// Rcpt is go-smtp's report of a RCPT command.
func (ss *session) Rcpt(_ string, opts *smtp.RcptOptions) error {
	r := Recipient{Address: ss.path}
	for _, n := range opts.Notify {
		r.Notify = append(r.Notify, string(n))
	}
	r.OriginalType, r.Original = string(opts.OriginalRecipientType), opts.OriginalRecipient
	ss.tx.to = append(ss.tx.to, r)
	return nil
}

// Data is go-smtp's report of the end of a message, which the wire has kept from it.
func (ss *session) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// Reset is go-smtp's report of the end of a transaction.
func (ss *session) Reset() { ss.tx = nil }

// Logout is go-smtp's report of the end of a session. The wire's End comes after it; an engine that STARTTLS has
// replaced calls it when its successor is at work already.
func (ss *session) Logout() error { return nil }

// AuthMechanisms is go-smtp's question for what AUTH offers.
func (ss *session) AuthMechanisms() []string { return ss.server.mechanisms() }

// Auth begins an AUTH exchange.
func (ss *session) Auth(mech string) (sasl.Server, error) {
	x, err := newExchange(ss.server, mech)
	ss.auth = x
	if err != nil {
		return nil, err
	}
	return x, nil
}

// firstWord returns s up to the first space.
func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}
