package mailtest

import "net"

// What the tests outside of the package need of its inside.

// PlayAndTell plays d and returns all that the server has sent, and conn or TLS above it.
func PlayAndTell(d Dialogue, conn net.Conn) (string, net.Conn, error) {
	p := newPlayer(conn, d)
	err := d.play(p)
	return p.received.String(), p.conn, err
}

// Matches is the comparison of dialogues.
func Matches(pattern, s string) bool { return matches(pattern, s) }
