package imap

// The view: the messages of the selected mailbox as the client knows them, and what it has yet to be told.

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// selected is the mailbox that a client has selected.
type selected struct {
	mailbox  mailstore.Mailbox // nil if none is selected
	readOnly bool
	status   mailstore.Status     // when it was last read
	view     []*mailstore.Message // by sequence number, less 1; with the flags as they were then
	latest   decoded

	// These the client has yet to be told.
	changed map[uint32]bool      // the UIDs of messages in the view that are not gone and whose flags have changed
	gone    map[uint32]bool      // the UIDs of messages in the view that are gone
	arrived []*mailstore.Message // in the order of their UIDs
}

// changeLog is what a mailbox can have to say what has happened to it, so that not all of its messages have to be compared
// after each change. A mailbox of mailstore.Memory does.
type changeLog interface {
	Changes(version uint64) (status mailstore.Status, changed []mailstore.Message, gone []uint32, ok bool)
}

// errLost ends a connection whose mailbox was deleted or renumbered.
var errLost = errors.New("imap: the mailbox was deleted or renumbered")

// show makes messages the view.
func (ss *session) show(messages []mailstore.Message) {
	ss.view = pointers(messages)
	ss.changed, ss.gone = make(map[uint32]bool), make(map[uint32]bool)
}

func pointers(messages []mailstore.Message) []*mailstore.Message {
	all := make([]*mailstore.Message, len(messages))
	for i := range messages {
		all[i] = &messages[i]
	}
	return all
}

// search returns the index of the message with a UID, or the index where it would be.
func search(messages []*mailstore.Message, uid uint32) (i int, ok bool) {
	return slices.BinarySearchFunc(messages, uid, func(m *mailstore.Message, uid uint32) int { return cmp.Compare(m.UID, uid) })
}

// refresh reads what has changed in the mailbox. The client is told later, by update.
func (ss *session) refresh() error {
	status, err := ss.mailbox.Status()
	if err != nil {
		return refused(err)
	}
	return ss.catchUp(status)
}

// catchUp is refresh with the status of the mailbox, for which a mailbox on disk may have to read its directory.
func (ss *session) catchUp(status mailstore.Status) error {
	if status.UIDValidity != ss.status.UIDValidity || status.Version == ss.status.Version {
		return nil
	}
	if log, ok := ss.mailbox.(changeLog); ok {
		status, changed, gone, ok := log.Changes(ss.status.Version)
		if ok && status.UIDValidity == ss.status.UIDValidity {
			ss.status = status
			for i := range changed {
				ss.see(&changed[i])
			}
			for _, uid := range gone {
				ss.miss(uid)
			}
			return nil
		}
	}
	messages, err := ss.mailbox.Messages()
	if err != nil {
		return refused(err)
	}
	ss.status = status
	now := pointers(messages)
	for _, known := range ss.view {
		if len(now) > 0 && now[0].UID == known.UID {
			ss.see(now[0])
			now = now[1:]
		} else {
			ss.miss(known.UID)
		}
	}
	ss.arrived = now
	return nil
}

// see notes that there is a message.
func (ss *session) see(m *mailstore.Message) {
	if i, ok := search(ss.view, m.UID); ok {
		if known := ss.view[i]; !slices.Equal(known.Flags, m.Flags) {
			known.Flags, ss.changed[m.UID] = m.Flags, true
		}
		return
	}
	if i, ok := search(ss.arrived, m.UID); ok {
		ss.arrived[i] = m
	} else {
		ss.arrived = append(ss.arrived, m) // since UIDs grow
	}
}

// miss notes that there is no message with a UID any more.
func (ss *session) miss(uid uint32) {
	if _, ok := search(ss.view, uid); ok {
		ss.gone[uid] = true
		delete(ss.changed, uid)
	}
	if i, ok := search(ss.arrived, uid); ok {
		ss.arrived = slices.Delete(ss.arrived, i, i+1)
	}
}

// update reads what has changed in the mailbox, and tells the client. Messages that are gone keep their sequence numbers until
// the server may tell that (RFC 9051 §7.5.1).
func (ss *session) update(w *imapserver.UpdateWriter, allowExpunge bool) error {
	status, err := ss.mailbox.Status()
	if err != nil || status.UIDValidity != ss.status.UIDValidity {
		if ss.engine.command() == "DELETE" { // perhaps of this mailbox: the client hears that it has succeeded
			return nil
		}
		ss.lost = true
		ss.engine.Write([]byte("* BYE The mailbox was deleted or renumbered\r\n"))
		return errLost
	}
	if err := ss.catchUp(status); err != nil {
		return err
	}
	news := slices.Collect(maps.Keys(ss.changed))
	if allowExpunge {
		news = slices.AppendSeq(news, maps.Keys(ss.gone))
	}
	slices.Sort(news)
	var gone []int
	for _, uid := range news {
		i, _ := search(ss.view, uid)
		seq := uint32(i + 1 - len(gone))
		if ss.gone[uid] {
			err = w.WriteExpunge(seq)
			gone = append(gone, i)
		} else {
			err = w.WriteMessageFlags(seq, goimap.UID(uid), flagsOf(ss.view[i].Flags))
			delete(ss.changed, uid)
		}
		if err != nil {
			return err
		}
	}
	ss.hide(gone)
	if len(ss.arrived) == 0 {
		return nil
	}
	ss.view, ss.arrived = append(ss.view, ss.arrived...), nil
	return w.WriteNumMessages(uint32(len(ss.view)))
}

// hide takes messages out of the view, given their indices in order.
func (ss *session) hide(indices []int) {
	if len(indices) == 0 {
		return
	}
	end := indices[0]
	for n, i := range indices {
		delete(ss.changed, ss.view[i].UID)
		delete(ss.gone, ss.view[i].UID)
		next := len(ss.view)
		if n+1 < len(indices) {
			next = indices[n+1]
		}
		end += copy(ss.view[end:], ss.view[i+1:next])
	}
	clear(ss.view[end:])
	ss.view = ss.view[:end]
}

// expunged tells the client that messages are gone. It goes from the last to the first, so the numbers of the
// others stay right.
func (ss *session) expunged(gone []found, write func(uint32) error) error {
	var err error
	told := len(gone)
	for ; told > 0 && err == nil; told-- {
		err = write(gone[told-1].seq)
	}
	var indices []int
	for _, m := range gone[told:] {
		indices = append(indices, int(m.seq-1))
	}
	ss.hide(indices)
	return err
}
