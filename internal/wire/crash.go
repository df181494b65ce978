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
	case c.unsent:
		t.Again, t.Sent = true, 0
	default:
		t.Again = true
	}
	// What follows may not return, either. That says nothing new, and keeps nothing of the rest from being done.
	defer c.handler.End(Ending{Kind: ServerCrashed})
	defer func() { recover() }()
	defer c.Shut()
	defer c.drop(Reset)
	c.handler.After(t)
}
