package imap

// The description of IMAP for package access, and the form of the reply of a rule.

import (
	"fmt"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

// protocol describes IMAP, without a Serve.
var protocol = access.Protocol{
	Name: "imap",
	Port: 143,
	Stages: []mailtest.Stage{
		mailtest.Greeting, mailtest.Handshake, mailtest.StartTLS, mailtest.Auth, mailtest.AuthStep, mailtest.Noop, mailtest.Quit,
		mailtest.Idle, mailtest.Unknown, Capability, Login, Enable, Select, Create, Delete, Rename, Subscribe, List, Status, Append,
		IdleCommand, Push, Expunge, Search, Fetch, Store, Copy, Move,
	},
	Lose:       []mailtest.Stage{Select, Fetch, Store, Copy, Move},
	CheckReply: checkReply,
	Complete:   complete,
	Accepts:    accepts,
	Farewell:   "* BYE The server is shutting down",
}

// untagged reports whether a line of a reply gets no tag.
func untagged(line string) bool {
	return strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "+ ") || line == "+"
}

// complete returns a reply as it goes over the wire in answer to a command with a tag, if there is one.
func complete(tag, reply string) string {
	if tag == "" {
		tag = "*"
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(reply, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if !untagged(line) {
			b.WriteString(tag + " ")
		}
		b.WriteString(line + "\r\n")
	}
	return b.String()
}

// accepts reports whether a complete reply says that the command has succeeded or, at some stages, continues.
func accepts(at mailtest.Stage, reply string) bool {
	lines := strings.Split(strings.TrimSuffix(reply, "\r\n"), "\r\n")
	tag, rest, _ := strings.Cut(lines[len(lines)-1], " ")
	status, _, _ := strings.Cut(rest, " ")
	if tag == "+" {
		return at == mailtest.Auth || at == mailtest.AuthStep || at == IdleCommand
	}
	return strings.EqualFold(status, "OK") || strings.EqualFold(status, "PREAUTH")
}

// checkReply returns an error if the reply of a rule is malformed.
func checkReply(at mailtest.Stage, reply string) error {
	const raw = "; to send something malformed, set Raw and write it with its tag and all of its line ends"
	lines := strings.Split(strings.TrimSuffix(reply, "\n"), "\n")
	for i, line := range lines {
		status, _, _ := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
		switch strings.ToUpper(status) {
		case "*", "+":
			continue
		case "OK", "NO", "BAD":
			if i == len(lines)-1 {
				continue
			}
			return fmt.Errorf("line %d of Reply is %q, which ends the reply, but there are more%s", i+1, line, raw)
		}
		return fmt.Errorf("Reply %q is not OK, NO, BAD or a line that begins with \"* \"; write \"NO [UNAVAILABLE] Try again later\"%s", line, raw)
	}
	return nil
}
