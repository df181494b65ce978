package wire

// Paths: the address in the argument of MAIL and RCPT, and the parameters behind it.

import "strings"

// path takes apart the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client
// wrote between the angle brackets, without a source route; where there are no brackets, what is
// behind the colon up to white space. The syntax is not checked.
func path(arg string) (address string, params []string) {
	_, arg, _ = strings.Cut(arg, ":")
	arg = strings.TrimSpace(arg)
	if !strings.HasPrefix(arg, "<") {
		end := unquoted(arg, " \t")
		return arg[:end], strings.Fields(arg[end:])
	}
	end := unquoted(arg, ">")
	address, params = arg[1:end], strings.Fields(strings.TrimPrefix(arg[end:], ">"))
	if strings.HasPrefix(address, "@") {
		if _, mailbox, ok := strings.Cut(address, ":"); ok {
			address = mailbox
		}
	}
	return address, params
}

// unquoted returns the index of the first of some bytes that is not inside a quoted string, or the length
// of s if there is none.
func unquoted(s, some string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case !quoted && strings.IndexByte(some, s[i]) >= 0:
			return i
		}
	}
	return len(s)
}
