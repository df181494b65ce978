package sasl

// The mechanisms that send an OAuth 2.0 access token: OAUTHBEARER and its forerunner XOAUTH2.

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// separator ends each key=value of both mechanisms, and the whole message once more.
const separator = "\x01"

// oauth returns the only step of a mechanism whose message check reads. A client that fails gets JSON with one of
// the two states. The exchange fails after the client has acknowledged that (RFC 7628 §3.2.3).
func (s *Server) oauth(check func(message string) error, wrongToken, badRequest string) step {
	return func(response []byte) ([]byte, step, error) {
		err := check(string(response))
		if err == nil {
			return nil, nil, nil
		}
		status := badRequest
		if errors.Is(err, ErrFailed) {
			status = wrongToken
		}
		s.failed = err
		acknowledged := func([]byte) ([]byte, step, error) { return nil, nil, err }
		return fmt.Appendf(nil, `{"status":%q,"schemes":"bearer"}`, status), acknowledged, nil
	}
}

// xoauth2 checks the message of XOAUTH2: "user=" user ^A "auth=Bearer " token ^A ^A.
func (s *Server) xoauth2(message string) error {
	parts := strings.Split(message, separator)
	if len(parts) != 4 || parts[2] != "" || parts[3] != "" || !utf8.ValidString(message) {
		return malformed("XOAUTH2, want user=… ^A auth=Bearer … ^A ^A")
	}
	user, ok := strings.CutPrefix(parts[0], "user=")
	if !ok || user == "" {
		return malformed("XOAUTH2 without user=…")
	}
	if err := s.claim(user, ""); err != nil {
		return err
	}
	auth, ok := strings.CutPrefix(parts[1], "auth=")
	if !ok {
		return malformed("XOAUTH2 without auth=…")
	}
	token, err := bearer(auth)
	if err != nil {
		return err
	}
	return s.verify(token)
}

// oauthBearer checks the message of OAUTHBEARER: a GS2 header, and pairs of key and value, of which it ignores
// unknown ones (RFC 7628 §3.1). If the header names no user, the token identifies the user.
func (s *Server) oauthBearer(message string) error {
	header, rest, ok := strings.Cut(message, separator)
	pairs, ended := strings.CutSuffix(rest, separator+separator)
	if !ok || !ended || !utf8.ValidString(message) {
		return malformed("OAUTHBEARER without ^A after the header and twice at the end (RFC 7628 §3.1)")
	}
	user, err := gs2User(header)
	if err != nil {
		return err
	}
	if err := s.claim(user, ""); err != nil {
		return err
	}
	auth := ""
	for pair := range strings.SplitSeq(pairs, separator) {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || key == "":
			return malformed("OAUTHBEARER with a pair that is not key=value (RFC 7628 §3.1)")
		case key == "auth" && auth != "":
			return malformed("OAUTHBEARER with two auth=… (RFC 7628 §3.1)")
		case key == "auth":
			auth = value
		}
	}
	token, err := bearer(auth)
	if err != nil {
		return err
	}
	if s.user == "" && s.config.Users != nil {
		return s.identify(token)
	}
	return s.verify(token)
}

// identify finds the user to whom the token was given. If there are several, it takes the first by name.
func (s *Server) identify(token string) error {
	for _, user := range slices.Sorted(maps.Keys(s.config.Users)) {
		if s.config.Users[user] == token {
			s.user = user
			return nil
		}
	}
	return fmt.Errorf("%w: the token is nobody's", ErrFailed)
}

// gs2User returns the user in a GS2 header, "n,a=user," or "n,,": the flag is "y" for clients that could
// bind to the channel, and cannot be "p" (RFC 5801 §4, RFC 7628 §3.1).
func gs2User(header string) (string, error) {
	parts := strings.Split(header, ",")
	if len(parts) != 3 || parts[0] != "n" && parts[0] != "y" || parts[2] != "" {
		return "", malformed("OAUTHBEARER with a header that is not n,a=…, (RFC 7628 §3.1)")
	}
	if parts[1] == "" {
		return "", nil
	}
	name, ok := strings.CutPrefix(parts[1], "a=")
	user := strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
	if !ok || name == "" || strings.Count(name, "=") != strings.Count(name, "=2C")+strings.Count(name, "=3D") {
		return "", malformed("OAUTHBEARER with a user that is not a=…, where = is =3D and comma =2C (RFC 5801 §4)")
	}
	return user, nil
}

// bearer returns the token in the value of an Authorization header (RFC 6750 §2.1).
func bearer(auth string) (string, error) {
	scheme, token, _ := strings.Cut(auth, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", malformed("OAuth without auth=Bearer … (RFC 6750 §2.1)")
	}
	token = strings.TrimLeft(token, " ")
	if token == "" || strings.Contains(token, " ") {
		return "", malformed("OAuth with no token, or one that contains a space (RFC 6750 §2.1)")
	}
	return token, nil
}
