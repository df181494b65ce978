package access

// Turns, with the rules that decide them and the replies.

import (
	"bytes"
	"errors"
	"net"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Turn is one thing that a client did, while the reply to it is being made. It is used like this:
//
//	t, err := c.Begin(stage, command)
//	if err == nil && !t.Answered() {
//		… do what the command says, t.Write the reply
//	}
//	err = t.End(agreed)
type Turn struct {
	c    *Conn
	turn mailtest.Turn
	rule *rule

	custom []byte // the reply of the rule, or nil
	held   []byte // the server's own reply, while custom may still replace it
	left   int64  // the number of bytes of the reply until the connection ends, or -1
	sent   int64  // bytes of the reply so far
	tail   []byte // the last bytes of the reply, which flush has yet to write
	last   error  // the way in which the connection ends after the reply, or nil
	ended  error  // the way in which the connection has ended in this turn
}

// Begin begins a turn. It finds the rule that decides the turn, and carries out its delay and its Drop. If the
// connection ends, the error says how. The command is for the transcript, and must not have credentials.
func (c *Conn) Begin(stage mailtest.Stage, command string, notes ...mailtest.Note) (*Turn, error) {
	return c.BeginTagged("", stage, command, notes...)
}

// BeginTagged is Begin for a command with a tag, which the reply of a rule gets.
func (c *Conn) BeginTagged(tag string, stage mailtest.Stage, command string, notes ...mailtest.Note) (*Turn, error) {
	return c.attempt(tag, &mailtest.Attempt{Stage: stage, Command: command}, notes...)
}

func (c *Conn) attempt(tag string, a *mailtest.Attempt, notes ...mailtest.Note) (*Turn, error) {
	c.mu.Lock()
	c.counts[a.Stage]++
	a.Nth = c.counts[a.Stage]
	interjected := c.interjected
	c.interjected = ""
	c.mu.Unlock()
	a.Session, a.Client, a.User, a.Encrypted = c.Number(), host(c.session.log.Client), c.user, c.encrypted != nil
	a.Open = c.server.openSessions(c, a.Stage)
	t := &Turn{c: c, left: -1, turn: mailtest.Turn{Stage: a.Stage, Command: a.Command, Received: time.Now(), Notes: notes}}
	t.turn.Reply, t.sent = interjected, int64(len(interjected))
	t.rule = c.server.rule(tag, a)
	if t.rule == nil {
		return t, nil
	}
	r := &t.rule.Rule
	t.turn.Rule = max(0, t.rule.Number)
	if r.Delay > 0 && a.Stage != mailtest.Idle {
		if err := c.sleep(r.Delay); err != nil {
			t.record()
			return nil, err
		}
	}
	reply := r.Reply
	if r.ReplyFunc != nil {
		reply = r.ReplyFunc(a)
	}
	switch {
	case reply == "":
	case r.Raw:
		t.custom = []byte(reply)
	default:
		t.custom = []byte(c.server.protocol.Complete(tag, reply))
	}
	if r.Drop != 0 && t.custom == nil && r.AfterBytes == 0 && !r.AfterReply {
		t.record()
		return nil, t.drop()
	}
	if r.Drop != 0 && r.AfterBytes > 0 {
		t.left = r.AfterBytes
	}
	return t, nil
}

// host returns the address of an "address:port" without the port.
func host(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// Answered reports whether a rule answers in place of the server, which must then do nothing.
func (t *Turn) Answered() bool {
	return t.custom != nil && !t.c.server.protocol.Accepts(t.turn.Stage, string(t.custom))
}

// replaces reports whether the reply of the rule replaces the server's own.
func (t *Turn) replaces(agreed bool) bool {
	return t.Answered() || t.rule.Rule.Lie || agreed && (len(t.held) == 0 || continues(t.held) == continues(t.custom))
}

// continues reports whether a reply asks the client to continue: with literal data, with an answer to a challenge,
// or with DONE.
func continues(reply []byte) bool {
	reply = bytes.TrimSuffix(reply, []byte("\r\n"))
	last := reply[bytes.LastIndexByte(reply, '\n')+1:]
	return string(last) == "+" || bytes.HasPrefix(last, []byte("+ "))
}

// Lose reports whether the rule loses something, see [mailtest.Rule].
func (t *Turn) Lose() bool { return t.rule != nil && t.rule.Rule.Lose }

// Note adds a note.
func (t *Turn) Note(n mailtest.Note) { t.turn.Notes = append(t.turn.Notes, n) }

// Last notes that the connection ends after the reply, in the way of an error of [Ended].
func (t *Turn) Last(how error) { t.last = how }

// Write writes a piece of the server's own reply. The error says how the connection ended.
func (t *Turn) Write(p []byte) (int, error) {
	if t.custom != nil {
		t.held = append(t.held, p...)
		return len(p), nil
	}
	if err := t.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// WriteString is Write for a string.
func (t *Turn) WriteString(s string) (int, error) { return t.Write([]byte(s)) }

// End ends the turn, which is in the transcript before the client can read the end of the reply. Agreed reports
// whether the command has succeeded. The error says how the connection ended.
func (t *Turn) End(agreed bool) error {
	if t.ended != nil {
		return t.ended
	}
	if t.custom != nil {
		reply := t.held
		if t.replaces(agreed) {
			reply = t.custom
		}
		if err := t.send(reply); err != nil {
			return err
		}
		for t.rule.Rule.Endless {
			if err := t.flush(); err != nil {
				t.record()
				return err
			}
			if err := t.write(reply); err != nil {
				t.record()
				return err
			}
		}
	}
	t.record()
	t.parting()
	if err := t.flush(); err != nil {
		t.c.session.unsent(0)
		return err
	}
	if t.rule != nil && t.rule.Rule.Drop != 0 {
		return t.drop()
	}
	return nil
}

// send sends a piece of the reply, and keeps its beginning for the transcript.
func (t *Turn) send(p []byte) error {
	if t.ended != nil {
		return t.ended
	}
	last := t.left >= 0 && int64(len(p)) >= t.left
	if last {
		p = p[:t.left]
	}
	if room := mostReply - len(t.turn.Reply); room > 0 {
		t.turn.Reply += string(p[:min(room, len(p))])
	}
	t.sent += int64(len(p))
	if t.left >= 0 {
		t.left -= int64(len(p))
	}
	err := t.write(p)
	if err == nil && last {
		t.record()
		t.parting()
		if err = t.flush(); err == nil {
			err = t.drop()
		}
	}
	if err != nil && t.ended == nil {
		t.record()
		t.ended = err
	}
	return err
}

// write writes all bytes but the last one, which flush writes. The turn is therefore in the transcript before the
// client can read the whole reply.
func (t *Turn) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if err := t.pass(t.tail); err != nil {
		return err
	}
	t.tail = append(t.tail[:0], p[len(p)-1])
	return t.pass(p[:len(p)-1])
}

// pass writes bytes with the Pace of the rule.
func (t *Turn) pass(p []byte) error {
	pace := time.Duration(0)
	if t.rule != nil {
		pace = t.rule.Rule.Pace
	}
	if len(p) > 0 && t.turn.Replied.IsZero() {
		t.turn.Replied = time.Now()
	}
	if pace == 0 {
		t.c.mu.Lock()
		defer t.c.mu.Unlock()
		if _, err := t.c.out.Write(p); err != nil {
			return t.c.writeError(err)
		}
		return nil
	}
	for i := range p {
		if err := t.c.sleep(pace); err != nil {
			return err
		}
		t.c.mu.Lock()
		t.c.out.WriteByte(p[i])
		err := t.c.out.Flush()
		t.c.mu.Unlock()
		if err != nil {
			return t.c.writeError(err)
		}
	}
	return nil
}

func (t *Turn) flush() error {
	if err := t.pass(t.tail); err != nil {
		return err
	}
	t.tail = t.tail[:0]
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if err := t.c.out.Flush(); err != nil {
		return t.c.writeError(err)
	}
	return nil
}

// parting notes how the connection ends, if it ends after the bytes that are about to be sent.
func (t *Turn) parting() {
	if t.rule != nil && t.rule.Rule.Drop != 0 {
		if t.rule.Rule.Drop != mailtest.Silence { // which the client ends
			t.c.ends(endedBy(t.rule.Rule.Drop))
		}
	} else if end, ok := errors.AsType[endError](t.last); ok {
		t.c.ends(end.Ending)
	}
}

// drop ends the connection as the rule says.
func (t *Turn) drop() error {
	t.parting()
	t.ended = endError{endedBy(t.rule.Rule.Drop)}
	t.c.mu.Lock()
	t.c.fate = t.ended // before the reader notices, if this is a push
	t.c.mu.Unlock()
	t.c.hangUp(t.rule.Rule.Drop)
	return t.ended
}

// record appends the turn to the transcript.
func (t *Turn) record() {
	if over := t.sent - int64(len(t.turn.Reply)); over > 0 {
		t.Note(mailtest.Note{Kind: mailtest.ReplyCut, Count: t.sent, Offset: int64(len(t.turn.Reply))})
	}
	t.c.session.add(t.turn)
}

// Push sends bytes that the client has not asked for. It may be called from any goroutine.
func (c *Conn) Push(stage mailtest.Stage, p []byte) error {
	t, err := c.Begin(stage, "")
	if err != nil {
		return err
	}
	if !t.Answered() {
		t.Write(p)
	}
	return t.End(true)
}

// Interject sends bytes that the client waits for in the middle of a command. They become the beginning of the
// reply in the next turn.
func (c *Conn) Interject(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Write(p)
	if err := c.out.Flush(); err != nil {
		return c.writeError(err)
	}
	c.interjected += string(p)
	return nil
}
