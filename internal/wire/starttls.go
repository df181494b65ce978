package wire

// TLS from the first byte (RFC 8314) or after STARTTLS (RFC 3207), which the engine does not see.

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"time"
)

// keepInjected is the number of bytes that are kept of the text injected after STARTTLS.
const keepInjected = 200

func (c *Conn) refuseStartTLS() string {
	switch {
	case c.cfg.TLS == nil:
		return "502 5.5.1 STARTTLS not implemented"
	case c.state.encrypted:
		return "503 5.5.1 TLS is already running"
	case c.turn.arg != "":
		return "501 5.5.4 STARTTLS takes no argument"
	}
	return ""
}

// agreeToTLS accepts STARTTLS. It drops the bytes that were injected after the command, and notes them.
func (c *Conn) agreeToTLS() []byte {
	if injected := c.in.take(len(c.in.buffered())); len(injected) > 0 {
		note := Note{Kind: TextInjected, Count: int64(len(injected))}
		if !c.state.credentials && !bytes.Contains(bytes.ToUpper(injected), []byte("AUTH")) {
			note.Text = string(injected[:min(len(injected), keepInjected)])
		}
		c.turn.note(note)
	}
	return c.compose("220 2.0.0 Ready to start TLS")
}

// startTLS begins the dialogue anew with TLS if the client was told to start TLS. The client has to begin again with
// EHLO (RFC 3207 §4.2).
func (c *Conn) startTLS() error {
	if t := &c.turn; !t.Accepted || !positive(t.Reply) {
		return nil
	}
	if err := c.handshake(0); err != nil {
		return err
	}
	c.state = state{encrypted: true, credentials: c.state.credentials}
	c.engine.forget()
	return nil
}

// beginsTLS reports whether a line is the beginning of a ClientHello: a record with a handshake of TLS 1.x (RFC 8446
// §5.1). No command begins like that.
func beginsTLS(line []byte) bool { return bytes.HasPrefix(line, []byte{22, 3}) }

// strayTLS records that the client has begun a handshake instead of a command, and ends the connection, since what
// follows are not lines. Clients do that if they are told to use TLS from the first byte, at a port where it begins
// with STARTTLS or never.
func (c *Conn) strayTLS() error {
	end := Ending{TLSFailed, "it came where a command was expected"}
	t := c.begin(Handshake, "", nil)
	t.note(Note{Kind: HandshakeFailed, Text: end.Cause})
	t.Reply = oneLine("500 5.5.1 Command unrecognized")
	c.handler.Reply(t)
	c.last = fate{end, true}
	if c.send(t) == nil {
		c.hangUp(Close)
	}
	return end
}

// handshakeTime is the time that a client has for a handshake before the greeting. A client without TLS waits for the greeting
// instead, and without a limit it would wait forever.
const handshakeTime = time.Minute

// handshake performs the TLS handshake, after which the dialogue goes on over TLS. If patience is not 0, it is the time that the
// client has.
func (c *Conn) handshake(patience time.Duration) error {
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
		if patience > 0 {
			c.setReadDeadline(time.Now().Add(patience))
		}
		err = conn.Handshake()
		if patience > 0 {
			c.setReadDeadline(time.Time{})
		}
		if err == nil {
			c.handshaking = false
			c.conn, c.in.src = conn, conn
			c.state.encrypted = true
			state := conn.ConnectionState()
			t.TLS = &state
		}
	}
	if err != nil {
		end := c.broken(TLSFailed, err)
		if end.Kind == TLSFailed && patience > 0 && timedOut(err) {
			end.Cause = fmt.Sprintf("the client did not complete it within %v; a client without TLS waits for the greeting here", patience)
		}
		if end.Kind == TLSFailed {
			t.note(Note{Kind: HandshakeFailed, Text: end.Cause})
		}
		err = end
	}
	c.handler.Reply(t)
	c.after(t)
	return err
}
