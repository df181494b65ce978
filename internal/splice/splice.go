// Package splice joins connections: what comes out of one goes into the other, and so do its end and its
// reset.
package splice

import (
	"io"
	"net"
)

// Copy passes on what comes from a connection until that ends. A FIN is passed on as a FIN, so that the
// other direction goes on; after any error, a reset among them, both connections are reset.
func Copy(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		Reset(to)
		Reset(from)
		return
	}
	if w, ok := to.(interface{ CloseWrite() error }); ok {
		w.CloseWrite()
	}
}

// Reset closes a connection with an RST, where it has that.
func Reset(conn net.Conn) {
	if c, ok := conn.(interface{ SetLinger(int) error }); ok {
		c.SetLinger(0)
	}
	conn.Close()
}
