package mailstore

// The mailboxes of a Memory.

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// memoryMailbox is a mailbox of a [Memory], whose lock guards it.
type memoryMailbox struct {
	store    *Memory
	status   Status
	messages []memoryMessage // in the order of UIDs, with those that were removed until there are many
	changed  chan struct{}   // of Changed, or nil
	deleted  bool
}

// memoryMessage is a message of a memoryMailbox.
type memoryMessage struct {
	Message
	raw      []byte
	delivery *delivery // by which it came, or nil
	removed  bool
}

// newMemoryMailbox returns an empty mailbox. The lock is held.
func newMemoryMailbox(m *Memory) *memoryMailbox {
	return &memoryMailbox{store: m, status: Status{UIDValidity: m.nextValidity(), UIDNext: 1}}
}

// lock locks the store, unless the mailbox was deleted.
func (b *memoryMailbox) lock() error {
	b.store.mu.Lock()
	if b.deleted {
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
	return b.status, nil
}

func (b *memoryMailbox) Messages() ([]Message, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	messages := make([]Message, 0, b.status.Messages)
	for i := range b.messages {
		if m := &b.messages[i]; !m.removed {
			messages = append(messages, m.Message)
		}
	}
	return messages, nil
}

func (b *memoryMailbox) Raw(uid uint32) ([]byte, error) {
	if err := b.lock(); err != nil {
		return nil, err
	}
	defer b.unlock()
	m, err := b.find(uid)
	if err != nil {
		return nil, err
	}
	return m.raw, nil
}

// find returns the message with a UID. The lock is held.
func (b *memoryMailbox) find(uid uint32) (*memoryMessage, error) {
	i, ok := slices.BinarySearchFunc(b.messages, uid, func(m memoryMessage, uid uint32) int { return cmp.Compare(m.UID, uid) })
	if !ok || b.messages[i].removed {
		return nil, fmt.Errorf("%w: UID %d", ErrNoMessage, uid)
	}
	return &b.messages[i], nil
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
	return b.add(withCRLF(raw), date, flags, nil), nil
}

// add adds a message with canonical flags. The lock is held.
func (b *memoryMailbox) add(raw []byte, date time.Time, flags []string, d *delivery) (uid uint32) {
	uid = b.status.UIDNext
	b.status.UIDNext++
	b.status.Messages++
	b.messages = append(b.messages, memoryMessage{
		Message: Message{UID: uid, Flags: flags, Date: date, Size: int64(len(raw))}, raw: raw, delivery: d,
	})
	b.touch()
	return uid
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
	m, err := b.find(uid)
	if err != nil {
		return err
	}
	if !slices.Equal(m.Flags, flags) {
		m.Flags = flags
		b.touch()
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
		m, err := b.find(uid)
		if err != nil {
			continue
		}
		if flags := changedFlags(m.Flags, add, remove); !slices.Equal(m.Flags, flags) {
			m.Flags, changed = flags, true
		}
	}
	if changed {
		b.touch()
	}
	return nil
}

func (b *memoryMailbox) Remove(uids ...uint32) error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	before := b.status.Messages
	for _, uid := range uids {
		if m, err := b.find(uid); err == nil {
			b.remove(m)
		}
	}
	b.removedSince(before)
	return nil
}

// withdraw removes the messages whose delivery was withdrawn. The lock is held.
func (b *memoryMailbox) withdraw() {
	before := b.status.Messages
	for i := range b.messages {
		if m := &b.messages[i]; m.delivery != nil && m.delivery.withdrawn && !m.removed {
			b.remove(m)
		}
	}
	b.removedSince(before)
}

// remove marks a message as removed, and lets go of what it has. removedSince must follow. The lock is held.
func (b *memoryMailbox) remove(m *memoryMessage) {
	*m = memoryMessage{Message: Message{UID: m.UID}, removed: true}
	b.status.Messages--
}

// removedSince makes known that messages were removed, if there were more before, and gives up their places once they are
// most of all: so that removing all messages one by one takes time in proportion to their number. The lock is held.
func (b *memoryMailbox) removedSince(before int) {
	if b.status.Messages == before {
		return
	}
	if b.status.Messages < len(b.messages)/2 {
		b.messages = slices.Clip(slices.DeleteFunc(b.messages, func(m memoryMessage) bool { return m.removed }))
	}
	b.touch()
}

func (b *memoryMailbox) Renumber() error {
	if err := b.lock(); err != nil {
		return err
	}
	defer b.unlock()
	b.messages = slices.DeleteFunc(b.messages, func(m memoryMessage) bool { return m.removed })
	for i := range b.messages {
		b.messages[i].UID = uint32(i + 1)
	}
	b.status.UIDValidity, b.status.UIDNext = b.store.nextValidity(), uint32(len(b.messages)+1)
	b.touch()
	return nil
}

// moveTo moves all messages to an empty mailbox. Their UIDs remain theirs there, and are not used again here. The lock is
// held.
func (b *memoryMailbox) moveTo(to *memoryMailbox) {
	to.messages, b.messages = b.messages, nil
	to.status.Messages, b.status.Messages = b.status.Messages, 0
	to.status.UIDNext = b.status.UIDNext
	to.touch()
	b.touch()
}

// delete makes the mailbox one that is no more. The lock is held.
func (b *memoryMailbox) delete() {
	b.deleted, b.messages = true, nil
	b.touch()
}

func (b *memoryMailbox) Changed() <-chan struct{} {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if b.changed == nil {
		b.changed = make(chan struct{})
		if b.deleted {
			close(b.changed)
		}
	}
	return b.changed
}

// touch makes a change known. The lock is held.
func (b *memoryMailbox) touch() {
	b.status.Version++
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}
