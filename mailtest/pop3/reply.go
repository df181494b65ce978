package pop3

// The description of POP3 for package access, and the form of the reply of a rule.

import (
	"fmt"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

// protocol describes POP3, without a Serve.
var protocol = access.Protocol{
	Name: "pop3",
	Port: 110,
	Stages: []mailtest.Stage{
		mailtest.Greeting, mailtest.Handshake, mailtest.StartTLS, mailtest.Auth, mailtest.AuthStep, mailtest.Noop, mailtest.Rset,
		mailtest.Quit, mailtest.Idle, mailtest.Unknown, User, Pass, Apop, Capa, Stat, List, Uidl, Retr, Top, Dele, Utf8, Lang,
	},
	Lose:       []mailtest.Stage{Uidl, Retr, Top, Dele},
	CheckReply: checkReply,
	Complete:   func(_, reply string) string { return crlf(reply) },
	Accepts:    accepts,
	Farewell:   "-ERR [SYS/TEMP] The server is shutting down",
}

// crlf returns lines of text as the bytes that go over the wire.
func crlf(text string) string {
	text = strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\r\n", "\n")
	return strings.ReplaceAll(text, "\n", "\r\n") + "\r\n"
}

// isStatus reports whether a reply has a status indicator (RFC 1939 §3).
func isStatus(reply, indicator string) bool {
	rest, ok := strings.CutPrefix(reply, indicator)
	return ok && (rest == "" || strings.ContainsRune(" \r\n", rune(rest[0])))
}

// accepts reports whether a reply says that the command has succeeded or continues.
func accepts(at mailtest.Stage, reply string) bool {
	return isStatus(reply, "+OK") || isChallenge(at, reply)
}

// isChallenge reports whether a reply is the challenge of a SASL exchange (RFC 5034 §4).
func isChallenge(at mailtest.Stage, reply string) bool {
	return (at == mailtest.Auth || at == mailtest.AuthStep) && strings.HasPrefix(reply, "+ ")
}

// checkReply returns an error if the reply of a rule is malformed.
func checkReply(at mailtest.Stage, reply string) error {
	const raw = "; to send something malformed, set Raw and write it with all of its line ends"
	lines := strings.Split(strings.TrimSuffix(reply, "\n"), "\n")
	switch {
	case !isStatus(reply, "+OK") && !isStatus(reply, "-ERR") && !isChallenge(at, reply):
		return fmt.Errorf("Reply %q does not begin with +OK or -ERR; write \"-ERR [SYS/TEMP] Try again later\"%s", reply, raw)
	case len(lines) > 1 && !isStatus(reply, "+OK"):
		return fmt.Errorf("Reply %q has several lines, which only a positive reply may have%s", reply, raw)
	case len(lines) > 1 && strings.TrimSuffix(lines[len(lines)-1], "\r") != ".":
		return fmt.Errorf("Reply %q has several lines, of which the last is not a dot%s", reply, raw)
	}
	return nil
}
