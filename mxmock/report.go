package mxmock

// The report: what is said and left at the end of a test.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/artifact"
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

// checkRules is [mailtest.Server.CheckRules] of all servers.
func (n *Internet) checkRules() error {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	var errs []error
	for _, h := range hosts {
		for _, s := range h.servers() {
			if err := s.CheckRules(); err != nil {
				errs = append(errs, fmt.Errorf("mxmock: host %s: %w", h.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// artifacts are the files that a failed test leaves behind: each message, all transcripts, and the journal.
func (n *Internet) artifacts() []artifact.File {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	var files []artifact.File
	var sessions strings.Builder
	for _, h := range hosts {
		for i, s := range h.servers() {
			for _, m := range s.Messages() {
				files = append(files, artifact.File{Name: fmt.Sprintf("%s-%d-%d.eml", h.name, i+1, m.Number), Data: m.Raw})
			}
			for _, session := range s.Sessions() {
				fmt.Fprintf(&sessions, "%s: %v\n", h.name, session)
			}
		}
	}
	return append(files,
		artifact.File{Name: "sessions.txt", Data: []byte(sessions.String())},
		artifact.File{Name: "journal.txt", Data: []byte(n.Journal().String())})
}
