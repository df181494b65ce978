package mime

// Paths of SMTP commands (RFC 5321 §4.1.2).

import "strings"

// Path is the argument of MAIL or RCPT. Its syntax has not been checked.
type Path struct {
	Address   string // what stands between the angle brackets, without a source route, or before white space where there are none
	Route     string // the source route, without the colon at its end
	Rest      string // what follows: the parameters
	Bracketed bool   // there is an opening angle bracket
	Closed    bool   // there is a closing one, too
}

// ParsePath reads what follows the colon of "FROM:" and "TO:". In a local part in quotes there may be brackets and white space;
// if its quotes are not closed, it goes on to the end.
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

// QuotedLocal returns the length of the local part in quotes with which an address begins, 0 if it begins with none. One that
// is not closed is all of the address.
func QuotedLocal(address string) int {
	if !strings.HasPrefix(address, `"`) {
		return 0
	}
	if end := quotedEnd(address, 0); end >= 0 {
		return end
	}
	return len(address)
}
