package sasl

// CRAM-MD5, by which the client proves that it knows the password with an HMAC of the server's challenge.

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"
)

// cramStart sends the challenge "<nonce.seconds@host>" (RFC 2195 §2). The server speaks first here, so
// there must be no initial response (RFC 4422 §5).
func (s *Server) cramStart(response []byte) ([]byte, step, error) {
	if response != nil {
		return nil, nil, malformed("CRAM-MD5 with an initial response (RFC 4422 §5)")
	}
	challenge := fmt.Appendf(nil, "<%s.%d@%s>", s.nonce(), time.Now().Unix(), s.host())
	return challenge, s.cramResponse(challenge), nil
}

// cramResponse takes the answer to challenge: user SP digest, where the user may contain spaces and the
// digest is 32 hexadecimal digits in lower case.
func (s *Server) cramResponse(challenge []byte) step {
	return func(response []byte) ([]byte, step, error) {
		space := bytes.LastIndexByte(response, ' ')
		if space <= 0 || !utf8.Valid(response) {
			return nil, nil, malformed("CRAM-MD5 without user and digest (RFC 2195 §2)")
		}
		digest := response[space+1:]
		if err := s.claim(string(response[:space]), ""); err != nil {
			return nil, nil, err
		}
		sum, err := hex.DecodeString(string(digest))
		if err != nil || len(sum) != md5.Size || !bytes.Equal(digest, bytes.ToLower(digest)) {
			return nil, nil, malformed("CRAM-MD5 with a digest that is not 32 digits of 0-9a-f (RFC 2195 §2)")
		}
		if s.config.Users == nil {
			return nil, nil, nil
		}
		password, err := s.secret()
		if err != nil {
			return nil, nil, err
		}
		mac := hmac.New(md5.New, []byte(password))
		mac.Write(challenge)
		if !hmac.Equal(sum, mac.Sum(nil)) {
			return nil, nil, fmt.Errorf("%w: not the password of %.100q", ErrFailed, s.user)
		}
		return nil, nil, nil
	}
}
