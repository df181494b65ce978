package mailbox

// The format mbox, in its kind mboxrd: the only one from which messages come back as they were.

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// WriteMbox writes messages in the mboxrd format: each message follows a line "From sender date",
// has a ">" added to those of its own lines that begin with any number of ">" and "From ", and ends
// with an empty line. Line ends stay as they are, and are added to a last line that has none.
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

// quoted reports whether a line begins with "From " after any number of ">".
func quoted(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From "))
}

// ParseMbox returns the messages of an mbox. Each message follows a separator (RFC 4155 appendix
// A): a line with "From ", a sender, and a date, with or without a zone, as mailers write it. A
// separator follows an empty line, or, since some mailers write no empty lines, precedes a header
// field, unless the Content-Length of the message says that it is text. A line such as "From Monday
// on we are closed" is text, unless it is the first line.
//
// The envelope of each message has the sender and the time that the separator names; a date without
// an offset is in UTC. Anything before the first separator is a message too. No input is an error.
func ParseMbox(mbox []byte) []*mailtest.Message {
	var messages []*mailtest.Message
	r := mboxReader{mbox: mbox}
	r.begin()
	var sep separator
	begun := false
	finish := func() {
		if begun {
			m := mailtest.ParseMessage(r.message())
			m.Envelope.From, m.Time = sep.sender, sep.time
			messages = append(messages, m)
		}
	}
	for r.next() {
		if next, ok := r.separator(); ok {
			finish()
			begun, sep = true, next
			r.begin()
			continue
		}
		begun = true
		r.keep()
	}
	finish()
	return messages
}

// mboxReader reads an mbox line by line.
type mboxReader struct {
	mbox      []byte
	line      []byte
	at, after int // where the line begins, and where the next one does

	raw      []byte // the message so far
	inHeader bool
	empty    bool // the line before was empty
	length   int  // the value of Content-Length, or -1
	bodyEnd  int  // where the body ends if Content-Length is right
}

// next reads the next line.
func (r *mboxReader) next() bool {
	r.at = r.after
	r.line = lineAt(r.mbox, r.at)
	r.after = r.at + len(r.line)
	return len(r.line) > 0
}

// begin begins a message.
func (r *mboxReader) begin() {
	r.raw, r.inHeader, r.empty, r.length, r.bodyEnd = nil, true, false, -1, 0
}

// separator returns what the line is if it separates messages.
func (r *mboxReader) separator() (separator, bool) {
	if !bytes.HasPrefix(r.line, []byte("From ")) {
		return separator{}, false
	}
	sep, ok := parseSeparator(r.line)
	switch {
	case r.at == 0:
		return sep, true
	case !ok:
		return sep, false
	case r.empty:
		return sep, true
	}
	return sep, len(r.raw) > 0 && isField(lineAt(r.mbox, r.after)) && r.at >= r.bodyEnd
}

// keep makes the line one of the message.
func (r *mboxReader) keep() {
	r.empty = isEmpty(r.line)
	switch {
	case r.inHeader && r.empty:
		r.inHeader = false
		r.trust(r.length)
	case r.inHeader:
		if name, value, ok := bytes.Cut(r.line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if n, err := strconv.Atoi(string(bytes.TrimSpace(value))); err == nil {
				r.length = n
			}
		}
	}
	if line := r.line; line[0] == '>' && quoted(line) {
		r.raw = append(r.raw, line[1:]...)
	} else {
		r.raw = append(r.raw, line...)
	}
}

// trust takes the length of a body that begins below the line if a separator or nothing is where it ends.
func (r *mboxReader) trust(length int) {
	if length < 0 || length > len(r.mbox)-r.after {
		return
	}
	end := r.after + length
	text := r.mbox[:min(len(r.mbox), end+2*mostSeparator)] // many messages may end before the same long line
	below := lineAt(text, end)
	if isEmpty(below) {
		below = lineAt(text, end+len(below))
	}
	if _, ok := parseSeparator(below); ok || len(below) == 0 {
		r.bodyEnd = end
	}
}

// message returns the message, without the empty line below it.
func (r *mboxReader) message() []byte {
	raw := r.raw
	if r.empty {
		raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	}
	if len(raw) > 0 && raw[len(raw)-1] != '\n' {
		raw = append(raw, '\n')
	}
	return raw
}

// lineAt returns the line at byte i, with its end.
func lineAt(b []byte, i int) []byte {
	if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
		return b[i : i+n+1]
	}
	return b[i:]
}

// isEmpty reports whether a line is one, and has nothing in it.
func isEmpty(line []byte) bool {
	return len(line) > 0 && len(bytes.TrimRight(line, "\r\n")) == 0
}

// isField reports whether a line begins as a header field does.
func isField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	return ok && len(name) > 0 && !bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// separator is a line between messages.
type separator struct {
	sender string // "" for a bounce, and where mailers write none
	time   time.Time
}

// dates are the layouts of the dates in separators, with one space between their words. That of RFC 4155 is
// the first; Gmail Takeout has the second.
var dates = []string{
	"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 -0700 2006", "Mon Jan 2 15:04:05 2006 -0700", "Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006 MST",
	"Mon Jan 2 15:04 2006", "Mon Jan 2 15:04 MST 2006",
	"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05",
	"2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05Z07:00",
}

// mostSeparator is the maximum length of a separator after "From ", in bytes.
const mostSeparator = 1000

// parseSeparator reads a line "From sender date", and perhaps "remote from host" after it, as UUCP has it.
func parseSeparator(line []byte) (sep separator, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("From "))
	if !ok || len(rest) > mostSeparator {
		return sep, false
	}
	words := strings.Fields(string(rest))
	if n := len(words); n > 3 && words[n-3] == "remote" && words[n-2] == "from" {
		words = words[:n-3]
	}
	sep.sender = strings.Join(words[:min(len(words), 1)], "")
	for n := range min(len(words), 7) {
		sender, date := words[:n], strings.Join(words[n:], " ")
		for _, layout := range dates {
			t, err := time.Parse(layout, date)
			if err != nil || !isSender(sender) {
				continue
			}
			sep.sender, sep.time = strings.Join(sender, " "), t.UTC()
			sep.sender = strings.Trim(strings.Replace(sep.sender, " at ", "@", 1), "<>")
			switch sep.sender {
			case "MAILER-DAEMON", "-", "???@???":
				sep.sender = ""
			}
			return sep, true
		}
	}
	return sep, false
}

// isSender reports whether words may be the sender of a separator: an address or a name, "bob at example.com" in the
// archives of mailing lists, or nothing.
func isSender(words []string) bool {
	return len(words) <= 1 || len(words) == 3 && words[1] == "at" || strings.HasPrefix(words[0], `"`) && strings.Contains(words[len(words)-1], `"@`)
}
