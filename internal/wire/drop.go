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
	how := endingOf(d)
	if d != Hang { // then the client ends it
		c.ends(how)
	}
	c.hangUp(d)
	return how
}

// endingOf returns the Ending of a connection that the Handler ends in the way d.
func endingOf(d Drop) Ending {
	switch d {
	case Cut:
		return Ending{Kind: ServerCut}
	case Reset:
		return Ending{Kind: ServerReset}
	case Hang:
		return Ending{Kind: ServerSilent}
	}
	return Ending{Kind: ServerClosed}
}

// hangUp ends the connection in the way d.
func (c *Conn) hangUp(d Drop) {
	switch d {
	case Reset:
		if l, ok := c.raw.(interface{ SetLinger(int) error }); ok {
			l.SetLinger(0)
		}
		c.raw.Close()
		return
	case Hang:
		io.Copy(io.Discard, c.raw)
		return
	case Close:
		if tc, ok := c.conn.(interface{ CloseWrite() error }); ok && c.conn != c.raw {
			tc.CloseWrite() // close_notify
		}
	}
	// Closing a socket with unread bytes would send a reset. So hangUp closes the side that writes, and reads what still
	// comes.
	if w, ok := c.raw.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		c.setReadDeadline(time.Now().Add(drainTime))
		io.Copy(io.Discard, c.raw)
	}
	c.raw.Close()
}
