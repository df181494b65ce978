package wire

// The dialogue: the loop that takes each line through its turn.

import "cmp"

// dialogue serves the connection: it sends the greeting, and takes a turn for each line of the client. It returns an
// error that says how the connection ended.
func (c *Conn) dialogue() error {
	err := c.greet()
	for err == nil {
		var line []byte
		var notes []Note
		switch line, notes, err = c.line(); {
		case beginsTLS(line):
			err = c.strayTLS()
		case err == nil:
			err = c.command(line, notes)
		default:
			err = c.noLine(line, notes, err)
		}
	}
	return err
}

// greet opens the dialogue: it reads the PROXY header, performs the TLS handshake, and sends the greeting.
func (c *Conn) greet() error {
	if c.cfg.Proxy {
		if err := c.readProxyHeader(); err != nil {
			return err
		}
	}
	if c.cfg.Implicit || c.given != nil {
		if err := c.handshake(handshakeTime); err != nil {
			return err
		}
	}
	c.begin(Connect, "", nil)
	if act := c.ask(); act.decides() {
		c.state.refused = len(act.Reply) > 0 && (act.Reply[0] == '4' || act.Reply[0] == '5')
		return c.conclude(nil)
	}
	return c.conclude(c.greeting())
}

// greeting returns the first reply of the server.
func (c *Conn) greeting() []byte {
	protocol := "ESMTP"
	if c.cfg.LMTP {
		protocol = "LMTP"
	}
	return c.compose("220 ", c.cfg.Name, " ", protocol, " ready")
}

// command takes a line through its turn: it shows the line to the Handler, answers it, and sends the reply.
func (c *Conn) command(line []byte, notes []Note) error {
	kind, cmd := Command, lookUp(line)
	if leaving := c.leaving(cmd.verb); !leaving && c.stopped() {
		return errStopped
	}
	if c.state.authing {
		kind, cmd = AuthStep, &response
	}
	t := c.begin(kind, cmd.verb, line)
	t.Notes, t.Secret = notes, c.secret(line)
	if cmd.waits || !cmd.continues && !c.state.pipelining {
		c.noteHaste()
	}
	if kind == Command && (c.spoken > maxChatter || c.held > c.maxHeld() && t.Verb != "QUIT") {
		return c.dismiss("421 4.7.0 Too much without a message, closing connection")
	}
	if cmd.take != nil {
		return cmd.take(c)
	}
	var own []byte
	if act := c.ask(); !act.decides() {
		var err error
		if own, err = c.answer(cmd); err != nil {
			return err
		}
	}
	if err := c.conclude(own); err != nil || cmd.then == nil {
		return err
	}
	return cmd.then(c)
}

// answer returns the server's own reply to a command: a refusal, the answer from the table of commands, or the engine's
// reply.
func (c *Conn) answer(cmd *command) ([]byte, error) {
	refuse := ""
	if t := &c.turn; c.state.refused && t.Kind == Command && t.Verb != "QUIT" {
		refuse = "503 5.5.1 No service here" // RFC 5321 §3.1
	} else {
		refuse = cmd.refusal(c)
	}
	switch {
	case refuse == "" && cmd.answer != nil:
		return cmd.answer(c), nil
	case refuse == "":
		return c.askEngine(cmd)
	case cmd == &unknown:
		return c.bad(refuse)
	}
	return oneLine(refuse), nil
}

// askEngine returns the engine's reply to a command, in this server's words. The engine decides nothing elsewhere;
// other calls only tell it what has happened. If the engine fails, askEngine sends its last reply, and returns an error
// that ends the connection.
func (c *Conn) askEngine(cmd *command) (own []byte, err error) {
	verb, arg := cmp.Or(cmd.engine, cmd.verb), ""
	if cmd == &response {
		verb = string(c.turn.Line)
	} else {
		arg = c.forEngine()
	}
	reply, err := c.engine.answer(verb, arg)
	if t := &c.turn; t.Kind == AuthStep || t.Verb == "AUTH" {
		c.state.authing = intermediate(reply)
	}
	switch {
	case !positive(reply):
		own = c.corrected(reply)
	case cmd.words != nil && !intermediate(reply):
		own = cmd.words(c)
	default:
		own = reply
	}
	if err != nil {
		if unsent := c.conclude(own); unsent != nil {
			err = unsent
		}
	}
	return own, err
}

// bad returns the reply to a line that is not a valid command. After too many of them it ends the connection.
func (c *Conn) bad(reply string) ([]byte, error) {
	if c.errors++; c.errors < maxErrors {
		return oneLine(reply), nil
	}
	return nil, c.dismiss("421 4.7.0 Too many errors, closing connection")
}

// dismiss sends a last reply and ends the connection.
func (c *Conn) dismiss(reply string) error {
	c.last = fate{Ending{Kind: ServerClosed}, true}
	if err := c.conclude(oneLine(reply)); err != nil {
		return err
	}
	return c.drop(Close)
}

// noLine handles an error of reading a line: the line is longer than any command may be, or the client has gone.
func (c *Conn) noLine(line []byte, notes []Note, err error) error {
	if err != errLineTooLong && err != errLineEndless {
		return c.partOfLine(line, err)
	}
	t := c.begin(Command, "", line)
	t.Notes, t.Secret = notes, c.secret(line)
	c.cancelAuth()
	if !c.ask().decides() && err == errLineEndless {
		return c.dismiss("421 4.7.0 Line without end, closing connection")
	}
	own, err := c.bad("500 5.5.6 Line too long")
	if err != nil {
		return err
	}
	return c.conclude(own)
}

// partOfLine records a line that was not completed, if any of it was received. It returns the error that ends the
// connection.
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

// maxHeld returns how many bytes of messages may be refused or abandoned between two accepted messages.
func (c *Conn) maxHeld() int64 { return maxChatter + 2*c.cfg.MaxSize }

// noteHaste notes the bytes that the client has sent after the line of the turn without waiting for the reply.
func (c *Conn) noteHaste() {
	if n := len(c.in.buffered()); n > 0 {
		c.turn.note(Note{Kind: ReplyNotAwaited, Count: int64(n)})
	}
}
