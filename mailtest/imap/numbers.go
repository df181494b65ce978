package imap

// Sequence numbers and UIDs: the messages that a command names.

import (
	"cmp"
	"slices"
	"sort"

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
	spans, byUID := ss.spans(set)
	if n := len(spans); n > 0 && !byUID && (len(ss.view) == 0 || spans[n-1].to > uint32(len(ss.view))) {
		return nil, &goimap.Error{Type: goimap.StatusResponseTypeBad, Text: "There is no message with that sequence number"}
	}
	number := func(i int) uint32 {
		if byUID {
			return ss.view[i].UID
		}
		return uint32(i + 1)
	}
	var all []found
	for _, s := range spans {
		first := sort.Search(len(ss.view), func(i int) bool { return number(i) >= s.from })
		for i := first; i < len(ss.view) && number(i) <= s.to; i++ {
			all = append(all, found{uint32(i + 1), *ss.view[i]})
		}
	}
	return all, nil
}

// matcher returns a function that reports whether a message is in a set.
func (ss *session) matcher(set goimap.NumSet) func(seq, uid uint32) bool {
	spans, byUID := ss.spans(set)
	return func(seq, uid uint32) bool {
		n := seq
		if byUID {
			n = uid
		}
		i := sort.Search(len(spans), func(i int) bool { return spans[i].to >= n })
		return i < len(spans) && spans[i].from <= n
	}
}

// span is a range of numbers, both ends included.
type span struct{ from, to uint32 }

// spans returns the ranges of a set, in order and without overlaps, and reports whether they are of UIDs. "*" is the last
// message there is, and "$" the result of the last SEARCH that has saved one.
func (ss *session) spans(set goimap.NumSet) (spans []span, byUID bool) {
	switch set := set.(type) {
	case goimap.SeqSet:
		for _, r := range set {
			spans = append(spans, newSpan(r.Start, r.Stop, uint32(len(ss.view))))
		}
	case goimap.UIDSet:
		byUID = true
		if goimap.IsSearchRes(set) {
			set = ss.saved
		}
		last := uint32(0)
		if n := len(ss.view); n > 0 {
			last = ss.view[n-1].UID
		}
		for _, r := range set {
			spans = append(spans, newSpan(uint32(r.Start), uint32(r.Stop), last))
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	apart := spans[:0]
	for _, s := range spans {
		if n := len(apart); n > 0 && s.from <= apart[n-1].to {
			apart[n-1].to = max(apart[n-1].to, s.to)
		} else {
			apart = append(apart, s)
		}
	}
	return apart, byUID
}

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

// uids returns the UIDs of messages.
func uids(messages []found) []uint32 {
	uids := make([]uint32, len(messages))
	for i, m := range messages {
		uids[i] = m.UID
	}
	return uids
}
