package sasl

// SCRAM-SHA-256, by which both sides prove that they know the password, and neither sends it.

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/xdg-go/scram"
)

// iterations is the minimum that RFC 7677 §4 allows, since there is nothing to protect.
const iterations = 4096

// scram returns the first step of an exchange in which every user has the given salt.
func (s *Server) scram(salt func(user string) []byte) step {
	return func(first []byte) ([]byte, step, error) {
		if !utf8.Valid(first) {
			return nil, nil, malformed("SCRAM is not in UTF-8 (RFC 5802 §5)")
		}
		var exchange *scram.ServerConversation
		server, err := scram.SHA256.NewServer(func(user string) (scram.StoredCredentials, error) {
			if err := s.claim(user, exchange.AuthzID()); err != nil {
				return scram.StoredCredentials{}, err
			}
			return s.scramCredentials(salt(user))
		})
		if err != nil {
			return nil, nil, err
		}
		exchange = server.WithNonceGenerator(s.nonce).NewConversation()
		challenge, err := exchange.Step(string(first))
		switch {
		case errors.Is(err, ErrFailed):
			return nil, nil, err
		case err != nil:
			return nil, nil, malformed("SCRAM: %v (RFC 5802 §7)", err)
		}
		return []byte(challenge), s.scramFinal(exchange), nil
	}
}

// scramFinal takes the client's proof and answers with the server's own. SMTP carries no data with its
// final reply, so that is one more challenge, which the client acknowledges (RFC 4422 §3.6).
func (s *Server) scramFinal(exchange *scram.ServerConversation) step {
	return func(final []byte) ([]byte, step, error) {
		proof, err := exchange.Step(string(final))
		switch {
		case err == nil:
			return []byte(proof), scramEnd, nil
		case proof == scram.ErrInvalidProof:
			return nil, nil, fmt.Errorf("%w: not the password of %.100q", ErrFailed, s.user)
		}
		return nil, nil, malformed("SCRAM: %v (RFC 5802 §7)", err)
	}
}

func scramEnd(response []byte) ([]byte, step, error) {
	if len(response) > 0 {
		return nil, nil, malformed("SCRAM goes on after the server's proof (RFC 5802 §5)")
	}
	return nil, nil, nil
}

// scramCredentials returns the credentials that a server stores for the user, made from the prepared password (RFC
// 5802 §2.2).
func (s *Server) scramCredentials(salt []byte) (scram.StoredCredentials, error) {
	password, err := s.secret()
	if err != nil {
		return scram.StoredCredentials{}, err
	}
	client, err := scram.SHA256.NewClientUnprepped(s.user, prepare(password), "")
	if err != nil {
		return scram.StoredCredentials{}, err
	}
	return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations})
}

// salt returns a salt that is always the same for one user of one host, as if it had been stored.
func (s *Server) salt(user string) []byte {
	sum := sha256.Sum256([]byte(s.host() + "\x00" + user))
	return sum[:16]
}
