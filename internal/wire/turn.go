package wire

// Turns: their types, and the steps from the Handler's first look to the last byte of the reply.

import (
	"bytes"
	"crypto/tls"
	"time"
)

// Kind is the kind of a turn.
type Kind uint8

// The kinds of turn.
const (
	Connect   Kind = iota // the connection itself; the reply is the greeting
	Handshake             // the TLS handshake, before the greeting or after STARTTLS; there is no reply
	Command               // a command line from the client
	AuthStep              // the client's answer to a 334 challenge
	Body                  // the message after DATA or BDAT, which is about to be read
	End                   // the end of the message: the final dot, or BDAT LAST
	Idle                  // the client has been silent for too long
)

// Turn is one action of the client and the server's answer to it.
type Turn struct {
	Kind     Kind
	Verb     string // of a command: the verb in upper case, or "" if SMTP does not know it
	Line     []byte // the line as received, without its end; bounded, Notes tell where it was cut
	arg      string // of a command: the part of the line after the verb
	address  string // of MAIL and RCPT: see Path
	route    string
	params   []string
	glued    bool // something follows the path without a space
	dsn      DSN
	others   []string  // the parameters other than those of DSN
	Secret   bool      // the line may contain credentials
	Payload  []byte    // of End, and of BDAT after it was read: the bytes of the message; the receiver may keep them
	Cut      int64     // of End: the number of bytes that Payload lacks, because the message is over the limit
	Received time.Time // when the client's part of the turn was complete
	Reply    []byte    // the reply as it is sent, with its line ends; empty if there is none
	Accepted bool      // the server itself agrees: its own reply is 2xx or 3xx, whatever the Handler sends instead
	Sent     int       // the number of bytes of Reply that were sent
	Replied  time.Time // when the bytes of Reply were sent
	Notes    []Note    // what is remarkable about the client's bytes
	Action   Action    // the result of Handler.Before

	Client *Identity            // who the client is, in the turn after a PROXY header and that of XCLIENT; otherwise nil
	TLS    *tls.ConnectionState // the state after a successful Handshake
	Again  bool                 // After is called again: fewer bytes were sent than it was told, or there is a Crash
	Crash  *Crash               // the panic that ended the turn, or nil

	// Silent is, for Idle, how long the client has been silent, as Config.Patience returned it.
	Silent time.Duration

	// Reached is, for Body, the number of bytes of the message that have come: 0, or the value of Action.After.
	Reached int64

	// Recipient is, for End with LMTP, the number of the recipient that the reply is for, counted from 1. Before and
	// Reply are called for all recipients in turn before the first reply is sent. Without LMTP, Recipient is 0.
	Recipient int
}

// Arg returns the part of a command line after the verb, trimmed.
func (t *Turn) Arg() string { return t.arg }

// Path returns the address of MAIL or RCPT, as the client wrote it between the angle brackets but without a source
// route, and the parameters after it.
func (t *Turn) Path() (address string, params []string) { return t.address, t.params }

// Action is what the Handler wants done in a turn. The zero value leaves the turn to the server.
type Action struct {
	// Reply, if not nil, is sent in place of the server's own reply, literally. A positive Reply (2xx, 3xx) is sent
	// only if the server's own has the same first digit, unless Lie is set. Any other Reply keeps the command from the
	// engine.
	Reply []byte
	Lie   bool

	// Delay is the time before the reply. Pace is the time between two bytes of the reply; if it is 0, the reply is
	// sent at once.
	Delay time.Duration
	Pace  time.Duration

	// Endless means that Reply is repeated until it can't be written any more.
	Endless bool

	// TLS, if not nil, is the configuration for a Handshake, in place of the usual one.
	TLS *tls.Config

	// Drop is how to end the connection: in place of the reply or, if Reply is set, after it.
	Drop Drop

	// After is the number of bytes of the reply to send before Drop. For a Body with Reached 0, an After that is not 0
	// means that Before is called again when so many bytes of the message have come; the rest of the Action is then
	// ignored.
	After int64

	// Reword, if not nil, returns the reply to send for one of the server's own: the same reply, or one with the same
	// meaning in other words. The result is ignored if its first digit differs from that of own, except that 4 and 5
	// may replace each other.
	Reword func(own []byte) []byte

	// Rule is the number of the rule that wanted this, for use by the Handler; 0 means none.
	Rule int
}

// Drop is a way to end a connection.
type Drop uint8

// The ways to end a connection.
const (
	NoDrop Drop = iota
	Close       // send FIN, with TLS after a close_notify alert
	Cut         // send FIN without close_notify; without TLS the same as Close
	Reset       // send RST
	Hang        // answer nothing any more until the client gives up
)

// begin opens a turn.
func (c *Conn) begin(k Kind, verb string, line []byte) *Turn {
	t := &c.turn
	*t = Turn{} // a Turn is large, so it is set in place
	t.Kind, t.Verb, t.Line, t.Received = k, verb, line, time.Now()
	if k == Command {
		t.arg = argument(line)
	}
	t.Client, c.client = c.client, nil
	if verb == "MAIL" || verb == "RCPT" {
		t.address, t.route, t.params, t.glued = path(t.arg)
	}
	return t
}

// ask shows the turn to the Handler and returns the Handler's action.
func (c *Conn) ask() *Action {
	c.asked = true
	c.turn.Action = c.handler.Before(&c.turn)
	return &c.turn.Action
}

// decides reports whether the action settles the reply without the server's own.
func (a *Action) decides() bool {
	if a.Reply != nil {
		return !positive(a.Reply)
	}
	return a.Drop != NoDrop && a.After == 0
}

// interrupts reports whether an action for a Body does anything, now or later.
func (a *Action) interrupts() bool {
	return a.Drop != NoDrop || a.Reply != nil || a.Delay > 0 || a.After > 0
}

// conclude ends the turn: it combines own, the server's own reply, with the Handler's action, and sends the result.
func (c *Conn) conclude(own []byte) error {
	c.decide(own)
	return c.carryOut(own)
}

// decide sets the reply of the turn, and updates the state.
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

// carryOut waits for the Delay of the action, sends the reply, and drops the connection if the Handler wants that.
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
	if t.Verb != "DATA" && intermediate(t.Reply) && !intermediate(own) { // a lie, after which credentials may come
		c.state.credentials = true
	}
	return err
}

// reword returns own in the Handler's words.
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

// after shows the whole turn to the Handler, and counts the bytes that the Handler keeps.
func (c *Conn) after(t *Turn) {
	c.asked, c.unsent = false, true
	c.handler.After(t)
	c.spoken += len(t.Line) + t.Sent + turnSize
	c.held += int64(len(t.Payload))
	if t.Kind == End && t.Accepted && positive(t.Reply) {
		c.spoken, c.held = 0, 0
	}
}

// send ends the turn and writes its reply: at once, paced, or in part.
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
	if act := &t.Action; act.Drop != NoDrop {
		c.last = fate{endingOf(act.Drop), act.Drop != Hang}
	} else if t.Kind == Command && t.Verb == "QUIT" && t.Accepted && !act.Endless {
		c.last = fate{Ending{Kind: ClientQuit}, true}
	}
	n, err := c.write(reply, t.Action.Pace)
	c.unsent = false
	if err == nil && t.Action.Endless && len(reply) > 0 {
		many := reply
		if t.Action.Pace == 0 { // not one system call for each reply
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

// write writes p at once, or byte by byte at the given pace. It returns the number of bytes written.
func (c *Conn) write(p []byte, pace time.Duration) (int, error) {
	if pace <= 0 {
		if len(p) == 0 {
			return 0, nil
		}
		if c.last.known {
			c.ends(c.last.Ending)
		}
		n, err := c.conn.Write(p)
		if err != nil {
			err = c.broken(WriteFailed, err)
		}
		return n, err
	}
	for i := range p {
		stopped := i > 0 && c.wait(pace) != nil
		if stopped || i == len(p)-1 { // write the rest at once
			n, err := c.write(p[i:], 0)
			return i + n, err
		}
		if _, err := c.conn.Write(p[i : i+1]); err != nil {
			return i, c.broken(WriteFailed, err)
		}
	}
	return 0, nil
}
