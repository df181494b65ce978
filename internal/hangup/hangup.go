// Package hangup looks whether the other end of a connection has hung up, without reading. A server that is about to
// read there has perhaps not noticed it yet.
package hangup

import (
	"net"
	"syscall"
)

// By reports whether the other end of conn has closed the connection, or the side of it that writes. It also reports true if
// conn itself is closed. It reports false if that cannot be known, as on systems other than Linux for real sockets.
func By(conn net.Conn) bool {
	switch c := conn.(type) {
	case interface{ PeerClosed() bool }:
		return c.PeerClosed()
	case syscall.Conn:
		raw, err := c.SyscallConn()
		closed := false
		return err == nil && (raw.Control(func(fd uintptr) { closed = peerClosed(fd) }) != nil || closed)
	}
	return false
}
