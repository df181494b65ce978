package wire

// Paths: the address in the argument of MAIL or RCPT, and the parameters after it.

import "strings"

// path splits the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client wrote between the angle
// brackets, without a source route. The route is returned without its colon. If there are no brackets, the address is
// the text from the colon up to white space. glued reports whether something follows the brackets without a space. path
// does not check the syntax.
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

// quoted returns the length of the quoted string at the beginning of s, or 0 if there is none. A string that is not
// closed extends to the end of s.
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
