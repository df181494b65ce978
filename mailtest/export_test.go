package mailtest

import (
	"context"
	"time"
)

// What the tests outside of the package need of its inside.

// UnusedRules returns the rules in force that never acted, in the order in which they were added. Those of
// [Server.Rules] are not among them.
func (s *Server) UnusedRules() []Rule {
	return s.rules.Unused()
}

// WaitNContext and WaitOnlyContext are waits for tests that want an error.
func (b *Inbox) WaitNContext(ctx context.Context, n int) ([]*Message, error) {
	return b.waitN(limit{ctx: ctx}, n)
}

func (b *Inbox) WaitOnlyContext(ctx context.Context, n int, quiet time.Duration) ([]*Message, error) {
	return b.waitOnly(limit{ctx: ctx}, n, quiet)
}
