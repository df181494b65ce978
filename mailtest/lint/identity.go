package lint

// This file looks at identifiers: Message-ID, In-Reply-To, References and Content-ID (RFC 5322 §3.6.4).

import (
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// identity looks at the identification fields of the message.
func (c *checker) identity() {
	for _, f := range c.fields {
		switch f.name {
		case "message-id", "resent-message-id":
			ids, why := parseIDs(f.body)
			switch {
			case why != "":
				c.add(messageIDSyntax, f.at, "%s %s", quote(f.body), why)
			case len(ids) != 1:
				c.add(messageIDSyntax, f.at, "%s is %d identifiers", quote(f.body), len(ids))
			default:
				_, domain, _ := strings.Cut(ids[0], "@")
				if !isLiteral(domain) && !(isDomain(domain) && isFull(domain)) {
					c.add(messageIDDomain, f.at, "%s is not a domain of the internet", quote(domain))
				}
			}
		case "in-reply-to", "references":
			if _, why := parseIDs(f.body); why != "" {
				c.add(referencesSyntax, f.at, "%s: %s %s", f.name, quote(f.body), why)
			}
		}
	}
}

// parseIDs reads a list of identifiers, with white space and comments between them, and says what
// is wrong with it.
func parseIDs(s string) (ids []string, why string) {
	for s = skipComments(s); s != ""; s = skipComments(s) {
		if s[0] != '<' {
			if len(ids) == 0 && !strings.Contains(s, "<") {
				return nil, "is not in angle brackets"
			}
			return nil, "has something outside of angle brackets"
		}
		end := strings.IndexByte(s, '>')
		if end < 0 {
			return nil, "has an angle bracket that is not closed"
		}
		id := s[1:end]
		left, right, found := strings.Cut(id, "@")
		switch {
		case !found:
			return nil, "has an identifier without a domain"
		case !isDotAtom(left) && !(len(left) > 2 && left[0] == '"' && left[len(left)-1] == '"'):
			return nil, "has an identifier with something wrong before its at sign"
		case !isDotAtom(right) && !(len(right) > 2 && right[0] == '[' && right[len(right)-1] == ']'):
			return nil, "has an identifier with something wrong after its at sign"
		}
		ids = append(ids, id)
		s = s[end+1:]
	}
	if len(ids) == 0 {
		return nil, "has no identifier"
	}
	return ids, ""
}

// skipComments drops white space and comments from the beginning of s.
func skipComments(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if !strings.HasPrefix(s, "(") {
			return s
		}
		end := mime.CommentEnd(s, 0)
		if end < 0 {
			return s
		}
		s = s[end:]
	}
}

// isDotAtom reports whether s is a dot-atom (RFC 5322 §3.2.3; beyond ASCII, RFC 6532 §3.2).
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if b := atom[i]; !isAlphanumeric(b) && b < utf8.RuneSelf && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", rune(b)) {
				return false
			}
		}
	}
	return true
}
