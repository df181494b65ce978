package mailbox

// The format mbox, in its kind mboxrd: the only one from which messages come back as they were.

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// WriteMbox writes messages in the format mboxrd: each below a line "From sender date", with a ">"
// before those of its own lines that begin with "From " after any number of ">", and an empty line
// behind it. Line ends of messages stay as they are; a message whose last line has none gets one.
func WriteMbox(w io.Writer, messages ...*mailtest.Message) error {
	for _, m := range messages {
		if _, err := w.Write(appendMbox(nil, m)); err != nil {
			return fmt.Errorf("mailbox: write message %d: %w", m.Number, err)
		}
	}
	return nil
}

// appendMbox appends a message with its separators.
func appendMbox(b []byte, m *mailtest.Message) []byte {
	sender := strings.Map(func(r rune) rune {
		if r <= ' ' {
			return '_'
		}
		return r
	}, m.Envelope.From)
	if sender == "" {
		sender = "MAILER-DAEMON"
	}
	b = fmt.Appendf(b, "From %s %s\n", sender, m.Time.UTC().Format(time.ANSIC))
	for line := range bytes.Lines(m.Raw) {
		if quoted(line) {
			b = append(b, '>')
		}
		b = append(b, line...)
	}
	if len(m.Raw) > 0 && m.Raw[len(m.Raw)-1] != '\n' {
		b = append(b, '\n')
	}
	return append(b, '\n')
}

// quoted tells whether a line begins with "From " after any number of ">".
func quoted(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From "))
}

// ParseMbox reads the messages of an mbox: everything between lines that begin with "From " and
// stand at the beginning or below an empty line. Of the envelope they have the sender that such a
// line names, and the time, if it can be read. What stands before the first such line is a message,
// too. Nothing is an error.
func ParseMbox(mbox []byte) []*mailtest.Message {
	var messages []*mailtest.Message
	var raw []byte
	separator := ""
	begun, empty := false, true
	finish := func() {
		if !begun {
			return
		}
		raw = bytes.TrimSuffix(raw, []byte("\n")) // the empty line below
		raw = bytes.TrimSuffix(raw, []byte("\n\r"))
		if len(raw) > 0 && raw[len(raw)-1] != '\n' {
			raw = append(raw, '\n')
		}
		m := mailtest.ParseMessage(raw)
		m.Envelope.From, m.Time = parseSeparator(separator)
		messages = append(messages, m)
		raw = nil
	}
	for line := range bytes.Lines(mbox) {
		if empty && bytes.HasPrefix(line, []byte("From ")) {
			finish()
			begun, empty, separator = true, false, strings.TrimRight(string(line), "\r\n")
			continue
		}
		begun = true
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
		if line[0] == '>' && quoted(line) {
			line = line[1:]
		}
		raw = append(raw, line...)
	}
	finish()
	return messages
}

// parseSeparator reads the sender and the time of a line "From sender date".
func parseSeparator(line string) (sender string, when time.Time) {
	rest, ok := strings.CutPrefix(line, "From ")
	if !ok {
		return "", time.Time{}
	}
	sender, date, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	if sender == "MAILER-DAEMON" {
		sender = ""
	}
	when, _ = time.Parse(time.ANSIC, strings.TrimSpace(date))
	return sender, when
}
