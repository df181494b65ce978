package wire

// Ends of a connection that a Handler asks for.

import (
	"io"
	"time"
)

// drainTime bounds how long an orderly close waits for the client's own.
const drainTime = 2 * time.Second

// drop ends the connection as d says; the error names it.
func (c *Conn) drop(d Drop) error {
	switch d {
	case Reset:
		if l, ok := c.raw.(interface{ SetLinger(int) error }); ok {
			l.SetLinger(0)
		}
		c.raw.Close()
		return Ending{Kind: ServerReset}
	case Hang:
		io.Copy(io.Discard, c.raw)
		return Ending{Kind: ServerSilent}
	case Close:
		if tc, ok := c.conn.(interface{ CloseWrite() error }); ok && c.conn != c.raw {
			tc.CloseWrite() // close_notify
		}
	}
	// A close with unread bytes would be a reset: half-close, then read what still comes.
	if w, ok := c.raw.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		c.setReadDeadline(time.Now().Add(drainTime))
		io.Copy(io.Discard, c.raw)
	}
	c.raw.Close()
	if d == Cut {
		return Ending{Kind: ServerCut}
	}
	return Ending{Kind: ServerClosed}
}
