package wire

// Turns: what they are, and how one is taken from the Handler's first look to the last byte of the reply.

import (
	"bytes"
	"crypto/tls"
	"time"
)

// Kind is what a turn answers.
type Kind uint8

// The kinds of turn.
const (
	Connect   Kind = iota // the connection itself; the reply is the greeting
	Handshake             // the TLS handshake, before the greeting or after STARTTLS; there is no reply
	Command               // a command line
	AuthStep              // the client's answer to a 334 challenge
	Body                  // the message after DATA, about to be read
	End                   // the message is complete: the final dot, or BDAT LAST
	Idle                  // the client has been silent for too long
)

// Turn is one thing that the client did, and the answer to it.
type Turn struct {
	Kind     Kind
	Verb     string // of a command: in upper case, "" where it is none that SMTP knows
	Line     []byte // the line as received, without its end; bounded, see Notes where it was cut
	arg      string // of a command: the part of the line after the verb
	address  string // of MAIL and RCPT: see Path
	route    string
	params   []string
	glued    bool // something follows the path without a space
	dsn      DSN
	others   []string  // the parameters that are not of DSN
	Secret   bool      // the line holds credentials
	Payload  []byte    // of End, and of BDAT once it is read: the bytes of the message; the receiver may keep them
	Cut      int64     // at End: how many bytes of the message are not in Payload, because it is over the limit
	Received time.Time // when the client's part was complete
	Reply    []byte    // the reply as it goes out, with its line ends; empty where there is none
	Accepted bool      // whether the server itself agrees: the reply before a Handler's lies was 2xx or 3xx
	Sent     int       // how many bytes of Reply were sent
	Replied  time.Time // when they were
	Notes    []Note    // what is remarkable about the bytes
	Action   Action    // what Before wanted

	Client *Identity            // who the client is, if that has just been said: in the turn after a PROXY header, or of XCLIENT
	TLS    *tls.ConnectionState // of a Handshake that has succeeded
	Again  bool                 // After was called for the turn already: less was sent than it has been told, or there is a Crash
	Crash  *Crash               // what has ended the turn

	// Silent is, at Idle, for how long the client has been silent: what Patience has said.
	Silent time.Duration

	// Reached is, at Body, how many bytes of the message have come: 0, or what Action.After has asked for.
	Reached int64

	// Recipient is, at End with LMTP, the number of the recipient who is being answered for, from 1. All of
	// them come to Before and Reply, in turn, before the first one is answered. Without LMTP it is 0.
	Recipient int
}

// Arg is the part of a command line after the verb, trimmed.
func (t *Turn) Arg() string { return t.arg }

// Path is the address of MAIL or RCPT, as the client wrote it between the angle brackets but without a
// source route, and the parameters after it.
func (t *Turn) Path() (address string, params []string) { return t.address, t.params }

// Action is what the Handler wants done in a turn. The zero value means: as usual.
type Action struct {
	// Reply is sent in place of the server's own, literally. A positive one (2xx, 3xx) is sent only
	// where the server's is of the same kind, unless Lie is set. Any other keeps the command from
	// the engine.
	Reply []byte
	Lie   bool

	// Delay passes before the reply; Pace, if not 0, between each two bytes of it.
	Delay time.Duration
	Pace  time.Duration

	// Endless repeats Reply until it can't be written any more.
	Endless bool

	// TLS is, at Handshake, the configuration to use in place of the usual one.
	TLS *tls.Config

	// Drop ends the connection: in place of the reply or, if Reply is set, after it.
	Drop Drop

	// After is how many bytes of the reply are sent before Drop. At a Body that has Reached 0 it is all that counts, if it
	// is not 0: Before will be asked again when so many bytes of the message have come.
	After int64

	// Reword, if not nil, returns the reply to take for one of the server's own: the same, or one that says the same in
	// other words. One that does not begin with the same digit, or with a 4 or 5 for either of them, is ignored.
	Reword func(own []byte) []byte

	// Rule is the number of who wanted this, for the Handler; 0 is nobody.
	Rule int
}

// Drop is a way to end a connection.
type Drop uint8

// The ways to end a connection.
const (
	NoDrop Drop = iota
	Close       // orderly: FIN, over TLS after a close_notify alert
	Cut         // FIN without close_notify; without TLS the same as Close
	Reset       // RST
	Hang        // not at all: nothing is answered any more, until the client gives up
)

// begin opens a turn.
func (c *Conn) begin(k Kind, verb string, line []byte) *Turn {
	c.turn = Turn{Kind: k, Verb: verb, Line: line, Received: time.Now()}
	if k == Command {
		c.turn.arg = argument(line)
	}
	c.turn.Client, c.client = c.client, nil
	if verb == "MAIL" || verb == "RCPT" {
		c.turn.address, c.turn.route, c.turn.params, c.turn.glued = path(c.turn.arg)
	}
	return &c.turn
}

// ask shows the turn to the Handler.
func (c *Conn) ask() *Action {
	c.asked = true
	c.turn.Action = c.handler.Before(&c.turn)
	return &c.turn.Action
}

// decides reports whether the action decides the turn, whatever the server itself would say.
func (a *Action) decides() bool {
	if a.Reply != nil {
		return !positive(a.Reply)
	}
	return a.Drop != NoDrop && a.After == 0
}

// interrupts reports whether an action for a Body does something, now or later.
func (a *Action) interrupts() bool {
	return a.Drop != NoDrop || a.Reply != nil || a.Delay > 0 || a.After > 0
}

// conclude ends the turn: it settles own, the server's reply, with the Handler's action, and sends
// the result.
func (c *Conn) conclude(own []byte) error {
	c.decide(own)
	return c.carryOut(own)
}

// decide settles what the reply is, and what the turn has achieved.
func (c *Conn) decide(own []byte) {
	t, act := &c.turn, &c.turn.Action
	if own != nil {
		own = c.reword(own)
	}
	t.Accepted = positive(own)
	t.Reply = own
	if act.Reply != nil && (!positive(act.Reply) || t.Accepted && own[0] == act.Reply[0] || act.Lie) {
		t.Reply = act.Reply
	} else if act.Drop != NoDrop && act.Reply == nil && act.After == 0 {
		t.Reply = nil
	}
	c.advance(own)
	c.handler.Reply(t)
}

// carryOut sends the reply and does whatever else the Handler wants.
func (c *Conn) carryOut(own []byte) error {
	t, act := &c.turn, &c.turn.Action
	delay := act.Delay
	var err error
	if t.Kind == Connect {
		var passed time.Duration
		passed, err = c.listen(delay)
		delay -= passed
	}
	if err == nil {
		err = c.wait(delay)
	}
	if err != nil {
		c.after(t)
		return err
	}
	err = c.send(t)
	if err == nil && act.Drop != NoDrop {
		return c.drop(act.Drop)
	}
	if t.Verb != "DATA" && intermediate(t.Reply) && !intermediate(own) { // a lie, after which they will come
		c.state.credentials = true
	}
	return err
}

// reword lets the Handler say own in other words.
func (c *Conn) reword(own []byte) []byte {
	if c.turn.Action.Reword == nil {
		return own
	}
	words := c.turn.Action.Reword(own)
	same := len(words) >= 3 && positive(words) == positive(own) && (words[0] == own[0] || !positive(own))
	if same && words[0] >= '2' && words[0] <= '5' {
		return words
	}
	return own
}

// after shows the whole turn to the Handler, and counts what that keeps of it.
func (c *Conn) after(t *Turn) {
	c.asked, c.unsent = false, true
	c.handler.After(t)
	c.spoken += len(t.Line) + t.Sent + turnSize
	c.held += int64(len(t.Payload))
	if t.Kind == End && t.Accepted && positive(t.Reply) {
		c.spoken, c.held = 0, 0
	}
}

// send ends the turn and writes its reply, whole or paced or in part.
func (c *Conn) send(t *Turn) error {
	reply := t.Reply
	if act := &t.Action; act.Drop != NoDrop && act.After > 0 && int64(len(reply)) > act.After {
		reply = reply[:act.After]
	}
	t.Sent = len(reply)
	if t.Sent > 0 {
		t.Replied = time.Now()
	}
	c.after(t)
	n, err := c.write(reply, t.Action.Pace)
	c.unsent = false
	if err == nil && t.Action.Endless && len(reply) > 0 {
		many := reply
		if t.Action.Pace == 0 { // not a system call for each of them
			many = bytes.Repeat(reply, 1+(16<<10)/len(reply))
		}
		for err == nil && !c.stopped() {
			_, err = c.write(many, t.Action.Pace)
		}
	}
	if err == nil && t.Kind == End && positive(reply) {
		c.acked(t.Replied)
	}
	if err != nil && n < t.Sent {
		t.Sent, t.Again = n, true
		c.handler.After(t)
	}
	return err
}

// write writes p at once, or a byte at a time, and says how much went out.
func (c *Conn) write(p []byte, pace time.Duration) (int, error) {
	if pace <= 0 {
		if len(p) == 0 {
			return 0, nil
		}
		n, err := c.conn.Write(p)
		if err != nil {
			err = c.broken(WriteFailed, err)
		}
		return n, err
	}
	for i := range p {
		if i > 0 {
			if c.wait(pace) != nil { // the server ends: the rest at once
				n, err := c.write(p[i:], 0)
				return i + n, err
			}
		}
		if _, err := c.conn.Write(p[i : i+1]); err != nil {
			return i, c.broken(WriteFailed, err)
		}
	}
	return len(p), nil
}
