package wire

// Crashes: a panic in code that is not this package's, such as a func of the Handler's owner, reaches the
// Handler with its stack. The engine would swallow it at some stages and take the process down at others.

import (
	"runtime/debug"
	"time"
)

// crash ends the connection after a panic with the given value, or after a Goexit, which has none. The transcript has the turn
// without a reply, or without what was not sent of it.
func (c *Conn) crash(value any) {
	if c.ended {
		return // by end, when closing what is the caller's own panicked
	}
	c.ended = true
	t := &c.turn
	t.Crash = &Crash{Value: value, Stack: debug.Stack()}
	switch {
	case c.asked:
		t.Reply, t.Sent, t.Replied = nil, 0, time.Time{}
	case c.showing:
		t.Again, t.Sent = true, 0
	default:
		t.Again = true
	}
	defer c.handler.End(Ending{Kind: ServerCrashed})
	defer func() { recover() }() // closing it, or the same func, may panic once more, which says nothing new
	c.tryAfter(t)
	c.drop(Reset)
	c.Shut()
}

// tryAfter shows a turn to a Handler which may panic at that, as it may have done before.
func (c *Conn) tryAfter(t *Turn) {
	defer func() { recover() }()
	c.handler.After(t)
}
