package mailstore

// The mailboxes of a Memory.

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// memoryMailbox is a mailbox of a [Memory], whose lock guards it.
type memoryMailbox struct {
	store     *Memory
	index     index[memoryMessage]
	spellings map[string]string // of keywords, by their lower-case form
}

// memoryMessage is the data of a Memory about a message.
type memoryMessage struct {
	raw      []byte
	delivery *delivery // the delivery that brought the message, or nil
}

// newMemoryMailbox returns an empty mailbox. The lock is held.
func newMemoryMailbox(m *Memory) *memoryMailbox {
	return &memoryMailbox{store: m, index: index[memoryMessage]{status: Status{UIDValidity: m.nextValidity(), UIDNext: 1}}}
}

// lock locks the store, unless the mailbox was deleted.
func (b *memoryMailbox) lock() error {
	b.store.mu.Lock()
	if b.index.deleted {
		b.store.mu.Unlock()
		return ErrNoMailbox
	}
	return nil
}

func (b *memoryMailbox) unlock() { b.store.mu.Unlock() }

func (b *memoryMailbox) Status() (Status, error) {
	if err := b.lock(); err != nil {
		return Status{}, err
	}
	defer b.unlock()
	return b.index.status, nil
}

func (b *memoryMailbox) Messages() ([]Message, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	return b.index.list(), nil
}

// Changes returns the status of the mailbox, the messages that came or whose flags changed after a version of it, and the UIDs of
// those that went, both in order of their UIDs. It may also return messages that are as they were, and UIDs that were not there at
// that version. If ok is false, it does not know, and Messages has to be called. The IMAP server uses it, so that a command about
// one message does not read all the others.
func (b *memoryMailbox) Changes(version uint64) (status Status, changed []Message, gone []uint32, ok bool) {
	if b.lock() != nil {
		return Status{}, nil, nil, false
	}
	defer b.unlock()
	changed, gone, ok = b.index.changes(version)
	return b.index.status, changed, gone, ok
}

func (b *memoryMailbox) Raw(uid uint32) ([]byte, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	e, err := b.index.find(uid)
	if err != nil {
		return nil, err
	}
	return e.more.raw, nil
}

func (b *memoryMailbox) Append(raw []byte, date time.Time, flags ...string) (uid uint32, err error) {
	if err := b.lock(); err != nil {
		return 0, err
	}
	defer b.unlock()
	return b.put(raw, date, flags)
}

// put is Append with the lock held.
func (b *memoryMailbox) put(raw []byte, date time.Time, flags []string) (uid uint32, err error) {
	flags, err = canonicalFlags(flags)
	if err != nil {
		return 0, err
	}
	return b.add(withCRLF(raw), date, b.respell(flags), nil), nil
}

// add adds a message with canonical flags. The lock is held.
func (b *memoryMailbox) add(raw []byte, date time.Time, flags []string, d *delivery) (uid uint32) {
	uid = b.index.add(Message{Flags: flags, Date: date, Size: int64(len(raw))}, memoryMessage{raw, d})
	if d != nil {
		d.places = append(d.places, place{b, uid})
	}
	return uid
}

// respell returns canonical flags with each keyword as it was first spelled in the mailbox. The lock is held.
func (b *memoryMailbox) respell(flags []string) []string {
	respelled := slices.Clone(flags)
	for i, flag := range flags {
		key := strings.ToLower(flag)
		if _, ok := b.spellings[key]; !ok {
			if b.spellings == nil {
				b.spellings = make(map[string]string)
			}
			b.spellings[key] = flag
		}
		respelled[i] = b.spellings[key]
	}
	slices.Sort(respelled)
	return respelled
}

func (b *memoryMailbox) SetFlags(uid uint32, flags ...string) error {
	flags, err := canonicalFlags(flags)
	if err != nil {
		return err
	}
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	e, err := b.index.find(uid)
	if err != nil {
		return err
	}
	if flags = b.respell(flags); !slices.Equal(e.Flags, flags) {
		e.Flags = flags
		b.index.note(uid)
		b.index.touch()
	}
	return nil
}

func (b *memoryMailbox) ChangeFlags(add, remove []string, uids ...uint32) error {
	add, err := canonicalFlags(add)
	if err != nil {
		return err
	}
	if remove, err = canonicalFlags(remove); err != nil {
		return err
	}
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	changed := false
	for _, uid := range uids {
		e, err := b.index.find(uid)
		if err != nil {
			continue
		}
		if flags := b.respell(changedFlags(e.Flags, add, remove)); !slices.Equal(e.Flags, flags) {
			e.Flags, changed = flags, true
			b.index.note(uid)
		}
	}
	if changed {
		b.index.touch()
	}
	return nil
}

func (b *memoryMailbox) Remove(uids ...uint32) error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	b.index.remove(uids...)
	return nil
}

func (b *memoryMailbox) Renumber() error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	b.index.renumber(b.store.nextValidity())
	for e := range b.index.all {
		if d := e.more.delivery; d != nil {
			d.places = append(slices.DeleteFunc(d.places, func(p place) bool { return p.mailbox == b }), place{b, e.UID})
		}
	}
	return nil
}

// moveTo moves all messages to an empty mailbox, as index.moveTo does. The lock is held.
func (b *memoryMailbox) moveTo(to *memoryMailbox) {
	b.index.moveTo(&to.index)
	for e := range to.index.all {
		if d := e.more.delivery; d != nil {
			d.places = append(slices.DeleteFunc(d.places, func(p place) bool { return p.mailbox == b }), place{to, e.UID})
		}
	}
	to.spellings = maps.Clone(b.spellings)
}

func (b *memoryMailbox) Changed() <-chan struct{} {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	return b.index.watch()
}
