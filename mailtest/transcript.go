package mailtest

// The transcript of a session, turn by turn.

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
)

// Session is the transcript of one connection, as far as it has come. It is plain data, and a copy that does
// not change when the connection continues.
type Session struct {
	// Number is the number of the connection on its server. The first connection has number 1.
	Number int

	// Client and Server are the two ends, as "address:port".
	Client string
	Server string

	// Start is the time at which the connection was accepted, and End the time at which it ended, or zero while
	// it is open. Ending is how it ended. If the server ends the connection, as after QUIT, that is noted before the
	// client can see it. If the client has closed it, the server may yet have to notice, for which
	// [Server.WaitSession] waits.
	Start  time.Time
	End    time.Time
	Ending Ending

	// Helo, User and Mechanism are as in [Envelope]: the last name that the client gave, and the identity that it
	// proved.
	Helo      string
	User      string
	Mechanism string

	// TLS describes the encryption. It is nil if there is none.
	TLS *TLSState

	// Turns are the turns in order. After [Server.LimitSessions], some may have been forgotten.
	Turns []Turn

	// Messages are the numbers of the messages that were accepted on this connection, except in turns that were
	// forgotten. MessageCount counts those too.
	Messages     []int
	MessageCount int
}

// Turn returns the turn with a number, or nil if there is none or it was forgotten.
func (s *Session) Turn(number int) *Turn {
	i := sort.Search(len(s.Turns), func(i int) bool { return s.Turns[i].Number >= number })
	if i == len(s.Turns) || s.Turns[i].Number != number {
		return nil
	}
	return &s.Turns[i]
}

// Turn is one thing that a client did, usually a command, and the reply to it.
type Turn struct {
	// Number is the number of the turn in its session. The first turn has number 1. The numbers of turns that were
	// forgotten are not used again.
	Number int

	// Stage is what the client did.
	Stage Stage

	// Command is the line as it was received, without its end. Credentials are replaced by "***". It is empty
	// at stages without a line, such as Greeting and Dot.
	Command string

	// Payload, at Dot and Bdat, is the received part of the message, accepted or not, after unstuffing. It is cut,
	// and a note says so, if the message is over the size limit. If the messages that the server did not accept
	// together exceed 64 MiB plus twice the size limit, the oldest of them are cut. Payload is shared and must not
	// be changed.
	Payload []byte

	// Received is the time at which the client's part was complete. Replied is the time at which the reply was sent,
	// or its first byte; it is zero if nothing was sent.
	Received time.Time
	Replied  time.Time

	// Reply is exactly what was sent, with its line ends. It is cut off where the connection was.
	Reply string

	// Rule is the number of the rule that decided this turn, or 0. Rules are numbered from 1, in the order in which
	// they were added.
	Rule int

	// Message is the number of the message that was accepted in this turn, or 0. With LMTP, it is
	// in the turn of the first recipient.
	Message int

	// Notes say what was remarkable about the client's bytes.
	Notes []Note
}

// Code returns the reply code, or 0 if there is none.
func (t Turn) Code() int {
	if len(t.Reply) < 3 {
		return 0
	}
	code, err := strconv.ParseUint(t.Reply[:3], 10, 10)
	if err != nil {
		return 0
	}
	return int(code)
}

// String returns the turn as lines of text, with "-> " before what the client said and "<- " before what the
// server said.
func (t Turn) String() string {
	var s strings.Builder
	t.write(&s, time.Time{}, t.Reply)
	return s.String()
}

// write writes the turn with the given form of its reply, and with times relative to start unless that is zero.
func (t Turn) write(s *strings.Builder, start time.Time, reply string) {
	const most = 512 // bytes of a command or reply line
	at := func(when time.Time) {
		if !start.IsZero() {
			writeElapsed(s, when.Sub(start))
			s.WriteByte(' ')
		}
	}
	if t.Command != "" {
		at(t.Received)
		s.WriteString("-> " + printable(t.Command, most) + "\n")
	}
	if t.Payload != nil {
		at(t.Received)
		fmt.Fprintf(s, "-> (%d bytes of message)\n", len(t.Payload))
	}
	for _, note := range t.Notes {
		at(t.Received)
		fmt.Fprintf(s, "   (%s)\n", note)
	}
	if reply == "" && t.Stage != Handshake {
		at(t.Received)
		s.WriteString("<- (no reply)\n")
	}
	for line := range strings.Lines(reply) {
		at(t.Replied)
		s.WriteString("<- " + printable(strings.TrimRight(line, "\r\n"), most) + "\n")
	}
	if t.Rule != 0 {
		when := t.Replied
		if when.IsZero() {
			when = t.Received
		}
		at(when)
		fmt.Fprintf(s, "   (rule %d)\n", t.Rule)
	}
}

// brief returns the reply. A well-formed reply to EHLO (RFC 5321 §4.1.1.1) is put on one line: "250 mx1.qq.com;
// PIPELINING; 8BITMIME".
func (t Turn) brief() string {
	text, whole := strings.CutSuffix(t.Reply, "\r\n")
	if t.Stage != Helo || !whole {
		return t.Reply
	}
	lines := strings.Split(text, "\r\n")
	for i, line := range lines {
		begin := "250-"
		if i == len(lines)-1 {
			begin = "250 "
		}
		keyword, ok := strings.CutPrefix(line, begin)
		if !ok {
			return t.Reply
		}
		lines[i] = keyword
	}
	return "250 " + strings.Join(lines, "; ") + "\r\n"
}

// printable returns s with all bytes escaped that are not printable UTF-8, cut to about n bytes.
func printable(s string, n int) string {
	tail := ""
	if len(s) > n {
		s, tail = cut(s, n), fmt.Sprintf("… (%d bytes)", len(s))
	}
	if !strings.ContainsFunc(s, mayBeEscaped) {
		return s + tail
	}
	q := strconv.Quote(s)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	return q + tail
}

// mayBeEscaped reports whether a character is other than most are.
func mayBeEscaped(r rune) bool { return r < ' ' || r > '~' || r == '\\' || r == '"' }

// String returns the whole transcript as text. The first line names the two ends, and the version of TLS if the
// connection is encrypted. Each other line has the time since the connection began, with three significant digits
// or, from one second on, in hundredths of a second.
func (s *Session) String() string {
	return s.text(len(s.Turns), len(s.Turns), func(t Turn) string { return t.Reply })
}

// brief is String with replies as [Turn.brief] returns them. Of a long session it has only the beginning and the
// end.
func (s *Session) brief() string {
	const first, last = 10, 50
	return s.text(first, len(s.Turns)-last, Turn.brief)
}

// text returns the transcript without the turns from one index up to another.
func (s *Session) text(from, to int, reply func(Turn) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %d from %s to %s", s.Number, s.Client, s.Server)
	if s.TLS != nil {
		b.WriteString(" with " + s.TLS.Version)
	}
	b.WriteByte('\n')
	for i, t := range s.Turns {
		switch {
		case i == from && from < to:
			fmt.Fprintf(&b, "%10s %d turns are left out here\n", "…", max(to-from, s.Turns[to].Number-t.Number))
		case i < from || i >= to:
			t.write(&b, s.Start, reply(t))
		}
	}
	if s.End.IsZero() {
		b.WriteString("still open\n")
	} else {
		writeElapsed(&b, s.End.Sub(s.Start))
		fmt.Fprintf(&b, " ended: %s\n", s.Ending)
	}
	return b.String()
}

// writeElapsed writes a time since the beginning of the session, rounded and in a column.
func writeElapsed(s *strings.Builder, d time.Duration) {
	const column = "          "
	text := elapsed.Round(d).String()
	if n := utf8.RuneCountInString(text); n < len(column) {
		s.WriteString(column[n:])
	}
	s.WriteString(text)
}

// summary returns a line that says how far the session came.
func (s *Session) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %d from %s: ", s.Number, s.Client)
	if i := s.decisive(); i >= 0 {
		t := s.Turns[i]
		said := t.Command
		if t.Stage == AuthStep {
			said = s.mechanism(i)
		}
		if said == "" {
			said = strings.ToLower(t.Stage.String())
		}
		reply := "no reply"
		if t.Reply != "" {
			reply = strings.TrimRight(t.brief(), "\r\n")
		}
		fmt.Fprintf(&b, "%s → %s; ", printable(said, 120), printable(reply, 120))
		if s.End.IsZero() && i == len(s.Turns)-1 && t.Stage == Data && t.Code() == 354 {
			b.WriteString("the message is not complete; ")
		}
	}
	if s.End.IsZero() {
		b.WriteString("still open")
	} else {
		b.WriteString(s.Ending.String())
	}
	return b.String()
}

// tellingTurns is a number of turns, at the end of a session, of which one says how far it came. By LMTP, a message to n
// recipients has n turns at its end, and a client may send it to 100 (RFC 5321 §4.5.3.1.8).
const tellingTurns = 200

// cancelsAuth is the line with which a client cancels AUTH. Many send it after a refusal too.
const cancelsAuth = "*"

// decisive returns the index of the turn that says how far the session came, or -1 if there is none. That is the last
// one, apart from what clients do when they give up: QUIT, RSET, NOOP, and cancelling AUTH.
func (s *Session) decisive() int {
	for i, t := range slices.Backward(s.Turns) {
		switch {
		case t.Stage == Quit, t.Command == cancelsAuth:
		case (t.Stage == Rset || t.Stage == Noop) && t.Code() == 250:
		default:
			return i
		}
	}
	return -1
}

// delivered reports whether the decisive turn is that of a message that was accepted.
func (s *Session) delivered() bool {
	i := s.decisive()
	for i > 0 && s.Turns[i].Message == 0 && s.Turns[i].Stage == Dot && s.Turns[i].Code() == 250 {
		i-- // by LMTP, the first of several replies has the message
	}
	return i >= 0 && s.Turns[i].Message != 0
}

// mechanism returns the last AUTH command before a turn.
func (s *Session) mechanism(turn int) string {
	for _, t := range slices.Backward(s.Turns[:turn]) {
		if t.Stage == Auth {
			return t.Command
		}
	}
	return ""
}
