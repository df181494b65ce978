package mailtest

// The bytes of messages that were not accepted: transcripts have them, but not without bound.

import (
	"bytes"
	"sync"
)

// keepRefused is how much is kept of a message that was not accepted, when there are too many of them.
const keepRefused = 4 << 10

// refusals are the sessions of a server with the bytes of messages that were not accepted, the oldest first.
type refusals struct {
	mu       sync.Mutex
	total    int64
	sessions []*session
}

// mostRefused is how many bytes a server keeps of messages that were not accepted: more than one connection may send.
func (s *Server) mostRefused() int64 { return 64<<20 + 2*s.wire.MaxSize }

// refused counts n more bytes of a session, or fewer, and cuts what the oldest sessions have if that is too much.
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

// forget begins anew, when the sessions are forgotten.
func (r *refusals) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ss := range r.sessions {
		ss.refusing = false
	}
	r.total, r.sessions = 0, nil
}

// cutRefused cuts the messages that were not accepted, but for the chunks of one that has yet to end, and
// returns how many bytes that saves.
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
