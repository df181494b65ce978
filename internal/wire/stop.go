package wire

// The end of a connection when its server stops: a client that is about to send QUIT is not cut off, and an idle client
// gets a 421 reply (RFC 5321 §3.8).

import (
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/hangup"
)

// Grace is the time that a client has for QUIT, and for RSET and NOOP before it, when the server stops after accepting
// a message. It is counted from the reply to the message.
const Grace = 250 * time.Millisecond

// farewell is the reply that a client receives when the server stops.
const farewell = "421 4.3.2 Service shutting down, closing connection"

// stopper holds the fields of a Conn that Stop and Shut access from other goroutines.
type stopper struct {
	closed chan struct{} // closed by Stop or Shut; ends delays
	once   sync.Once

	mu       sync.Mutex
	stopping bool
	awaiting bool      // the dialogue waits for a line
	hurried  bool      // Hurry was called meanwhile
	grace    time.Time // until when the client may send QUIT; zero unless its last message was just accepted
}

// Stop ends the connection in an orderly way. A client whose last message was accepted at most [Grace] ago may still
// send QUIT, and gets 221; any other client gets 421, and the connection ends at once. Stop returns without waiting for
// the end. It may be called at any time, from any goroutine. The connection ends within about Grace, unless a write
// blocks on a net.Conn without deadlines; Shut ends such a connection.
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

// Shut ends the connection at once, whatever the client does. It may be called at any time, even before Serve, from any
// goroutine.
func (c *Conn) Shut() {
	c.stop.once.Do(func() { close(c.stop.closed) })
	c.raw.Close()
}

// aLongTimeAgo is a deadline that has passed, in the virtual time of a testing/synctest bubble too.
var aLongTimeAgo = time.Unix(1, 0)

// Deserted reports whether the client has closed the connection, though the Handler may not know it yet. It may be called at
// any time, from any goroutine.
func (c *Conn) Deserted() bool { return hangup.By(c.raw) }

// stopped reports whether Stop or Shut was called.
func (c *Conn) stopped() bool {
	select {
	case <-c.stop.closed:
		return true
	default:
		return false
	}
}

// setReadDeadline sets the read deadline, unless Stop has set one. The zero time means no deadline.
func (c *Conn) setReadDeadline(t time.Time) error {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if c.stop.stopping {
		return nil
	}
	return c.raw.SetReadDeadline(t)
}

// await notes that the dialogue is about to wait for a line.
func (c *Conn) await() {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	c.stop.awaiting, c.stop.hurried = true, false
}

// awaitUntil sets the deadline of the wait, unless the wait has ended.
func (c *Conn) awaitUntil(t time.Time) {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if !c.stop.stopping && !c.stop.hurried {
		c.raw.SetReadDeadline(t)
	}
}

// arrived notes that the wait is over, removes its deadline, if there is one, and reports whether Hurry has ended it.
func (c *Conn) arrived(deadline bool) (hurried bool) {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	c.stop.awaiting = false
	if (deadline || c.stop.hurried) && !c.stop.stopping {
		c.raw.SetReadDeadline(time.Time{})
	}
	return c.stop.hurried
}

// Hurry makes the dialogue ask for the Patience again if it waits for a line, because the answer may be another one now. It may
// be called at any time, from any goroutine.
func (c *Conn) Hurry() {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if c.stop.awaiting && !c.stop.stopping {
		c.stop.hurried = true
		c.raw.SetReadDeadline(aLongTimeAgo)
	}
}

// acked records that the client was told at the given time that its message is accepted, and so is about to send QUIT.
func (c *Conn) acked(at time.Time) {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	c.stop.grace = at.Add(Grace)
	if c.stop.stopping {
		c.raw.SetReadDeadline(c.stop.grace)
	}
}

// leaving records that the client has sent a command, and reports whether the client may still end the dialogue itself:
// with QUIT, or after a message with RSET or NOOP, which some clients send before QUIT to see whether the server is
// there.
func (c *Conn) leaving(verb string) bool {
	c.stop.mu.Lock()
	defer c.stop.mu.Unlock()
	if (verb == "RSET" || verb == "NOOP") && !c.stop.grace.IsZero() {
		return true
	}
	c.stop.grace = time.Time{}
	return verb == "QUIT"
}

// sayFarewell tells the client that the server stops, and reports whether the reply was written.
func (c *Conn) sayFarewell() bool {
	_, err := c.conn.Write(oneLine(farewell))
	return err == nil
}
