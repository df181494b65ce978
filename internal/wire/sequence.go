package wire

import "cmp"

// Lines: how each that a client sends is taken through its turn, whether it is a command or not.

// command takes a command line through its turn.
func (c *Conn) command(line []byte, notes []Note) error {
	cmd := lookUp(line)
	t := c.begin(Command, cmd.verb, line)
	t.Notes = notes
	t.Secret = c.secret(line)
	if cmd.waits || !cmd.continues && !c.state.pipelining {
		c.noteHaste()
	}
	if c.spoken > maxChatter || c.held > c.maxHeld() && t.Verb != "QUIT" {
		return c.dismiss("421 4.7.0 Too much without a message, closing connection")
	}
	if cmd.take != nil {
		return cmd.take(c)
	}
	if act := c.ask(); act.keepsFromEngine() {
		return c.conclude(nil)
	}
	if c.state.refused && t.Verb != "QUIT" { // RFC 5321 §3.1
		if t.Verb == "" {
			return c.bad("503 5.5.1 No service here")
		}
		return c.conclude(oneLine("503 5.5.1 No service here"))
	}
	own := cmd.refusal(c)
	switch {
	case t.Verb == "":
		return c.bad(own)
	case own != "":
		return c.conclude(oneLine(own))
	case cmd.serve != nil:
		return cmd.serve(c)
	}
	return c.pass(cmp.Or(cmd.engine, cmd.verb), c.forEngine())
}

// maxHeld is how many bytes of messages may be refused or abandoned between two accepted ones.
func (c *Conn) maxHeld() int64 { return maxChatter + 2*c.cfg.MaxSize }

// noteHaste notes what has come after the line of the turn already.
func (c *Conn) noteHaste() {
	if n := len(c.in.buffered()); n > 0 {
		c.turn.note(Note{Kind: ReplyNotAwaited, Count: int64(n)})
	}
}

// partOfLine records a line that was not completed, if any of it came. The error ends the connection.
func (c *Conn) partOfLine(line []byte, err error) error {
	if len(line) == 0 {
		return err
	}
	k := Command
	if c.state.authing {
		k = AuthStep
	}
	t := c.begin(k, lookUp(line).verb, line)
	t.Notes, t.Secret = []Note{{Kind: LineUnfinished}}, c.secret(line)
	c.handler.Reply(t)
	c.after(t)
	return middle(err, "line")
}

// tooLong answers a line that is longer than any command may be.
func (c *Conn) tooLong(line []byte, notes []Note, why error) error {
	t := c.begin(Command, "", line)
	t.Notes, t.Secret = notes, c.secret(line)
	if c.state.authing {
		c.state.authing = false
		c.tell("*")
	}
	if !c.ask().keepsFromEngine() && why == errLineEndless {
		return c.dismiss("421 4.7.0 Line without end, closing connection")
	}
	return c.bad("500 5.5.6 Line too long")
}

// bad answers a command that is none; too many of them end the connection.
func (c *Conn) bad(reply string) error {
	if c.errors++; c.errors < maxErrors {
		return c.conclude(oneLine(reply))
	}
	return c.dismiss("421 4.7.0 Too many errors, closing connection")
}

// dismiss ends the connection after its last reply.
func (c *Conn) dismiss(reply string) error {
	if err := c.conclude(oneLine(reply)); err != nil {
		return err
	}
	return c.drop(Close)
}

// authStep takes the client's answer to a challenge through its turn.
func (c *Conn) authStep(line []byte, notes []Note) error {
	t := c.begin(AuthStep, "", line)
	t.Notes, t.Secret = notes, true
	c.noteHaste()
	if act := c.ask(); act.keepsFromEngine() {
		err := c.conclude(nil)
		c.tell("*") // RFC 4954 §4: cancels the exchange
		return err
	}
	return c.pass(string(line), "")
}
