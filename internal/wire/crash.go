package wire

// Crashes: a panic in code that is not this package's, such as a func of the Handler's owner, reaches the
// Handler with its stack. The engine would swallow it at some stages and take the process down at others.

import "runtime/debug"

// crash ends the connection after a panic with the given value, or after a Goexit, which has none.
func (c *Conn) crash(value any) {
	if c.ended {
		return // by end, when closing what is the caller's own panicked
	}
	c.ended = true
	c.handler.Crashed(&c.turn, value, debug.Stack())
	defer c.handler.End(Ending{Kind: ServerCrashed})
	defer func() { recover() }() // closing it may panic once more, which says nothing new
	c.drop(Reset)
	c.Shut()
}
