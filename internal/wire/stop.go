package wire

// The end of a connection when its server ends: a client that is about to say QUIT is not cut off, and
// an idle one is told (RFC 5321 §3.8).

import (
	"sync"
	"time"
)

// Grace is how long a client that was told that its message is accepted has for QUIT, and RSET and NOOP
// before it, when the server ends. It is counted from that reply.
const Grace = 250 * time.Millisecond

// farewell is what a client hears when the server ends.
const farewell = "421 4.3.2 Service shutting down, closing connection"

// stopper is the side of a connection that Stop and Shut touch from other goroutines.
type stopper struct {
	closed chan struct{} // closed by Stop and Shut; ends delays
	once   sync.Once

	mu       sync.Mutex
	stopping bool
	grace    time.Time // until when the client may say QUIT; zero unless it was just told 250 for a message
}

// Stop ends the connection in an orderly way: a client that was told 250 for its last message at most
// [Grace] ago may still say QUIT and hears 221, any other hears 421 and sees the end at once. It
// returns without waiting for that, and may be called at any time, from any goroutine. The end comes
// within about Grace, unless a write hangs on a connection without deadlines: for that there is Shut.
func (c *Conn) Stop() {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if c.stop.stopping {
		return
	}
	c.stop.stopping = true
	c.stop.once.Do(func() { close(c.stop.closed) })
	until := aLongTimeAgo
	if c.stop.grace.After(time.Now()) {
		until = c.stop.grace
	}
	c.raw.SetWriteDeadline(time.Now().Add(2 * Grace))
	if c.raw.SetReadDeadline(until) != nil {
		c.raw.Close()
	}
}

// Shut ends the connection at once, whatever the client does. It may be called at any time, also before
// Serve, from any goroutine.
func (c *Conn) Shut() {
	c.stop.once.Do(func() { close(c.stop.closed) })
	c.raw.Close()
}

// aLongTimeAgo is a deadline that has passed, in bubbles too.
var aLongTimeAgo = time.Unix(1, 0)

// stopped reports whether Stop or Shut was called.
func (c *Conn) stopped() bool {
	select {
	case <-c.stop.closed:
		return true
	default:
		return false
	}
}

// setReadDeadline sets a deadline of the connection's own, unless Stop has set another. Zero is none.
func (c *Conn) setReadDeadline(t time.Time) error {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if c.stop.stopping {
		return nil
	}
	return c.raw.SetReadDeadline(t)
}

// acked notes that the client has just been told that its message is accepted: it is about to say
// QUIT.
func (c *Conn) acked(at time.Time) {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	c.stop.grace = at.Add(Grace)
	if c.stop.stopping {
		c.raw.SetReadDeadline(c.stop.grace)
	}
}

// leaving notes that the client has said something, and reports whether it may still end the dialogue by
// itself: it says QUIT, or after a message RSET or NOOP, by which some clients see whether the server is
// there before they do.
func (c *Conn) leaving(verb string) bool {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if (verb == "RSET" || verb == "NOOP") && !c.stop.grace.IsZero() {
		return true
	}
	c.stop.grace = time.Time{}
	return verb == "QUIT"
}

// sayFarewell tells the client that the server ends, and reports whether that went out. During a TLS
// handshake nothing can be said.
func (c *Conn) sayFarewell() bool {
	if c.handshaking {
		return false
	}
	_, err := c.conn.Write(oneLine(farewell))
	return err == nil
}
