package imap

// Sequence numbers and UIDs: the messages that a command names.

import (
	"slices"

	goimap "github.com/emersion/go-imap/v2"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// found is a message that a command names.
type found struct {
	seq uint32
	mailstore.Message
}

// errGone says that messages are gone, and that the client has not been told yet (RFC 5530 §3).
var errGone = no("EXPUNGEISSUED", "Some of the messages are gone")

// find returns the messages of a set that the client knows, in order. The error says that there is no such sequence number.
func (ss *session) find(set goimap.NumSet) ([]found, error) {
	if seqs, ok := set.(goimap.SeqSet); ok {
		for _, r := range seqs {
			if max(r.Start, r.Stop) > uint32(len(ss.view)) || len(ss.view) == 0 {
				return nil, &goimap.Error{Type: goimap.StatusResponseTypeBad, Text: "There is no message with that sequence number"}
			}
		}
	}
	contains := ss.matcher(set)
	var all []found
	for i, m := range ss.view {
		if seq := uint32(i + 1); contains(seq, m.UID) {
			all = append(all, found{seq, m})
		}
	}
	return all, nil
}

// matcher returns a function that reports whether a message is in a set. "*" is the last message there is, and "$"
// the result of the last SEARCH that has saved one.
func (ss *session) matcher(set goimap.NumSet) func(seq, uid uint32) bool {
	switch set := set.(type) {
	case goimap.SeqSet:
		ranges := make([]span, len(set))
		for i, r := range set {
			ranges[i] = newSpan(r.Start, r.Stop, uint32(len(ss.view)))
		}
		return func(seq, _ uint32) bool { return inSpans(ranges, seq) }
	case goimap.UIDSet:
		if goimap.IsSearchRes(set) {
			set = ss.saved
		}
		last := uint32(0)
		if n := len(ss.view); n > 0 {
			last = ss.view[n-1].UID
		}
		ranges := make([]span, len(set))
		for i, r := range set {
			ranges[i] = newSpan(uint32(r.Start), uint32(r.Stop), last)
		}
		return func(_, uid uint32) bool { return inSpans(ranges, uid) }
	}
	return func(uint32, uint32) bool { return false }
}

// span is a range of numbers, both ends included.
type span struct{ from, to uint32 }

// newSpan returns a range in which 0 stands for "*".
func newSpan(from, to, star uint32) span {
	if from == 0 {
		from = star
	}
	if to == 0 {
		to = star
	}
	return span{min(from, to), max(from, to)}
}

func inSpans(spans []span, n uint32) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return n >= s.from && n <= s.to })
}

// uids returns the UIDs of messages.
func uids(messages []found) []uint32 {
	uids := make([]uint32, len(messages))
	for i, m := range messages {
		uids[i] = m.UID
	}
	return uids
}
