package mime

// Paths of SMTP commands (RFC 5321 §4.1.2).

import "strings"

// Path is the argument of MAIL or RCPT. Its syntax is not checked.
type Path struct {
	Address   string // the text in angle brackets, without a source route; else the text up to white space
	Route     string // the source route, without the colon at its end
	Rest      string // the rest of the argument: the parameters
	Bracketed bool   // there is an opening angle bracket
	Closed    bool   // there is a closing angle bracket
}

// ParsePath parses the text after the colon of "FROM:" or "TO:". A quoted local part may contain brackets and white
// space; if the quotes are not closed, it extends to the end.
func ParsePath(s string) Path {
	var p Path
	s, p.Bracketed = strings.CutPrefix(strings.TrimSpace(s), "<")
	if strings.HasPrefix(s, "@") {
		if route, mailbox, ok := strings.Cut(s, ":"); ok {
			p.Route, s = route, mailbox
		}
	}
	ends := " \t"
	if p.Bracketed {
		ends = ">"
	}
	end := QuotedLocal(s)
	if i := strings.IndexAny(s[end:], ends); i >= 0 {
		end += i
	} else {
		end = len(s)
	}
	p.Address = s[:end]
	p.Rest, p.Closed = strings.CutPrefix(s[end:], ">")
	return p
}

// QuotedLocal returns the length of the quoted local part at the beginning of an address, or 0 if there is none. A
// local part that is not closed is all of the address.
func QuotedLocal(address string) int {
	if !strings.HasPrefix(address, `"`) {
		return 0
	}
	if end := quotedEnd(address, 0); end >= 0 {
		return end
	}
	return len(address)
}
