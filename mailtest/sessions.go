package mailtest

// The sessions of a server, its messages by number, and a bound on the bytes of messages that were not accepted.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// LimitSessions bounds the transcripts that the server keeps, from now on. If there are more than most sessions, the server
// forgets the oldest of those that have ended. If the turns of a session take more than about a megabyte, it forgets the
// oldest of them, except the first twenty, and a [Note] of the kind TurnsForgotten says so. It also forgets the [Turn.Payload]
// of each message that [Inbox.Remove] removes. Zero, the default, means that there is no bound. LimitSessions is for servers
// that run for days: each session takes about a kilobyte, and each of its turns takes some 40 bytes, and more if its text is
// new to the server.
func (s *Server) LimitSessions(most int) {
	s.state.Lock()
	defer s.state.Unlock()
	s.state.mostSessions.Store(int64(max(most, 0)))
	s.trimSessions()
}

// trimSessions forgets sessions beyond the bound. The state is locked.
func (s *Server) trimSessions() {
	most := int(s.state.mostSessions.Load())
	over := len(s.state.sessions) - most
	if most == 0 || over <= 0 {
		return
	}
	for over > 0 && s.state.sessions[0].conn == nil { // without a look at all the others
		s.state.trimmed = max(s.state.trimmed, s.state.sessions[0].number)
		s.state.sessions[0] = nil
		s.state.sessions = s.state.sessions[1:]
		over--
	}
	if over == 0 {
		return
	}
	s.state.sessions = slices.DeleteFunc(s.state.sessions, func(ss *session) bool {
		if over <= 0 || !ss.ended {
			return false
		}
		over--
		s.state.trimmed = max(s.state.trimmed, ss.number)
		return true
	})
}

// release forgets the bytes of a message that was accepted in the session.
func (ss *session) release(number int) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if i, ok := slices.BinarySearchFunc(ss.log.filed, number, func(r *record, n int) int { return cmp.Compare(r.number, n) }); ok {
		ss.log.filed[i] = &record{number: number}
	}
	for ss.log.released < len(ss.log.filed) && ss.log.filed[ss.log.released].raw == nil {
		ss.log.released++
	}
}

// openConnections returns the number of connections that are open when a turn of a session begins.
func (s *Server) openConnections(now *session, stage Stage) int {
	s.state.Lock()
	open := s.state.open
	var others []*wire.Conn
	if stage == Greeting && open > 1 && s.hasRulesAt(Greeting) {
		for ss := range s.state.live {
			if ss != now && !ss.ended {
				others = append(others, ss.conn)
			}
		}
	}
	s.state.Unlock()
	for _, c := range others {
		if c.Deserted() {
			open--
		}
	}
	return open
}

// liveConns returns the connections that are not closed. The state is locked.
func (s *Server) liveConns() []*wire.Conn {
	var conns []*wire.Conn
	for ss := range s.state.live {
		conns = append(conns, ss.conn)
	}
	return conns
}

// changed tells listeners that the sessions have changed.
func (s *Server) changed() {
	s.Inbox.notices.Send()
	if s.set.Collect != nil {
		s.set.Collect.notices.Send()
	}
}

// Sessions returns the transcript of each connection so far, in the order in which they were accepted. The
// transcripts are copies, and do not change.
func (s *Server) Sessions() []*Session {
	all := s.allSessions()
	sessions := make([]*Session, len(all))
	for i, ss := range all {
		sessions[i] = ss.snapshot()
	}
	return sessions
}

// SessionSummaries returns what Sessions does, but only the last turn of each session, whose Number says how many there
// were; a session that has no turn yet has none here. It is faster.
func (s *Server) SessionSummaries() []*Session {
	all := s.allSessions()
	sessions := make([]*Session, len(all))
	for i, ss := range all {
		sessions[i] = ss.summary()
	}
	return sessions
}

// Session returns the transcript so far of the connection with the given number, or nil if there is none or
// it was forgotten (see [Server.Reset] and [Server.LimitSessions]). It is a copy, and does not change.
func (s *Server) Session(number int) *Session { return s.SessionPart(number, 1, math.MaxInt) }

// SessionPart returns what Session does, but only the turns with the numbers from first to last, both included, as far as
// there are any. The first turn of a session has number 1. It is faster if the session is long.
func (s *Server) SessionPart(number, first, last int) *Session {
	s.state.Lock()
	found := s.find(number)
	s.state.Unlock()
	if found == nil {
		return nil
	}
	return found.part(max(first, 1), last)
}

// find returns the session with a number, or nil. The state is locked.
func (s *Server) find(number int) *session {
	i, ok := slices.BinarySearchFunc(s.state.sessions, number, func(ss *session, n int) int { return cmp.Compare(ss.number, n) })
	if !ok {
		return nil
	}
	return s.state.sessions[i]
}

// Message returns the message with the given number, see [Message.Number], or nil if there is none or Reset has
// forgotten it. It does not take the message.
func (s *Server) Message(number int) *Message {
	s.Inbox.mu.Lock()
	var r *record
	if i := number - 1 - s.Inbox.base; i >= 0 && i < len(s.Inbox.entries) {
		r = s.Inbox.entries[i].record
	}
	s.Inbox.mu.Unlock()
	if r == nil {
		return nil
	}
	return r.message()
}

// allSessions returns the sessions that have not been forgotten.
func (s *Server) allSessions() []*session {
	s.state.Lock()
	defer s.state.Unlock()
	return slices.Clone(s.state.sessions)
}

// WaitSession waits until the connection with the given number has ended, and returns its whole transcript. The
// first connection has number 1. If the wait lasts too long, the test ends, as with the waits of [Inbox]. The
// test also ends if the session was forgotten (see [Server.Reset] and [Server.LimitSessions]).
func (s *Server) WaitSession(tb testing.TB, number int) *Session {
	tb.Helper()
	var ended *session
	var lost error
	err := s.Inbox.wait(s.Inbox.within(tb), fmt.Sprintf("session %d has not ended", number), func() bool {
		ended, lost = s.endedSession(number)
		return ended != nil || lost != nil
	})
	if errors.Is(err, errPatience) {
		switch late := s.Session(number); {
		case late == nil:
			err = fmt.Errorf("%w\nsession %d has not begun", err, number)
		case late.delivered(): // others are in err already
			err = fmt.Errorf("%w\n%s", err, late.summary())
		}
	}
	check(tb, err)
	check(tb, lost)
	return ended.snapshot()
}

// endedSession returns a session that has ended, nil if it has not ended, or an error if it was forgotten.
func (s *Server) endedSession(number int) (*session, error) {
	s.state.Lock()
	defer s.state.Unlock()
	ss := s.find(number)
	switch {
	case ss != nil && ss.conn == nil:
		return ss, nil
	case ss == nil && number < 1:
		return nil, fmt.Errorf("mailtest: there is no session %d, the first has the number 1", number)
	case ss == nil && number <= s.state.last:
		return nil, fmt.Errorf("mailtest: session %d has ended, and %s", number, s.whyForgotten(number))
	}
	return nil, nil
}

// whyForgotten says why a session was forgotten, and what to do about it. The state is locked.
func (s *Server) whyForgotten(number int) string {
	switch reset, trimmed := number <= s.state.reset, number <= s.state.trimmed; {
	case reset && trimmed:
		return "Reset or LimitSessions has forgotten it; wait for it earlier"
	case trimmed:
		return "LimitSessions has forgotten it; wait for it earlier, or let the server keep more sessions"
	}
	return "Reset has forgotten it; wait for it before Reset"
}

// keepRefused is the number of bytes that are kept of a message that was not accepted, when there are too many such
// bytes.
const keepRefused = 4 << 10

// refusals are the sessions of a server with the bytes of messages that were not accepted, the oldest first.
type refusals struct {
	mu       sync.Mutex
	total    int64
	sessions []*session
}

// mostRefused returns how many bytes a server keeps of messages that were not accepted. One connection may send
// fewer.
func (s *Server) mostRefused() int64 { return 64<<20 + 2*s.wire.MaxSize }

// refused adds n bytes, which may be negative, to those of a session. If there are too many then, it cuts those of
// the oldest sessions.
func (s *Server) refused(ss *session, n int64) {
	r := &s.refusals
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ss.refusing {
		ss.refusing = true
		r.sessions = append(r.sessions, ss)
	}
	r.total += n
	for r.total > s.mostRefused() && len(r.sessions) > 0 {
		oldest := r.sessions[0]
		r.sessions = r.sessions[1:]
		oldest.refusing = false
		r.total -= oldest.cutRefused()
	}
}

// forget starts anew after the sessions were forgotten.
func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ss := range r.sessions {
		ss.refusing = false
	}
	r.total, r.sessions = 0, nil
}

// cutRefused cuts the messages that were not accepted, except for the chunks of an unfinished one, and returns how
// many bytes that saves.
func (ss *session) cutRefused() (saved int64) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	pending := make(map[int]bool)
	for _, i := range ss.log.chunks {
		pending[i] = true
	}
	for i := range ss.log.extras {
		x := &ss.log.extras[i]
		size := int64(len(x.payload))
		if size <= keepRefused || x.shared || pending[i] {
			continue
		}
		x.payload = bytes.Clone(x.payload[:keepRefused])
		x.notes = append(x.notes[:len(x.notes):len(x.notes)], Note{Kind: MessageCut, Count: size, Offset: keepRefused})
		saved += size - keepRefused
	}
	ss.log.refused -= saved
	return saved
}
