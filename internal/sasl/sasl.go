// Package sasl holds the server's side of the SASL mechanisms that mail servers offer with SMTP AUTH
// (RFC 4422, RFC 4954): PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-256, XOAUTH2 and OAUTHBEARER.
//
// A [Server] is one exchange, and an implementation of the interface Server of emersion/go-sasl. The servers of
// that module are not used: its OAUTHBEARER panics when a client answers with an empty line, its PLAIN does not
// distinguish a malformed message from a wrong password, and it has no others.
package sasl

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
)

// The names of the mechanisms.
const (
	Plain       = "PLAIN"         // RFC 4616
	Login       = "LOGIN"         // draft-murchison-sasl-login
	CRAMMD5     = "CRAM-MD5"      // RFC 2195
	SCRAMSHA256 = "SCRAM-SHA-256" // RFC 5802, RFC 7677
	XOAuth2     = "XOAUTH2"       // as Google and Microsoft publish it
	OAuthBearer = "OAUTHBEARER"   // RFC 7628
)

// MaxMessage is the size in bytes, after base64, of the longest message that a [Server] reads. It is
// well above what a line of SMTP AUTH may hold (12288 bytes of base64, RFC 4954 §4).
const MaxMessage = 64 << 10

// The two ways in which an exchange fails. The errors of [Server.Next] wrap one of them. Their texts say what was
// wrong, and never have a password.
var (
	// ErrFailed means that the credentials are wrong (535 5.7.8, RFC 4954 §6).
	ErrFailed = errors.New("sasl: authentication failed")

	// ErrMalformed means that the client did not speak the mechanism (501 5.5.2, RFC 4954 §4).
	ErrMalformed = errors.New("sasl: malformed message")
)

// MechanismError is the name of a mechanism that [New] does not offer (504 5.5.4, RFC 4954 §4).
type MechanismError string

func (e MechanismError) Error() string {
	return fmt.Sprintf("sasl: mechanism %q is not offered", string(e))
}

// Users maps the names of users to their passwords, or to their tokens for the two mechanisms of OAuth. Nil accepts
// any user with any password. An empty map accepts nobody.
//
// Names and passwords are compared after SASLprep (RFC 4013). For that, the names in the map must be in their
// prepared form, which ASCII always is.
type Users map[string]string

// Config has the settings of an exchange. The zero value accepts any credentials.
type Config struct {
	// Users are the users who may log in. The map is read during the exchange, and not copied.
	Users Users

	// Host is the server's name in the challenge of CRAM-MD5. Empty means "localhost".
	Host string

	// Nonce returns a text that makes a challenge of CRAM-MD5 or SCRAM unique: printable ASCII with neither comma
	// nor space. It is called once in an exchange. Nil means random nonces. A test that compares transcripts sets a
	// function of its own.
	Nonce func() string
}

// Mechanisms returns the names of the mechanisms that a server with these users can offer. The most common ones
// come first, because simple clients take the first that they know.
//
// If users is nil, SCRAM is not among them, since the server must prove there that it knows the password. There are
// no mechanisms with channel binding (names in -PLUS).
func Mechanisms(users Users) []string {
	names := []string{Plain, Login, CRAMMD5, XOAuth2, OAuthBearer}
	if users != nil {
		names = append(names, SCRAMSHA256)
	}
	return names
}

// Offered returns the [Mechanisms] that a server with these users offers if it is to offer those with the given names, in the
// order of the names. Nil names stand for all.
func Offered(names []string, users Users) []string {
	possible := Mechanisms(users)
	if names == nil {
		return possible
	}
	offered := make([]string, 0, len(names))
	for _, name := range names {
		if name = strings.ToUpper(name); slices.Contains(possible, name) {
			offered = append(offered, name)
		}
	}
	return offered
}

// Check returns an error if one of the names is neither that of a mechanism nor one of the others.
func Check(names []string, others ...string) error {
	for _, name := range names {
		if known := append(Mechanisms(Users{}), others...); !slices.Contains(known, strings.ToUpper(name)) {
			return fmt.Errorf("%q is none of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// A Server holds one exchange with one client. It is not safe for concurrent use.
type Server struct {
	config Config
	user   string
	authz  string
	next   step // nil after the end
	failed error
}

// A step takes a message of the client, and returns the next challenge and the step that takes the answer to it. At
// the end of the exchange there is no next step.
type step func(response []byte) (challenge []byte, next step, err error)

// New begins an exchange by the mechanism, whose name may be in any case. If it is not among the
// [Mechanisms] for the users of config, the error is a [MechanismError].
func New(mechanism string, config Config) (*Server, error) {
	s := &Server{config: config}
	switch name := strings.ToUpper(mechanism); {
	case name == Plain:
		s.next = clientFirst(s.plain)
	case name == Login:
		s.next = s.loginStart
	case name == CRAMMD5:
		s.next = s.cramStart
	case name == SCRAMSHA256 && config.Users != nil:
		s.next = clientFirst(s.scram(s.salt))
	case name == XOAuth2:
		s.next = clientFirst(s.oauth(s.xoauth2, "401", "400")) // as HTTP would say
	case name == OAuthBearer:
		s.next = clientFirst(s.oauth(s.oauthBearer, "invalid_token", "invalid_request"))
	default:
		return nil, MechanismError(mechanism)
	}
	return s, nil
}

// Next takes the next message of the client, which is nil in the first call if the AUTH command had no initial
// response (an empty one is not nil). Without an error, it returns either a challenge for the client or, if the
// client has proved its identity, done.
//
// The error wraps [ErrFailed] or [ErrMalformed]. After the end, every call returns ErrMalformed.
func (s *Server) Next(response []byte) (challenge []byte, done bool, err error) {
	if s.next == nil {
		return nil, true, fmt.Errorf("%w: the exchange is over", ErrMalformed)
	}
	if len(response) > MaxMessage {
		s.next = nil
		return nil, true, fmt.Errorf("%w: %d bytes, more than %d", ErrMalformed, len(response), MaxMessage)
	}
	challenge, s.next, err = s.next(response)
	if err != nil {
		s.next = nil
		return nil, true, err
	}
	return challenge, s.next == nil, nil
}

// Failed returns the error with which the exchange will fail, as soon as that is certain. With OAuth, the client is
// told first, and has to acknowledge that.
func (s *Server) Failed() error { return s.failed }

// User returns the name in the credentials (the authentication identity), even if they were wrong. It is empty
// until the client has sent it, and for an OAUTHBEARER token without a user.
func (s *Server) User() string { return s.user }

// Authz returns the user as whom the client asked to act (the authorization identity). It is empty if that is the
// client itself. If [Users] is set, nobody may act as another user.
func (s *Server) Authz() string { return s.authz }

// clientFirst puts an empty challenge before first if the client sent no initial response (RFC 4422 §5).
func clientFirst(first step) step {
	return func(response []byte) ([]byte, step, error) {
		if response == nil {
			return []byte{}, first, nil
		}
		return first(response)
	}
}

// claim notes the identity that the client claims, and the user as whom it wants to act.
func (s *Server) claim(user, authz string) error {
	s.user = user
	if authz != user {
		s.authz = authz
	}
	if s.authz != "" && s.config.Users != nil {
		return fmt.Errorf("%w: %s may not act as %s", ErrFailed, named(user), named(authz))
	}
	return nil
}

// verify checks the user's password or token.
func (s *Server) verify(secret string) error {
	if s.config.Users == nil {
		return nil
	}
	want, err := s.secret()
	if err != nil {
		return err
	}
	if secret != want && prepare(secret) != prepare(want) {
		return fmt.Errorf("%w: not the password or token of %s", ErrFailed, named(s.user))
	}
	return nil
}

// secret returns the password or token of the user, or an error if there is no such user.
func (s *Server) secret() (string, error) {
	secret, ok := s.config.Users[s.user]
	if !ok {
		secret, ok = s.config.Users[prepare(s.user)]
	}
	if !ok {
		return "", fmt.Errorf("%w: no user %s", ErrFailed, named(s.user))
	}
	return secret, nil
}

// named returns the name of a user for the text of an error. It hides a text that does not look like a name, since
// that may be a secret in the wrong place.
func named(user string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@.-_+", r)
	}
	if user == "" || len(user) > 100 || !utf8.ValidString(user) || strings.ContainsFunc(user, odd) {
		return fmt.Sprintf("(not shown, since its %d bytes do not look like a name)", len(user))
	}
	return strconv.Quote(user)
}

// nonce returns a new nonce.
func (s *Server) nonce() string {
	if s.config.Nonce != nil {
		return s.config.Nonce()
	}
	return rand.Text()
}

// host returns the server's name.
func (s *Server) host() string {
	if s.config.Host != "" {
		return s.config.Host
	}
	return "localhost"
}

// prepare returns a text after SASLprep (RFC 4013). It leaves a text unchanged that SASLprep forbids, such as one
// with characters that are newer than Unicode 3.2. This allows emoji in passwords, as other servers do.
func prepare(s string) string {
	prepared, err := stringprep.SASLprep.Prepare(s)
	if err != nil {
		return s
	}
	return prepared
}

// malformed returns an error that wraps [ErrMalformed].
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
