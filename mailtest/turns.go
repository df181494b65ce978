package mailtest

// The compact form in which a session keeps its turns.

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// transcript has the turns of a session. Each takes few bytes, since there may be hundreds of thousands.
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
	filed      []*record            // the messages that were accepted; without bytes if they were released
	released   int                  // the number of them, from the first on, that were released
	forgotten  int                  // the number of turns that were forgotten, see keptTurns
	mailed     int                  // the number of messages that were accepted in them
	extras     []extra
	chunks     []int // the extras with the chunks of an unfinished message
	apart      bool  // others of its chunks were forgotten
	refused    int64 // the number of bytes in the extras that belong to no message
}

// turn is a turn in few bytes.
type turn struct {
	received, replied time.Duration // since start; replied < 0: never
	wording           int32         // its index
	stage             Stage
	filed             bool // the next of the messages was accepted in it
	extra             bool // the next of the extras belongs to it
}

// wording is a command and the reply to it, one after the other in transcript.text. Turns share
// one if they repeat what was said the last time at their stage, as those of a kept connection do.
type wording struct {
	at             int
	command, reply int32
}

// extra has the data that most turns lack.
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
	rule := max(0, t.Action.Rule) // standingRule is not shown
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
		l.chunks, l.apart = nil, false
	}
	l.turns = append(l.turns, rec)
}

// share makes the chunks of a message, which came before its end, slices of the message, so its bytes are kept
// once. It leaves them as they are if some of them were forgotten.
func (l *transcript) share(message []byte) {
	if l.apart {
		l.chunks, l.apart = nil, false
	}
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

// redact returns a command line with its credentials replaced. Only AUTH and the name of a mechanism remain, and
// the "*" with which a client cancels (RFC 4954 §4), which cannot be base64.
func redact(line []byte, verb string) []byte {
	const secret = "***"
	if verb != "AUTH" {
		if string(line) == cancelsAuth {
			return line
		}
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

// isMechanism reports whether a word is the name of a SASL mechanism that is registered or in use, in any letter
// case. Another word may be a password.
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
func (ss *session) snapshot() *Session { return ss.part(1, math.MaxInt) }

// part returns the transcript so far, but only the turns with the numbers from first to last.
func (ss *session) part(first, last int) *Session {
	s := ss.copied(first, last)
	for i := range s.Turns {
		if t := &s.Turns[i]; t.Stage == Dot && t.Command == "" {
			t.Notes = slices.Concat(t.Notes, notesOf(wire.LineEnds(t.Payload)))
		}
	}
	return s
}

// summary returns the transcript so far, but only the last turn.
func (ss *session) summary() *Session { return ss.latest(1) }

// latest returns the transcript so far, but only the last n turns.
func (ss *session) latest(n int) *Session {
	ss.mu.Lock()
	last := len(ss.log.turns) + ss.log.forgotten
	ss.mu.Unlock()
	s := ss.part(max(last-n, 0)+1, math.MaxInt) // others may have come meanwhile, and that one may be forgotten
	s.Turns = s.Turns[max(len(s.Turns)-n, 0):]
	return s
}

// copied returns what part does, without the notes that take long to make.
func (ss *session) copied(first, last int) *Session {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	l := &ss.log
	s := &Session{
		Number: ss.number, Client: l.client, Server: ss.local,
		Start: l.start, End: l.end, Ending: l.ending, TLS: l.tls,
		Helo: l.helo, User: l.user, Mechanism: l.mechanism,
	}
	if total := len(l.turns) + l.forgotten; first <= last && first <= total {
		s.Turns = make([]Turn, 0, min(last, total, first-1+len(l.turns))-first+1)
	}
	s.MessageCount = l.mailed + len(l.filed)
	for _, r := range l.filed {
		s.Messages = append(s.Messages, r.number)
	}
	filed, extras := 0, l.extras
	for i, rec := range l.turns {
		number := i + 1
		if i >= keptTurns {
			number += l.forgotten
		}
		if number > last {
			break
		}
		if number < first {
			if rec.extra {
				extras = extras[1:]
			}
			if rec.filed {
				filed++
			}
			continue
		}
		w := l.wordings[rec.wording]
		middle := w.at + int(w.command)
		t := Turn{
			Number:   number,
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
		if i == keptTurns && l.forgotten > 0 {
			t.Notes = slices.Concat([]Note{{Kind: TurnsForgotten, Count: int64(l.forgotten)}}, t.Notes)
		}
		s.Turns = append(s.Turns, t)
	}
	return s
}
