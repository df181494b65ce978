package wire

// The ways in which a Handler can end a connection.

import (
	"io"
	"time"
)

// drainTime is the longest time that an orderly close waits for the client to close.
const drainTime = 2 * time.Second

// drop ends the connection in the way d, and returns the Ending.
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
	// Closing a socket with unread bytes would send a reset. So drop closes the side that writes, and reads what still
	// comes.
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
