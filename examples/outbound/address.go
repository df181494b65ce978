package outbound

// The parser of mailbox addresses (RFC 5321 §4.1.2, RFC 6531 §3.3).

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxPath is the longest mailbox in octets: a path of 256 (RFC 5321 §4.5.3.1.3)
// without its angle brackets.
const maxPath = 254

// mailbox is one address, ready for the wire.
type mailbox struct {
	local   string     // as the user wrote it, quotes included
	domain  string     // in lower case and with A-labels, or a literal with its brackets
	literal netip.Addr // valid if domain is an address literal
}

// parseMailbox reads "local@domain". It leaves the local part unchanged, since only its own host may interpret it
// (RFC 5321 §2.3.11). The local part may have UTF-8 and runs of dots, which exist, but nothing that could end the
// command or the path.
func parseMailbox(s string) (mailbox, error) {
	if !utf8.ValidString(s) {
		return mailbox{}, errors.New("address is not UTF-8")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return mailbox{}, errors.New("address has no domain")
	}
	m := mailbox{local: s[:at]}
	if err := checkLocal(m.local); err != nil {
		return mailbox{}, err
	}
	var err error
	if strings.HasPrefix(s[at+1:], "[") {
		m.domain, m.literal, err = parseLiteral(s[at+1:])
	} else {
		m.domain, err = parseDomain(s[at+1:])
	}
	if err != nil {
		return mailbox{}, err
	}
	if len(m.String()) > maxPath {
		return mailbox{}, errors.New("address is longer than 254 octets")
	}
	return m, nil
}

// String returns the mailbox as it is written in MAIL and RCPT.
func (m mailbox) String() string { return m.local + "@" + m.domain }

// utf8 reports whether the mailbox needs SMTPUTF8. The domain never does: its
// A-labels mean the same (RFC 6531 §3.2).
func (m mailbox) utf8() bool { return !isASCII(m.local) }

// checkLocal returns an error unless s is a dot-string or a quoted-string.
func checkLocal(s string) error {
	if s == "" {
		return errors.New("address has no local part")
	}
	quoted := len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"'
	if quoted {
		s = s[1 : len(s)-1]
	}
	escaped := false
	for _, r := range s {
		switch {
		case r < ' ' || 0x7f <= r && r < 0xa0:
			return errors.New("local part has a control character")
		case !quoted && strings.ContainsRune(` "(),:;<>@[\]`, r):
			return errors.New("local part has a special character outside of quotes")
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			return errors.New("local part has a quote inside of quotes")
		}
	}
	if escaped {
		return errors.New("local part ends in a backslash")
	}
	return nil
}

// parseLiteral reads "[203.0.113.5]" or "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3), and returns its canonical form and
// the address in it.
func parseLiteral(s string) (string, netip.Addr, error) {
	inner, ok := strings.CutSuffix(s[1:], "]")
	if !ok {
		return "", netip.Addr{}, errors.New("address literal without closing bracket")
	}
	v6 := len(inner) > 5 && strings.EqualFold(inner[:5], "IPv6:")
	if v6 {
		inner = inner[5:]
	}
	addr, err := netip.ParseAddr(inner)
	if err != nil || addr.Is6() != v6 || addr.Zone() != "" {
		return "", netip.Addr{}, errors.New("address literal is neither IPv4 nor IPv6")
	}
	if v6 {
		return "[IPv6:" + addr.String() + "]", addr, nil
	}
	return "[" + addr.String() + "]", addr, nil
}

// parseDomain returns a domain in lower case with A-labels, so two spellings of it compare equal (RFC 4343, RFC
// 5891). It allows underscores, which host names can't have, because there are domains with underscores and MX
// records.
func parseDomain(s string) (string, error) {
	if !isASCII(s) {
		var err error
		if s, err = idna.Lookup.ToASCII(s); err != nil {
			return "", errors.New("domain is not a valid internationalised name")
		}
	}
	if len(s) > 253 {
		return "", errors.New("domain is longer than 253 octets")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", errors.New("domain has a label that is empty, too long, or has a hyphen at its end")
		}
		for i := range len(label) {
			if c := label[i]; !isAlnum(c) && c != '-' && c != '_' {
				return "", errors.New("domain has a character that no domain can have")
			}
		}
	}
	return strings.ToLower(s), nil
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
