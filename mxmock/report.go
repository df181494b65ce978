package mxmock

// The report: what the internet saw, for the log of a test that has failed.

import (
	"fmt"
	"strings"
)

// report says in few lines which questions were asked and what was said to the mail servers.
func (n *Internet) report() string {
	const most = 50
	var b strings.Builder
	queries := n.Queries()
	fmt.Fprintf(&b, "mxmock: what the internet saw: %d DNS questions", len(queries))
	skipped := max(0, len(queries)-most)
	if skipped > 0 {
		fmt.Fprintf(&b, ", the last %d of them", most)
	}
	for _, q := range queries[skipped:] {
		fmt.Fprintf(&b, "\n  %v", q)
	}
	sessions := n.Sessions()
	fmt.Fprintf(&b, "\n%d sessions", len(sessions))
	skipped = max(0, len(sessions)-most)
	if skipped > 0 {
		fmt.Fprintf(&b, ", the last %d of them", most)
	}
	for _, s := range sessions[skipped:] {
		fmt.Fprintf(&b, "\n%v", strings.TrimRight(s.String(), "\n"))
	}
	return b.String()
}
