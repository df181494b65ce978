package wire

// Paths: the address in the argument of MAIL and RCPT, and the parameters behind it.

import "strings"

// path takes apart the argument of MAIL or RCPT (RFC 5321 §4.1.2). The address is what the client
// wrote between the angle brackets, without a source route; where there are no brackets, the first
// word behind the colon. The syntax is not checked.
func path(arg string) (address string, params []string) {
	_, arg, _ = strings.Cut(arg, ":")
	arg = strings.TrimSpace(arg)
	if !strings.HasPrefix(arg, "<") {
		words := strings.Fields(arg)
		if len(words) == 0 {
			return "", nil
		}
		return words[0], words[1:]
	}
	end := closing(arg)
	address, params = arg[1:end], strings.Fields(strings.TrimPrefix(arg[end:], ">"))
	if strings.HasPrefix(address, "@") {
		if _, mailbox, ok := strings.Cut(address, ":"); ok {
			address = mailbox
		}
	}
	return address, params
}

// closing returns the index of the bracket that ends the path, which can't be one inside a quoted
// string nor one of a parameter's, or the length of s if there is none.
func closing(s string) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '>' && !quoted:
			return i
		}
	}
	return len(s)
}
