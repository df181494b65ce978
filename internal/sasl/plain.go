package sasl

// The mechanisms that send the password in clear text: PLAIN and LOGIN.

import (
	"bytes"
	"unicode/utf8"
)

// plain takes the only message of PLAIN: [authzid] NUL authcid NUL passwd (RFC 4616 §2).
func (s *Server) plain(response []byte) ([]byte, step, error) {
	parts := bytes.Split(response, []byte{0})
	switch {
	case len(parts) != 3:
		return nil, nil, malformed("PLAIN with %d parts, want 3 (RFC 4616 §2)", len(parts))
	case !utf8.Valid(response):
		return nil, nil, malformed("PLAIN is not in UTF-8 (RFC 4616 §2)")
	}
	authz, user, password := string(parts[0]), string(parts[1]), string(parts[2])
	if user == "" {
		return nil, nil, malformed("PLAIN without a user (RFC 4616 §2)")
	}
	if err := s.claim(user, authz); err != nil {
		return nil, nil, err
	}
	if password == "" {
		return nil, nil, malformed("PLAIN without a password (RFC 4616 §2)")
	}
	return nil, nil, s.verify(password)
}

// loginStart asks for the user, or takes it from the initial response, which many clients send although
// the draft has none.
func (s *Server) loginStart(response []byte) ([]byte, step, error) {
	if response == nil {
		return []byte("Username:"), s.loginUser, nil
	}
	return s.loginUser(response)
}

func (s *Server) loginUser(response []byte) ([]byte, step, error) {
	if !utf8.Valid(response) {
		return nil, nil, malformed("LOGIN with a user that is not in UTF-8")
	}
	if err := s.claim(string(response), ""); err != nil {
		return nil, nil, err
	}
	return []byte("Password:"), s.loginPassword, nil
}

func (s *Server) loginPassword(response []byte) ([]byte, step, error) {
	if !utf8.Valid(response) {
		return nil, nil, malformed("LOGIN without a password in UTF-8")
	}
	return nil, nil, s.verify(string(response))
}
