package mailtest

// The report: what a server says and leaves behind when its test has failed.

import (
	"fmt"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/artifact"
)

// report says in few lines what the server saw, for the log of a test that has failed.
func (s *Server) report() string {
	const most = 20
	var b strings.Builder
	sessions := s.Sessions()
	fmt.Fprintf(&b, "mailtest: what server %s saw: %s", s.name(), count(len(sessions), "session"))
	skipped := max(0, len(sessions)-most)
	if skipped > 0 {
		fmt.Fprintf(&b, ", the last %d of them", most)
	}
	b.WriteByte('\n')
	for _, session := range sessions[skipped:] {
		b.WriteString(session.brief())
	}
	return strings.TrimRight(b.String(), "\n")
}

// artifacts are the files that a failed test leaves behind: each message, and all transcripts.
func (s *Server) artifacts() []artifact.File {
	var files []artifact.File
	for _, m := range s.Messages() {
		files = append(files, artifact.File{Name: fmt.Sprintf("%s-%d.eml", s.name(), m.Number), Data: m.Raw})
	}
	var b strings.Builder
	for _, session := range s.Sessions() {
		b.WriteString(session.String())
	}
	return append(files, artifact.File{Name: s.name() + "-sessions.txt", Data: []byte(b.String())})
}
