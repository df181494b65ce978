package mailtest

// Records: messages as a server keeps them, in few bytes, until somebody asks for them.

import (
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// record is one message. It becomes a [Message], decoded, when it is first asked for: a test that
// sends a hundred thousand looks at few of them.
type record struct {
	once     sync.Once
	acked    bool
	chunking bool
	msg      *Message // nil until it is asked for
	raw      []byte
	tx       *transaction
	by       *identity
	session  *session
	after    time.Duration // when it came, since the session began
	number   int
}

// transaction is what has been said since MAIL.
type transaction struct {
	from string
	opts *smtp.MailOptions // nil if there are none
	to   []Recipient
}

// identity is who a client is: what it has said, and proved, about itself.
type identity struct {
	helo, user, mechanism string
	client                string // as "address:port"; behind a proxy, who that really is
	encrypted             *TLSState
	esmtp                 bool
}

// message returns the decoded message.
func (r *record) message() *Message {
	r.once.Do(func() {
		r.msg = &Message{
			Number: r.number, Session: r.session.number, Time: r.session.log.start.Add(r.after), Acked: r.acked,
			Envelope: r.envelope(), Raw: r.raw,
		}
		r.msg.decode()
	})
	return r.msg
}

// envelope puts together what was said about the message.
func (r *record) envelope() Envelope {
	e := Envelope{
		From: r.tx.from, To: r.tx.to,
		Helo: r.by.helo, ESMTP: r.by.esmtp,
		Client: r.by.client, Server: r.session.local,
		User: r.by.user, Mechanism: r.by.mechanism, TLS: r.by.encrypted,
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

// unacked returns the record of the same message, whose acknowledgement was not sent after all.
func (r *record) unacked() *record {
	m := *r.message() // decoded, for whoever has asked for it may be at it just now
	m.Acked = false
	corrected := &record{msg: &m, number: r.number, raw: r.raw, session: r.session}
	corrected.once.Do(func() {})
	return corrected
}
