package wire

// Paths: the address in the argument of MAIL and RCPT, and the parameters after it.

import "strings"

// path takes apart the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client
// wrote between the angle brackets, without a source route, which is returned without its colon; where
// there are no brackets, what is after the colon up to white space. It is glued if something follows the
// brackets without a space. The syntax is not checked.
func path(arg string) (address, route string, params []string, glued bool) {
	_, arg, _ = strings.Cut(arg, ":")
	arg, bracketed := strings.CutPrefix(strings.TrimSpace(arg), "<")
	if strings.HasPrefix(arg, "@") {
		if before, mailbox, ok := strings.Cut(arg, ":"); ok {
			route, arg = before, mailbox
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
	rest, closed := strings.CutPrefix(arg[end:], ">")
	return arg[:end], route, strings.Fields(rest), closed && rest != "" && rest[0] != ' ' && rest[0] != '\t'
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
