package access

// Sessions: the transcript of each connection, and the report of a failed test.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/seed078e9d8c/maillab/internal/notice"
	"github.com/seed078e9d8c/maillab/mailtest"
)

const (
	// mostText is the number of bytes of commands and replies that a transcript keeps. If there are more, it forgets
	// its oldest turns.
	mostText = 4 << 20

	// mostReply is the number of bytes of a reply that are kept.
	mostReply = 4 << 10
)

// session is the transcript of a connection.
type session struct {
	notices *notice.List // of the server

	mu   sync.Mutex
	log  mailtest.Session
	size int // the bytes of commands and replies

	forgotten int64 // turns
}

// ended reports whether the session has ended. Its connection may not be closed yet.
func (ss *session) ended() bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return !ss.log.End.IsZero()
}

// add appends a turn.
func (ss *session) add(t mailtest.Turn) {
	defer ss.notices.Send()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	t.Number = len(ss.log.Turns) + int(ss.forgotten) + 1
	ss.log.Turns = append(ss.log.Turns, t)
	ss.size += turnSize(t)
	if ss.size <= mostText {
		return
	}
	forgotten := 0
	for ss.size > mostText/2 && forgotten < len(ss.log.Turns)-1 {
		ss.size -= turnSize(ss.log.Turns[forgotten])
		forgotten++
	}
	ss.log.Turns = slices.Clone(ss.log.Turns[forgotten:])
	ss.forgotten += int64(forgotten)
	first := &ss.log.Turns[0]
	first.Notes = append([]mailtest.Note{{Kind: mailtest.TurnsForgotten, Count: ss.forgotten}}, first.Notes...)
}

// turnSize returns roughly the memory that a turn takes, in bytes.
func turnSize(t mailtest.Turn) int { return len(t.Command) + len(t.Reply) + 160 }

// unsent corrects the last turn if not all of its reply was sent.
func (ss *session) unsent(sent int) {
	defer ss.notices.Send()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if len(ss.log.Turns) == 0 {
		return
	}
	last := &ss.log.Turns[len(ss.log.Turns)-1]
	last.Reply = last.Reply[:min(sent, len(last.Reply))]
}

// change changes the data of the connection in the transcript.
func (ss *session) change(f func(*mailtest.Session)) {
	defer ss.notices.Send()
	ss.mu.Lock()
	defer ss.mu.Unlock()
	f(&ss.log)
}

// snapshot returns a copy of the transcript.
func (ss *session) snapshot() *mailtest.Session {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	log := ss.log
	log.Turns = slices.Clone(log.Turns)
	return &log
}

// Notify makes the server send on c whenever Sessions has changed, until stop is called.
func (s *Server) Notify(c chan<- struct{}) (stop func()) { return s.notices.Add(c) }

// LimitSessions bounds the transcripts that are kept: if there are more than most, the oldest that have ended are
// forgotten. Zero means that there is no bound.
func (s *Server) LimitSessions(most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = max(most, 0)
	s.trimSessions()
}

// trimSessions forgets sessions beyond the bound. The caller holds the lock.
func (s *Server) trimSessions() {
	over := len(s.sessions) - s.most
	if s.most == 0 || over <= 0 {
		return
	}
	s.sessions = slices.DeleteFunc(s.sessions, func(ss *session) bool {
		if over <= 0 || !ss.ended() {
			return false
		}
		over--
		return true
	})
}

// Sessions returns the transcript of each connection so far, in the order in which they were accepted.
func (s *Server) Sessions() []*mailtest.Session {
	s.mu.Lock()
	all := slices.Clone(s.sessions)
	s.mu.Unlock()
	sessions := make([]*mailtest.Session, len(all))
	for i, ss := range all {
		sessions[i] = ss.snapshot()
	}
	return sessions
}

// Session returns the transcript so far of the connection with the given number, or nil.
func (s *Server) Session(number int) *mailtest.Session {
	s.mu.Lock()
	i, ok := slices.BinarySearchFunc(s.sessions, number, func(ss *session, n int) int { return cmp.Compare(ss.log.Number, n) })
	var found *session
	if ok {
		found = s.sessions[i]
	}
	s.mu.Unlock()
	if found == nil {
		return nil
	}
	return found.snapshot()
}

// Report returns the latest transcripts as text.
func (s *Server) Report() string {
	const most = 20
	sessions := s.Sessions()
	var b strings.Builder
	plural := "s"
	if len(sessions) == 1 {
		plural = ""
	}
	fmt.Fprintf(&b, "%s: what server %s saw: %d session%s\n", s.protocol.Name, s.cfg.Name, len(sessions), plural)
	if skipped := len(sessions) - most; skipped > 0 {
		fmt.Fprintf(&b, "… %d sessions before these\n", skipped)
		sessions = sessions[skipped:]
	}
	for _, session := range sessions {
		b.WriteString(session.String())
	}
	return strings.TrimRight(b.String(), "\n")
}

// transcripts returns all transcripts as text.
func (s *Server) transcripts() string {
	var b strings.Builder
	for _, session := range s.Sessions() {
		b.WriteString(session.String())
	}
	return b.String()
}
