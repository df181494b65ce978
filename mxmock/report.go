package mxmock

// The report and the artifacts of an internet at the end of a test.

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// Report returns a short text about what happened in the internet: for each message the name of the
// host that accepted it and the text of [mailtest.Message.String], and the journal. An Internet
// made by [New] writes it to the log of a failed test.
func (n *Internet) Report() string {
	const mostEvents, mostMessages = 200, 20
	var b strings.Builder
	j, messages := n.Journal(), n.Messages()
	fmt.Fprintf(&b, "mxmock: what happened in the internet: %s, %s\n", count(len(j), "event"), count(len(messages), "message"))
	if skipped := len(messages) - mostMessages; skipped > 0 {
		fmt.Fprintf(&b, "… %s before these\n", count(skipped, "message"))
		messages = messages[skipped:]
	}
	hosts := n.accepters()
	for _, m := range messages {
		fmt.Fprintf(&b, "%s %v\n", hosts[m], m)
	}
	if skipped := len(j) - mostEvents; skipped > 0 {
		fmt.Fprintf(&b, "… %s before these\n", count(skipped, "event"))
		j = j[skipped:]
	}
	b.WriteString(j.String())
	return strings.TrimRight(b.String(), "\n")
}

// count returns n things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// accepters returns for each message the host that accepted it, with the port if that is not 25.
func (n *Internet) accepters() map[*mailtest.Message]string {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	all := make(map[*mailtest.Message]string)
	for _, h := range hosts {
		for _, s := range h.servers() {
			name := h.name
			if s.port != 25 {
				name = net.JoinHostPort(name, strconv.Itoa(s.port))
			}
			for _, m := range s.Messages() {
				all[m] = name
			}
		}
	}
	return all
}

// CheckRules returns an error that lists the rules marked with [DNSRule.Must], or with
// [mailtest.Rule.Must] on any mail server, that never acted, or nil if there are none. An Internet
// made by [New] calls it at the end of the test.
func (n *Internet) CheckRules() error {
	var errs []error
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	for _, r := range n.rules.all {
		if r.Must && r.seen <= r.Skip {
			errs = append(errs, fmt.Errorf("mxmock: DNS rule %d, for %q, that must act never did", r.number, cmp.Or(r.Question, "any *")))
		}
	}
	n.mu.Unlock()
	for _, h := range hosts {
		for _, s := range h.servers() {
			if err := s.CheckRules(); err != nil {
				errs = append(errs, fmt.Errorf("mxmock: host %s: %w", h.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// artifacts returns the files that a failed test leaves behind: each message, all transcripts, and the journal.
func (n *Internet) artifacts() []artifact.File {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	var files []artifact.File
	var sessions strings.Builder
	for _, h := range hosts {
		for _, s := range h.servers() {
			for _, m := range s.Messages() {
				files = append(files, artifact.File{Name: fmt.Sprintf("%s-%d-%d.eml", h.name, s.port, m.Number), Data: m.Raw})
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
