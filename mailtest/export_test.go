package mailtest

import "net"

// What the tests outside of the package need of its inside.

// PlayAndTell plays d, after a TLS handshake if that is wanted, and returns all that the server has
// sent, and conn or TLS above it.
func PlayAndTell(d Dialogue, conn net.Conn, implicit bool) (string, net.Conn, error) {
	p := newPlayer(conn, d)
	if implicit {
		if err := p.encrypt(); err != nil {
			return "", conn, err
		}
	}
	err := d.play(p)
	return p.received.String(), p.conn, err
}

// Matches is the comparison of dialogues.
func Matches(pattern, s string) bool { return matches(pattern, s) }
