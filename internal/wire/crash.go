package wire

// Crashes: a panic in code outside this package, such as a func of the Handler's owner, is reported to the Handler with
// its stack. go-smtp would swallow the panic at some stages and let it end the process at others.

import (
	"runtime/debug"
	"time"
)

// crash ends the connection after a panic with the given value, or after a Goexit, whose value is nil. In the
// transcript the turn has no reply, or only the part of the reply that was sent.
func (c *Conn) crash(value any) {
	if c.ended {
		return // by end, when closing the caller's net.Conn panicked
	}
	c.ended = true
	t := &c.turn
	t.Crash = &Crash{Value: value, Stack: debug.Stack()}
	switch {
	case c.asked:
		t.Reply, t.Sent, t.Replied = nil, 0, time.Time{}
	case c.unsent:
		t.Again, t.Sent = true, 0
	default:
		t.Again = true
	}
	// The calls below may panic too. Such a panic is dropped, and the rest is still done.
	defer c.handler.Closed()
	defer func() { recover() }()
	defer c.Shut()
	defer c.hangUp(Reset)
	defer c.ends(Ending{Kind: ServerCrashed})
	c.handler.After(t)
}
