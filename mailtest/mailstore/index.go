package mailstore

// The index of a mailbox: the data about its messages that a store keeps in memory.

import (
	"cmp"
	"fmt"
	"slices"
)

// index has the messages of a mailbox in the order of their UIDs, and the numbers that describe the mailbox. M is
// the type of further data about a message. The lock of the store guards the index.
type index[M any] struct {
	status  Status
	entries []indexEntry[M] // includes removed ones, until they are the majority
	changed chan struct{}   // the channel of watch, or nil
	deleted bool

	log   []logged // the latest changes; see note
	since uint64   // the version after which the log has all changes
}

// logged is a change of a message: it came or went, or its flags changed.
type logged struct {
	version uint64 // of the mailbox after the change
	uid     uint32
}

// maxLogged is the number of changes that the log of an index has at least, if there were so many.
const maxLogged = 1000

// indexEntry is a message of an index. One that was removed has only its UID.
type indexEntry[M any] struct {
	Message
	more    M
	removed bool
}

// find returns the message with a UID. The pointer is valid until messages are added or removed.
func (x *index[M]) find(uid uint32) (*indexEntry[M], error) {
	i, ok := slices.BinarySearchFunc(x.entries, uid, func(e indexEntry[M], uid uint32) int { return cmp.Compare(e.UID, uid) })
	if !ok || x.entries[i].removed {
		return nil, fmt.Errorf("%w: UID %d", ErrNoMessage, uid)
	}
	return &x.entries[i], nil
}

// all yields the messages. Meanwhile no message may be added; drop may be called.
func (x *index[M]) all(yield func(*indexEntry[M]) bool) {
	for i := range x.entries {
		if e := &x.entries[i]; !e.removed && !yield(e) {
			return
		}
	}
}

// list returns the messages as Messages of [Mailbox] does.
func (x *index[M]) list() []Message {
	messages := make([]Message, 0, x.status.Messages)
	for e := range x.all {
		messages = append(messages, e.Message)
	}
	return messages
}

// add adds a message with the next UID.
func (x *index[M]) add(m Message, more M) (uid uint32) {
	m.UID = max(x.status.UIDNext, 1)
	x.status.UIDNext = m.UID + 1
	x.status.Messages++
	x.entries = append(x.entries, indexEntry[M]{Message: m, more: more})
	x.note(m.UID)
	x.touch()
	return m.UID
}

// drop removes a message and the data about it. A call of dropped must follow.
func (x *index[M]) drop(e *indexEntry[M]) {
	*e = indexEntry[M]{Message: Message{UID: e.UID}, removed: true}
	x.status.Messages--
	x.note(e.UID)
}

// dropped announces that messages were removed, if there were more before. It frees their places only when they are
// the majority, so removing all messages one by one takes time in proportion to their number.
func (x *index[M]) dropped(before int) {
	if x.status.Messages == before {
		return
	}
	if x.status.Messages < len(x.entries)/2 {
		x.entries = slices.Clip(slices.DeleteFunc(x.entries, func(e indexEntry[M]) bool { return e.removed }))
	}
	x.touch()
}

// remove removes messages, of which some may not exist.
func (x *index[M]) remove(uids ...uint32) {
	before := x.status.Messages
	for _, uid := range uids {
		if e, err := x.find(uid); err == nil {
			x.drop(e)
		}
	}
	x.dropped(before)
}

// renumber gives the messages UIDs from 1.
func (x *index[M]) renumber(validity uint32) {
	x.entries = slices.DeleteFunc(x.entries, func(e indexEntry[M]) bool { return e.removed })
	for i := range x.entries {
		x.entries[i].UID = uint32(i + 1)
	}
	x.status.UIDValidity, x.status.UIDNext = validity, uint32(len(x.entries)+1)
	x.log = nil
	x.touch()
}

// moveTo moves all messages to an empty index. They keep their UIDs, which are not used again in this index.
func (x *index[M]) moveTo(to *index[M]) {
	to.entries, x.entries = x.entries, nil
	to.status.Messages, x.status.Messages = x.status.Messages, 0
	to.status.UIDNext = x.status.UIDNext
	to.log, x.log = nil, nil
	to.touch()
	x.touch()
}

// delete marks the mailbox as deleted.
func (x *index[M]) delete() {
	x.deleted, x.entries = true, nil
	x.touch()
}

// watch returns the channel of [Mailbox] Changed.
func (x *index[M]) watch() <-chan struct{} {
	if x.changed == nil {
		x.changed = make(chan struct{})
		if x.deleted {
			close(x.changed)
		}
	}
	return x.changed
}

// note logs a change of a message, which touch will announce.
func (x *index[M]) note(uid uint32) {
	if len(x.log) == 2*maxLogged {
		x.since = x.log[maxLogged-1].version
		x.log = slices.Delete(x.log, 0, maxLogged)
	}
	x.log = append(x.log, logged{x.status.Version + 1, uid})
}

// changes returns the messages that came or whose flags changed after a version of the mailbox, and the UIDs of those that went,
// both in order. ok is false if the log does not go back that far.
func (x *index[M]) changes(version uint64) (changed []Message, gone []uint32, ok bool) {
	if version < x.since {
		return nil, nil, false
	}
	first, _ := slices.BinarySearchFunc(x.log, version+1, func(l logged, version uint64) int { return cmp.Compare(l.version, version) })
	var uids []uint32
	for _, l := range x.log[first:] {
		uids = append(uids, l.uid)
	}
	slices.Sort(uids)
	for _, uid := range slices.Compact(uids) {
		if e, err := x.find(uid); err == nil {
			changed = append(changed, e.Message)
		} else {
			gone = append(gone, uid)
		}
	}
	return changed, gone, true
}

// touch announces a change. If nothing was noted, it may be of any message.
func (x *index[M]) touch() {
	x.status.Version++
	if n := len(x.log); n == 0 || x.log[n-1].version != x.status.Version {
		x.log, x.since = nil, x.status.Version
	}
	if x.changed != nil {
		close(x.changed)
		x.changed = nil
	}
}
