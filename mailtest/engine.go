package mailtest

// The side of a session that go-smtp asks.

import (
	"io"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// NewSession is go-smtp's question for a session. After STARTTLS it asks again.
func (ss *session) NewSession(*smtp.Conn) (smtp.Session, error) { return ss, nil }

// Mail is go-smtp's report of a MAIL command. Its address has lost its quotes, and its size may
// have been too much for it.
func (ss *session) Mail(_ string, opts *smtp.MailOptions) error {
	if ss.server.set.Users != nil && ss.mechanism == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	ss.tx = &transaction{from: ss.path}
	for _, p := range ss.params {
		if key, value, _ := strings.Cut(p, "="); strings.EqualFold(key, "SIZE") {
			opts.Size, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	opts.EnvelopeID = ss.conn.DSN().EnvelopeID
	if *opts != (smtp.MailOptions{}) {
		ss.tx.opts = opts
	}
	return nil
}

// Rcpt is go-smtp's report of a RCPT command.
func (ss *session) Rcpt(string, *smtp.RcptOptions) error {
	dsn := ss.conn.DSN()
	r := Recipient{Address: ss.path, Notify: dsn.Notify, OriginalType: dsn.OriginalType, Original: dsn.Original}
	ss.tx.to = append(ss.tx.to, r)
	return nil
}

// Data is go-smtp's report of the end of a message, which the wire has kept from it: r is empty.
func (ss *session) Data(r io.Reader) error {
	for {
		if _, err := r.Read(ss.emptyBody[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// Reset is go-smtp's report of the end of a transaction.
func (ss *session) Reset() { ss.tx = nil }

// Logout is go-smtp's report of the end of a session. The wire's End comes after it; an engine that
// STARTTLS has replaced calls it when its successor is at work already.
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
