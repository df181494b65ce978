package mailtest

// The methods of a session that go-smtp calls: AUTH (RFC 4954), sender, recipients, data.

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	gosasl "github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/sasl"
)

// NewSession returns the session to go-smtp, which asks again after STARTTLS.
func (ss *session) NewSession(*smtp.Conn) (smtp.Session, error) { return ss, nil }

// Mail is called for a MAIL command. The address that go-smtp passes has lost its quotes, and the size may have
// been too large for go-smtp.
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

// Rcpt is called for a RCPT command.
func (ss *session) Rcpt(string, *smtp.RcptOptions) error {
	dsn := ss.conn.DSN()
	r := Recipient{Address: ss.path, Notify: dsn.Notify, OriginalType: dsn.OriginalType, Original: dsn.Original}
	ss.tx.to = append(ss.tx.to, r)
	return nil
}

// Data would be go-smtp's report of a message. It is never called, because the wire answers DATA and BDAT.
func (ss *session) Data(io.Reader) error { return errors.New("mailtest: go-smtp has read a message") }

// Reset is called at the end of a transaction.
func (ss *session) Reset() { ss.tx = nil }

// Logout is called at the end of a session. It does nothing, because End of the wire comes later, and because an
// engine that STARTTLS has replaced calls Logout while its successor is at work.
func (ss *session) Logout() error { return nil }

// AuthMechanisms returns the mechanisms that AUTH offers.
func (ss *session) AuthMechanisms() []string { return ss.server.mechanisms() }

// Auth begins an AUTH exchange.
func (ss *session) Auth(mech string) (gosasl.Server, error) {
	x, err := newExchange(ss.server, mech)
	ss.auth = x
	if err != nil {
		return nil, err
	}
	return x, nil
}

// mechanisms returns the mechanisms that AUTH offers.
func (s *Server) mechanisms() []string { return sasl.Offered(s.set.Mechanisms, s.set.Users) }

// exchange is an AUTH exchange, as go-smtp sees it.
type exchange struct {
	mechanism string
	server    *sasl.Server
	done      bool  // the exchange is over
	told      bool  // err was noted already, before the client acknowledged it
	err       error // the reason of the failure; it names the user, and never the password
}

// newExchange begins an AUTH exchange.
func newExchange(s *Server, mechanism string) (*exchange, error) {
	offered := slices.ContainsFunc(s.mechanisms(), func(m string) bool { return strings.EqualFold(m, mechanism) })
	server, err := sasl.New(mechanism, sasl.Config{Users: s.set.Users, Host: s.name()})
	if !offered || err != nil {
		return nil, &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 5, 4}, Message: "Mechanism not offered"}
	}
	return &exchange{mechanism: strings.ToUpper(mechanism), server: server}, nil
}

// Next takes the client's next message.
func (x *exchange) Next(response []byte) (challenge []byte, done bool, err error) {
	challenge, x.done, err = x.server.Next(response)
	if x.err = err; x.told {
		x.err = nil
	}
	switch {
	case err == nil && x.server.Failed() != nil:
		x.err, x.told = x.server.Failed(), true
		return challenge, x.done, nil
	case err == nil:
		return challenge, x.done, nil
	case errors.Is(err, sasl.ErrFailed):
		return nil, true, smtp.ErrAuthFailed
	}
	return nil, true, &smtp.SMTPError{Code: 501, EnhancedCode: smtp.EnhancedCode{5, 5, 2}, Message: "Malformed " + x.mechanism + " message"}
}

var _ gosasl.Server = (*exchange)(nil)
