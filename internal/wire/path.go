package wire

// Paths: the address in the argument of MAIL and RCPT, and the parameters behind it.

import "strings"

// path takes apart the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client
// wrote between the angle brackets, without a source route; where there are no brackets, what is
// behind the colon up to white space. The syntax is not checked.
func path(arg string) (address string, params []string) {
	_, arg, _ = strings.Cut(arg, ":")
	arg, bracketed := strings.CutPrefix(strings.TrimSpace(arg), "<")
	if strings.HasPrefix(arg, "@") {
		if _, mailbox, ok := strings.Cut(arg, ":"); ok {
			arg = mailbox
		}
	}
	ends := " \t"
	if bracketed {
		ends = ">"
	}
	end := quoted(arg)
	if i := strings.IndexAny(arg[end:], ends); i >= 0 {
		end += i
	} else {
		end = len(arg)
	}
	return arg[:end], strings.Fields(strings.TrimPrefix(arg[end:], ">"))
}

// badDomain tells whether there is something behind the at sign of an address that no domain has, such as
// a further address.
func badDomain(address string) bool {
	_, domain, _ := strings.Cut(address[quoted(address):], "@")
	return !strings.HasPrefix(domain, "[") && strings.ContainsAny(domain, "@,;:<>()\"\\")
}

// quoted returns the length of the quoted string with which s begins, 0 if it begins with none. One that
// is not closed is all of s.
func quoted(s string) int {
	if !strings.HasPrefix(s, `"`) {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}
