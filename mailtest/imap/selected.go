package imap

// The selected mailbox: its messages as the client knows them, and the commands that change them.

import (
	"errors"
	"maps"
	"slices"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// Select runs SELECT and EXAMINE.
func (ss *session) Select(name string, options *goimap.SelectOptions) (*goimap.SelectData, error) {
	mailbox, err := ss.account.Mailbox(name)
	if err != nil {
		return nil, refused(err)
	}
	if ss.engine.loses() {
		if err := mailbox.Renumber(); err != nil {
			return nil, refused(err)
		}
	}
	status, err := mailbox.Status()
	if err != nil {
		return nil, refused(err)
	}
	messages, err := mailbox.Messages()
	if err != nil {
		return nil, refused(err)
	}
	ss.selected, ss.saved = selected{mailbox: mailbox, readOnly: options.ReadOnly, status: status}, nil
	ss.show(messages)
	data := &goimap.SelectData{
		Flags:       []goimap.Flag{goimap.FlagAnswered, goimap.FlagFlagged, goimap.FlagDeleted, goimap.FlagSeen, goimap.FlagDraft},
		NumMessages: uint32(len(messages)), UIDNext: goimap.UID(status.UIDNext), UIDValidity: status.UIDValidity,
	}
	if ss.imap.EnabledCaps().Has(goimap.CapIMAP4rev2) {
		data.List = &goimap.ListData{Mailbox: name, Delim: '/'}
	}
	known := make(map[goimap.Flag]bool)
	for _, flag := range data.Flags {
		known[flag] = true
	}
	for i, m := range messages {
		if data.FirstUnseenSeqNum == 0 && !hasFlag(m.Flags, goimap.FlagSeen) {
			data.FirstUnseenSeqNum = uint32(i + 1)
		}
		for _, flag := range flagsOf(m.Flags) {
			if !known[flag] {
				known[flag] = true
				data.Flags = append(data.Flags, flag)
			}
		}
	}
	data.PermanentFlags = []goimap.Flag{}
	if !options.ReadOnly {
		data.PermanentFlags = append(slices.Clone(data.Flags), goimap.FlagWildcard)
	}
	return data, nil
}

// Unselect runs UNSELECT, and the second half of CLOSE.
func (ss *session) Unselect() error {
	ss.selected, ss.saved = selected{}, nil
	return nil
}

// Poll tells the client about changes.
func (ss *session) Poll(w *imapserver.UpdateWriter, allowExpunge bool) error {
	if ss.mailbox == nil {
		return nil
	}
	return ss.update(w, allowExpunge)
}

// Idle tells the client about changes until stop is closed.
func (ss *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	defer ss.idling.Done()
	if ss.mailbox == nil {
		<-stop
		return nil
	}
	for {
		changed := ss.mailbox.Changed()
		if err := ss.update(w, true); err != nil {
			ss.engine.conn.Abort(access.Ended(mailtest.ServerClosed, ""))
			return err
		}
		select {
		case <-changed:
		case <-stop:
			return nil
		}
	}
}

// lose removes messages if a rule says so.
func (ss *session) lose(messages []found) error {
	if !ss.engine.loses() {
		return nil
	}
	return refused(ss.mailbox.Remove(uids(messages)...))
}

// errReadOnly refuses to change a mailbox of EXAMINE.
var errReadOnly = no("", "The mailbox is read-only")

// Expunge runs EXPUNGE, UID EXPUNGE, and the first half of CLOSE.
func (ss *session) Expunge(w *imapserver.ExpungeWriter, set *goimap.UIDSet) error {
	closing := ss.engine.command() == "CLOSE" // which tells nothing (RFC 9051 §6.4.1)
	switch {
	case ss.readOnly && closing:
		return nil
	case ss.readOnly:
		return errReadOnly
	}
	if err := ss.refresh(); err != nil {
		return err
	}
	deleted := func(m *mailstore.Message) bool { return hasFlag(m.Flags, goimap.FlagDeleted) }
	var gone []found
	if set == nil {
		for i, m := range ss.view {
			if deleted(m) {
				gone = append(gone, found{uint32(i + 1), *m})
			}
		}
	} else {
		messages, err := ss.find(*set)
		if err != nil {
			return err
		}
		gone = slices.DeleteFunc(messages, func(m found) bool { return !deleted(&m.Message) })
	}
	if err := ss.mailbox.Remove(uids(gone)...); err != nil {
		return refused(err)
	}
	if closing {
		return nil
	}
	return ss.expunged(gone, w.WriteExpunge)
}

// Store runs STORE.
func (ss *session) Store(w *imapserver.FetchWriter, set goimap.NumSet, flags *goimap.StoreFlags, _ *goimap.StoreOptions) error {
	if ss.readOnly {
		return errReadOnly
	}
	messages, err := ss.find(set)
	if err == nil {
		err = checkFlags(flags.Flags)
	}
	if err == nil {
		err = ss.lose(messages)
	}
	if err == nil {
		err = ss.refresh()
	}
	if err != nil {
		return err
	}
	others := maps.Clone(ss.changed) // which the client is told even if it asks for silence (RFC 9051 §6.4.6)
	switch names := texts(flags.Flags); flags.Op {
	case goimap.StoreFlagsAdd:
		err = ss.mailbox.ChangeFlags(names, nil, uids(messages)...)
	case goimap.StoreFlagsDel:
		err = ss.mailbox.ChangeFlags(nil, names, uids(messages)...)
	default:
		for _, m := range messages {
			if err = ss.mailbox.SetFlags(m.UID, names...); err != nil && !errors.Is(err, mailstore.ErrNoMessage) {
				break
			}
			err = nil
		}
	}
	if err != nil {
		return refused(err)
	}
	err = ss.refresh()
	for _, m := range messages {
		if !flags.Silent || !others[m.UID] {
			delete(ss.changed, m.UID) // the client knows, or does not want to
		}
	}
	if err != nil || flags.Silent {
		return err
	}
	_, byUID := set.(goimap.UIDSet)
	for _, m := range messages {
		response := w.CreateMessage(m.seq)
		if byUID {
			response.WriteUID(goimap.UID(m.UID))
		}
		response.WriteFlags(flagsOf(ss.view[m.seq-1].Flags))
		if err := response.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Copy runs COPY.
func (ss *session) Copy(set goimap.NumSet, name string) (*goimap.CopyData, error) {
	_, data, err := ss.copyTo(set, name)
	return data, err
}

// Move runs MOVE.
func (ss *session) Move(w *imapserver.MoveWriter, set goimap.NumSet, name string) error {
	if ss.readOnly {
		return errReadOnly
	}
	copied, data, err := ss.copyTo(set, name)
	if len(copied) == 0 {
		return err
	}
	if err := w.WriteCopyData(data); err != nil {
		return err
	}
	if err := ss.mailbox.Remove(uids(copied)...); err != nil {
		return refused(err)
	}
	if err := ss.expunged(copied, w.WriteExpunge); err != nil {
		return err
	}
	return err
}

// copyTo copies messages to a mailbox. If some of them are gone, the error says so, and the others are copied.
func (ss *session) copyTo(set goimap.NumSet, name string) (copied []found, data *goimap.CopyData, err error) {
	to, err := ss.account.Mailbox(name)
	switch {
	case errors.Is(err, mailstore.ErrNoMailbox):
		return nil, nil, no(goimap.ResponseCodeTryCreate, "There is no such mailbox")
	case err != nil:
		return nil, nil, refused(err)
	}
	messages, err := ss.find(set)
	if err == nil {
		err = ss.lose(messages)
	}
	if err == nil {
		err = ss.refresh()
	}
	if err != nil {
		return nil, nil, err
	}
	data = new(goimap.CopyData)
	for _, m := range messages {
		raw, err := ss.mailbox.Raw(m.UID)
		if errors.Is(err, mailstore.ErrNoMessage) {
			continue
		}
		if err != nil {
			return nil, nil, refused(err)
		}
		uid, err := to.Append(raw, m.Date, ss.view[m.seq-1].Flags...)
		if err != nil {
			return nil, nil, refused(err)
		}
		copied = append(copied, m)
		data.SourceUIDs.AddNum(goimap.UID(m.UID))
		data.DestUIDs.AddNum(goimap.UID(uid))
	}
	status, err := to.Status()
	if err != nil {
		return nil, nil, refused(err)
	}
	data.UIDValidity = status.UIDValidity
	switch {
	case len(copied) == len(messages) && len(copied) == 0:
		return nil, nil, nil
	case len(copied) < len(messages):
		return copied, data, errGone
	}
	return copied, data, nil
}
