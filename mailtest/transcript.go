package mailtest

// The transcript: what was said on a connection, turn by turn.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Session is the transcript of one connection, as far as it has come. It is plain data, and a copy:
// it does not change while the connection goes on.
type Session struct {
	// Number tells the connections of a server apart; the first has 1.
	Number int

	// Client and Server are the two ends, as "address:port".
	Client string
	Server string

	// Start is when the connection was accepted, End when it ended; End is zero while it is open.
	// Ending is how it ended.
	Start  time.Time
	End    time.Time
	Ending Ending

	// Helo, User and Mechanism are as in [Envelope]: the last name that the client gave, and who it
	// proved to be.
	Helo      string
	User      string
	Mechanism string

	// TLS describes the encryption; nil means that there is none.
	TLS *TLSState

	// Turns are what the client did and what the server answered, in order.
	Turns []Turn

	// Messages are the numbers of the messages that were accepted on this connection.
	Messages []int
}

// Turn is one thing that a client did, and the answer to it.
type Turn struct {
	// Stage is what the client did.
	Stage Stage

	// Command is the line as it was received, without its end. Credentials are replaced by "***".
	// It is empty where the client has sent none, as at Greeting and Dot.
	Command string

	// Payload is, at Dot and Bdat, what was received of the message, after unstuffing; also of one
	// that was not accepted. Of a message over the size limit it is the beginning, and so it is of the
	// oldest that were not accepted where they come to more than 64 MiB and twice the size limit; a note
	// says so. It is shared and must not be changed.
	Payload []byte

	// Received is when the client's part was complete, Replied when the reply was sent, or its
	// first byte; Replied is zero if none was.
	Received time.Time
	Replied  time.Time

	// Reply is what was sent, exactly: with its line ends, and cut off where the connection was.
	Reply string

	// Rule is the number of the rule that decided this turn, in the order in which they were added,
	// from 1; 0 is none.
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

// String returns the turn as lines of text: "-> " before what the client said, "<- " before what
// the server said.
func (t Turn) String() string {
	var s strings.Builder
	t.write(&s, time.Time{}, t.Reply)
	return s.String()
}

// write writes the turn with its reply in some form, and with times relative to start unless that is zero.
func (t Turn) write(s *strings.Builder, start time.Time, reply string) {
	const most = 512 // bytes of a command or reply line
	at := func(when time.Time) {
		if !start.IsZero() {
			fmt.Fprintf(s, "%10v ", elapsed.Round(when.Sub(start)))
		}
	}
	if t.Command != "" {
		at(t.Received)
		fmt.Fprintf(s, "-> %s\n", printable(t.Command, most))
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
		fmt.Fprintf(s, "<- %s\n", printable(strings.TrimRight(line, "\r\n"), most))
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

// brief returns the reply, that to EHLO in one line if it is well-formed (RFC 5321 §4.1.1.1): "250
// mx1.qq.com; PIPELINING; 8BITMIME".
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

// printable returns s with all bytes that are no printable UTF-8 escaped, and not longer than n or so.
func printable(s string, n int) string {
	tail := ""
	if len(s) > n {
		s, tail = cut(s, n), fmt.Sprintf("… (%d bytes)", len(s))
	}
	q := strconv.Quote(s)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	return q + tail
}

// String returns the whole transcript as text, with the time of each line since the connection
// began: in three significant digits, or in hundredths of a second from one second on.
func (s *Session) String() string {
	return s.text(len(s.Turns), len(s.Turns), func(t Turn) string { return t.Reply })
}

// brief is String with [Turn.brief] replies, and of a long dialogue only its beginning and its end.
func (s *Session) brief() string {
	const first, last = 10, 50
	return s.text(first, len(s.Turns)-last, Turn.brief)
}

// text is the transcript without the turns from one index up to another.
func (s *Session) text(from, to int, reply func(Turn) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %d from %s to %s\n", s.Number, s.Client, s.Server)
	for i, t := range s.Turns {
		switch {
		case i == from && from < to:
			fmt.Fprintf(&b, "%10s %d turns are left out here\n", "…", to-from)
		case i < from || i >= to:
			t.write(&b, s.Start, reply(t))
		}
	}
	if s.End.IsZero() {
		b.WriteString("still open\n")
	} else {
		fmt.Fprintf(&b, "%10v ended: %s\n", elapsed.Round(s.End.Sub(s.Start)), s.Ending)
	}
	return b.String()
}

// summary returns a line that says how far the session came.
func (s *Session) summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "session %d from %s: ", s.Number, s.Client)
	for i := len(s.Turns) - 1; i >= 0; i-- {
		if t := s.Turns[i]; t.Stage != Quit {
			said := t.Command
			if said == "" {
				said = strings.ToLower(t.Stage.String())
			}
			reply := "no reply"
			if t.Reply != "" {
				reply = strings.TrimRight(t.brief(), "\r\n")
			}
			fmt.Fprintf(&b, "%s → %s; ", printable(said, 120), printable(reply, 120))
			break
		}
	}
	if s.End.IsZero() {
		b.WriteString("still open")
	} else {
		b.WriteString(s.Ending.String())
	}
	return b.String()
}

// transcript is how a session keeps its turns: few bytes each, for there may be hundreds of thousands.
type transcript struct {
	start, end time.Time
	ending     Ending
	tls        *TLSState
	client     string
	helo       string
	user       string
	mechanism  string
	turns      []turn
	wordings   []wording
	text       []byte
	latest     [lastStage + 1]int32 // the wording of the latest turn of each stage, plus 1
	filed      []*record            // the messages that were accepted
	extras     []extra
	chunks     []int // the extras with the chunks of a message that has yet to end
	refused    int64 // bytes in the extras that are in no message
}

// turn is a turn in few bytes.
type turn struct {
	received, replied time.Duration // since start; replied < 0: never
	wording           int32         // its index
	stage             Stage
	filed             bool // the next of the messages was accepted in it
	extra             bool // the next of the extras belongs to it
}

// wording is a command and the reply to it, one behind the other in transcript.text. Turns share
// one if they repeat what was said the last time at their stage, as those of a kept connection do.
type wording struct {
	at             int
	command, reply int32
}

// extra is what most turns have not.
type extra struct {
	payload []byte // of a message that was not accepted
	notes   []Note
	rule    int
	shared  bool // the payload is part of a message
}

// add appends a turn, in which the latest message was accepted if filed is set.
func (l *transcript) add(stage Stage, t *wire.Turn, filed bool) {
	line := t.Line
	if t.Secret {
		line = redact(line, t.Verb)
	}
	rec := turn{received: t.Received.Sub(l.start), replied: -1, stage: stage, filed: filed}
	if !t.Replied.IsZero() {
		rec.replied = t.Replied.Sub(l.start)
	}
	rec.wording = l.word(stage, line, t.Reply[:t.Sent])
	rule := max(0, t.Action.Rule) // ofNature does not show
	if t.Payload != nil && !filed || t.Notes != nil || rule != 0 {
		rec.extra = true
		x := extra{notes: notesOf(t.Notes), rule: rule}
		if !filed {
			x.payload = t.Payload
			l.refused += int64(len(t.Payload))
		}
		l.extras = append(l.extras, x)
	}
	switch {
	case stage == Bdat && t.Accepted && rec.extra:
		l.chunks = append(l.chunks, len(l.extras)-1)
	case stage == Dot && t.Verb == "BDAT" && t.Payload != nil:
		l.share(t.Payload)
	case stage == Mail || stage == Rset:
		l.chunks = nil
	}
	l.turns = append(l.turns, rec)
}

// share lets the chunks of a message, which have come before its end, be parts of it, so that its bytes
// are kept once.
func (l *transcript) share(message []byte) {
	for _, i := range l.chunks {
		x := &l.extras[i]
		n := len(x.payload)
		x.payload, message, x.shared = message[:n:n], message[n:], true
		l.refused -= int64(n)
	}
	l.chunks = nil
}

// word returns the index of the wording of a turn.
func (l *transcript) word(stage Stage, command, reply []byte) int32 {
	if i := l.latest[stage]; i > 0 {
		w := l.wordings[i-1]
		middle := w.at + int(w.command)
		if string(l.text[w.at:middle]) == string(command) && string(l.text[middle:middle+int(w.reply)]) == string(reply) {
			return i - 1
		}
	}
	if l.text == nil { // room for one message: most connections carry no more
		l.text, l.wordings, l.turns = make([]byte, 0, 768), make([]wording, 0, 8), make([]turn, 0, 8)
	}
	l.wordings = append(l.wordings, wording{at: len(l.text), command: int32(len(command)), reply: int32(len(reply))})
	l.text = append(append(l.text, command...), reply...)
	l.latest[stage] = int32(len(l.wordings))
	return l.latest[stage] - 1
}

// unsent corrects how much of the last reply was sent.
func (l *transcript) unsent(t *wire.Turn) {
	last := &l.turns[len(l.turns)-1]
	w := l.wordings[last.wording] // which others may share
	w.reply = int32(t.Sent)
	last.wording = int32(len(l.wordings))
	l.wordings = append(l.wordings, w)
	if t.Sent == 0 {
		last.replied = -1
	}
}

// redact returns a command line with the credentials replaced: all of it but for AUTH and the name of a
// mechanism.
func redact(line []byte, verb string) []byte {
	const secret = "***"
	if verb != "AUTH" {
		return []byte(secret)
	}
	words := strings.Fields(string(line))
	for i := 1; i < len(words); i++ {
		if i > 1 || !isMechanism(words[i]) {
			words[i] = secret
		}
	}
	return []byte(strings.Join(words, " "))
}

// isMechanism reports whether a word is the name of a SASL mechanism that somebody has registered or
// deployed, in any letter case. What only looks like one may be a password.
func isMechanism(word string) bool {
	upper := strings.ToUpper(word)
	family, hash, _ := strings.Cut(upper, "-")
	switch family {
	case "CRAM", "DIGEST", "SCRAM", "GS2", "GSS", "EAP", "ECDSA":
		hash = strings.TrimSuffix(strings.TrimSuffix(hash, "-PLUS"), "-CHALLENGE")
		return slices.Contains([]string{"MD5", "SHA", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512", "SHA3-512",
			"KRB5", "SPNEGO", "AES128", "NIST256P"}, hash)
	}
	return slices.Contains([]string{"PLAIN", "LOGIN", "ANONYMOUS", "EXTERNAL", "GSSAPI", "NTLM", "OTP", "SKEY", "SECURID", "SRP",
		"KERBEROS_V4", "KERBEROS_V5", "XOAUTH", "XOAUTH2", "OAUTH10A", "OAUTHBEARER", "OPENID20", "SAML20"}, upper)
}

// snapshot returns the transcript so far.
func (ss *session) snapshot() *Session {
	s := ss.copied()
	for i := range s.Turns {
		if t := &s.Turns[i]; t.Stage == Dot && t.Command == "" {
			t.Notes = slices.Concat(t.Notes, notesOf(wire.LineEnds(t.Payload)))
		}
	}
	return s
}

// copied is snapshot but for what takes long.
func (ss *session) copied() *Session {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	l := &ss.log
	s := &Session{
		Number: ss.number, Client: l.client, Server: ss.local,
		Start: l.start, End: l.end, Ending: l.ending, TLS: l.tls,
		Helo: l.helo, User: l.user, Mechanism: l.mechanism,
		Turns: make([]Turn, 0, len(l.turns)),
	}
	for _, r := range l.filed {
		s.Messages = append(s.Messages, r.number)
	}
	filed, extras := 0, l.extras
	for _, rec := range l.turns {
		w := l.wordings[rec.wording]
		middle := w.at + int(w.command)
		t := Turn{
			Stage:    rec.stage,
			Command:  string(l.text[w.at:middle]),
			Reply:    string(l.text[middle : middle+int(w.reply)]),
			Received: l.start.Add(rec.received),
		}
		if rec.replied >= 0 {
			t.Replied = l.start.Add(rec.replied)
		}
		if rec.extra {
			t.Payload, t.Notes, t.Rule = extras[0].payload, extras[0].notes, extras[0].rule
			extras = extras[1:]
		}
		if rec.filed {
			t.Payload, t.Message = l.filed[filed].raw, l.filed[filed].number
			filed++
		}
		s.Turns = append(s.Turns, t)
	}
	return s
}
