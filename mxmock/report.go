package mxmock

// The report: what the internet saw, for the log of a test that has failed.

import (
	"fmt"
	"strings"
)

// report is the end of the journal.
func (n *Internet) report() string {
	const most = 200
	j := n.Journal()
	last := ""
	skipped := max(0, len(j)-most)
	if skipped > 0 {
		last = fmt.Sprintf(", the last %d of them", most)
	}
	return strings.TrimRight(fmt.Sprintf("mxmock: what happened in the internet: %d events%s\n%v", len(j), last, j[skipped:]), "\n")
}
