package wire

// TLS: from the first byte (RFC 8314) or after STARTTLS (RFC 3207), always below the engine.

import (
	"bytes"
	"crypto/tls"
)

// keepInjected is how many bytes are kept of what was injected after STARTTLS.
const keepInjected = 200

// startTLS takes STARTTLS through its turn. On success a fresh engine takes over, for nothing that
// was said before counts any longer (RFC 3207 §4.2).
func (c *Conn) startTLS() error {
	t := &c.turn
	switch {
	case c.cfg.TLS == nil:
		return c.conclude(oneLine("502 5.5.1 STARTTLS not implemented"))
	case c.state.encrypted:
		return c.conclude(oneLine("503 5.5.1 TLS is already running"))
	case t.Arg() != "":
		return c.conclude(oneLine("501 5.5.4 STARTTLS takes no argument"))
	}
	if injected := c.in.take(len(c.in.buffered())); len(injected) > 0 {
		note := Note{Kind: TextInjected, Count: int64(len(injected))}
		if !c.state.credentials && !bytes.Contains(bytes.ToUpper(injected), []byte("AUTH")) {
			note.Text = string(injected[:min(len(injected), keepInjected)])
		}
		t.note(note)
	}
	if err := c.conclude(oneLine("220 2.0.0 Ready to start TLS")); err != nil {
		return err
	}
	if !positive(c.turn.Reply) {
		return nil
	}
	if err := c.handshake(); err != nil {
		return err
	}
	c.state = state{encrypted: true, credentials: c.state.credentials}
	c.startEngine(awaitNothing)
	return errEngineReplaced
}

// handshake puts TLS between the socket and the dialogue.
func (c *Conn) handshake() error {
	t := c.begin(Handshake, "", nil)
	act := c.ask()
	if err := c.wait(act.Delay); err != nil {
		c.handler.Reply(t)
		c.after(t)
		return err
	}
	if act.Reply != nil || act.Drop != NoDrop {
		t.Reply = act.Reply
		c.handler.Reply(t)
		err := c.send(t)
		if err == nil {
			err = c.drop(act.Drop)
		}
		return err
	}
	conn, err := c.given, error(nil)
	if conn == nil {
		cfg := act.TLS
		if cfg == nil {
			cfg, err = c.cfg.TLS()
		}
		conn = tls.Server(c.conn, cfg)
	}
	if err == nil {
		c.handshaking = true
		if err = conn.Handshake(); err == nil {
			c.handshaking = false
			c.conn, c.in.src = conn, conn
			c.state.encrypted = true
			c.handler.Encrypted(conn.ConnectionState())
		}
	}
	if err != nil {
		end := c.broken(TLSFailed, err)
		if end.Kind == TLSFailed {
			t.note(Note{Kind: HandshakeFailed, Text: end.Cause})
		}
		err = end
	}
	c.handler.Reply(t)
	c.after(t)
	return err
}
