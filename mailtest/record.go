package mailtest

// Records: the compact form in which a server keeps messages until the test asks for them.

import (
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// record is one message. It is decoded into a [Message] when that is first asked for, since a test that sends a
// hundred thousand messages looks at few of them.
type record struct {
	once     sync.Once
	acked    bool
	chunking bool
	msg      *Message // nil until it is asked for
	raw      []byte
	tx       *transaction
	client   *identity
	session  *session
	after    time.Duration // the time from the start of the session to the message
	number   int
}

// transaction has what the client has said since MAIL.
type transaction struct {
	from string
	opts *smtp.MailOptions // nil if there are none
	to   []Recipient
}

// identity is what a client has claimed and proved about itself.
type identity struct {
	helo, user, mechanism string
	client                string // as "address:port"; with a proxy, the address that the proxy names
	encrypted             *TLSState
	esmtp                 bool
}

// message returns the decoded message.
func (r *record) message() *Message {
	r.once.Do(func() {
		r.msg = &Message{
			Number: r.number, Session: r.session.number, Time: r.time(), Acked: r.acked,
			Envelope: r.envelope(), Raw: r.raw,
		}
		r.msg.decode()
	})
	return r.msg
}

// time returns the time at which the message came.
func (r *record) time() time.Time { return r.session.log.start.Add(r.after) }

// envelope returns the envelope of the message.
func (r *record) envelope() Envelope {
	e := Envelope{
		From: r.tx.from, To: r.tx.to,
		Helo: r.client.helo, ESMTP: r.client.esmtp,
		Client: r.client.client, Server: r.session.local,
		User: r.client.user, Mechanism: r.client.mechanism, TLS: r.client.encrypted,
		Chunking: r.chunking,
	}
	opts := r.tx.opts
	if opts == nil {
		return e
	}
	e.Body, e.Size, e.SMTPUTF8, e.RequireTLS = string(opts.Body), opts.Size, opts.UTF8, opts.RequireTLS
	e.Return, e.EnvelopeID = string(opts.Return), opts.EnvelopeID
	if auth := opts.Auth; auth != nil {
		if e.Auth = *auth; e.Auth == "" {
			e.Auth = "<>"
		}
	}
	return e
}

// filed gives the record its number. A rule may have asked for the message before.
func (r *record) filed(number int) {
	r.number = number
	if m := r.msg; m != nil {
		m.Number, m.Acked, m.Envelope.To = number, r.acked, r.tx.to
	}
}

// unacked returns a record of the same message that says that its acknowledgement was not sent.
func (r *record) unacked() *record {
	m := *r.message() // decoded, since a caller that has asked for it may be reading it now
	m.Acked = false
	corrected := &record{msg: &m, number: r.number, raw: r.raw, tx: r.tx, session: r.session, after: r.after}
	corrected.once.Do(func() {})
	return corrected
}

// newRecord returns the record of a message that has just come and is not yet accepted, or nil if there is no
// transaction.
func (ss *session) newRecord(t *wire.Turn) *record {
	if ss.tx == nil {
		return nil
	}
	if ss.shared == nil || *ss.shared != ss.identity {
		by := ss.identity
		ss.shared = &by
	}
	return &record{
		session: ss, tx: ss.tx, client: ss.shared, raw: t.Payload, chunking: t.Verb == "BDAT", after: t.Received.Sub(ss.log.start),
	}
}

// message files a message that was accepted, and forgets one that was not. With LMTP it does so in the turn of the
// last recipient.
func (ss *session) message(t *wire.Turn) {
	r := ss.record
	if r == nil {
		return
	}
	keep, told := ss.effect.accepts(t)
	switch {
	case t.Recipient == 0:
		r.acked = told
		if keep && ss.effect.lose {
			r.tx = ss.effect.remaining(r.tx)
			keep = len(r.tx.to) > 0
		}
	default:
		if t.Recipient == 1 {
			r.tx, r.acked = &transaction{from: r.tx.from, opts: r.tx.opts}, true
		}
		if keep {
			r.tx.to = append(r.tx.to, ss.ending.to[t.Recipient-1])
			r.acked = r.acked && told
		}
		if t.Recipient < len(ss.ending.to) {
			return
		}
		keep = len(r.tx.to) > 0
	}
	ss.record, ss.ending = nil, nil
	if !keep {
		return
	}
	s := ss.server
	s.Inbox.file(r)
	if s.set.Collect != nil {
		s.set.Collect.add(r)
	}
	ss.record, ss.settling = r, r
	if t.Action.Delay > 0 {
		ss.settle() // the turn may take hours
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.log.filed = append(ss.log.filed, r)
}

// settle lets the waits return the message that was filed last.
func (ss *session) settle() {
	r, s := ss.settling, ss.server
	if r == nil {
		return
	}
	ss.settling = nil
	s.Inbox.settle(r)
	if s.set.Collect != nil {
		s.set.Collect.settle(r)
	}
}

// unacked corrects the message of the turn, if there is one, whose acknowledgement could not be sent.
func (ss *session) unacked() {
	r := ss.record
	if r == nil {
		return
	}
	corrected := r.unacked()
	if ss.settling == r {
		ss.settling = corrected
	}
	ss.server.Inbox.replace(r, corrected)
	if c := ss.server.set.Collect; c != nil {
		c.replace(r, corrected)
	}
}
