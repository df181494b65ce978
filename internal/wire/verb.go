package wire

// Verbs: the first words of commands.

import (
	"bytes"
	"strings"
)

// verb returns the upper-case verb of a command line if SMTP knows it, and otherwise "".
func verb(line []byte) string {
	word := line
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		word = line[:i]
	}
	for _, v := range &verbs {
		if len(v) == len(word) && strings.EqualFold(v, string(word)) {
			return v
		}
	}
	return ""
}

// KnownVerb reports whether a word is the verb of a command that SMTP knows, in any letter case.
func KnownVerb(word string) bool { return verb([]byte(word)) != "" }

// verbs are those of RFC 5321 §4.1.1 and the extensions, the frequent ones first, and the dead ones
// of RFC 821.
var verbs = [...]string{
	"MAIL", "RCPT", "DATA", "BDAT", "EHLO", "HELO", "QUIT", "RSET", "NOOP", "AUTH", "STARTTLS", "VRFY", "HELP",
	"LHLO", "XCLIENT", "EXPN", "TURN", "SEND", "SOML", "SAML", "ETRN", "ATRN",
}

// argument returns what follows the first word of a line, trimmed.
func argument(line []byte) string {
	i := bytes.IndexAny(line, " \t")
	if i < 0 {
		return ""
	}
	return string(bytes.TrimSpace(line[i:]))
}
