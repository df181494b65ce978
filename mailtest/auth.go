package mailtest

// AUTH: which mechanisms there are, and what becomes of an exchange (RFC 4954).

import (
	"errors"
	"slices"
	"strings"

	gosasl "github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/sasl"
)

// mechanisms are those that AUTH offers.
func (s *Server) mechanisms() []string {
	possible := sasl.Mechanisms(s.set.Users)
	if s.set.Mechanisms == nil {
		return possible
	}
	return slices.DeleteFunc(slices.Clone(s.set.Mechanisms), func(name string) bool {
		return !slices.Contains(possible, strings.ToUpper(name))
	})
}

// exchange is an AUTH exchange, as go-smtp sees it.
type exchange struct {
	mechanism string
	server    *sasl.Server
	done      bool  // the exchange is over
	told      bool  // err was noted already, before the client acknowledged it
	err       error // why it has failed: which user, but no password
}

// newExchange begins one.
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
