package mailtest

import (
	"context"
	"net"
	"time"
)

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

// UnusedRules returns the rules in force that never acted, in the order in which they were added. Those of
// [Server.Rules] are not among them.
func (s *Server) UnusedRules() []Rule {
	s.state.Lock()
	defer s.state.Unlock()
	var unused []Rule
	for _, r := range s.state.rules.all {
		if r.unused() {
			unused = append(unused, r.Rule)
		}
	}
	return unused
}

// WaitNContext and WaitOnlyContext are waits for tests that want an error.
func (b *Inbox) WaitNContext(ctx context.Context, n int) ([]*Message, error) {
	return b.waitN(limit{ctx: ctx}, n)
}

func (b *Inbox) WaitOnlyContext(ctx context.Context, n int, quiet time.Duration) ([]*Message, error) {
	return b.waitOnly(limit{ctx: ctx}, n, quiet)
}
