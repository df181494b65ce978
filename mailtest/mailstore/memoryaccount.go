package mailstore

// The accounts of a Memory.

import "maps"

// memoryAccount is an account of a [Memory], whose lock guards it.
type memoryAccount struct {
	store      *Memory
	mailboxes  map[string]*memoryMailbox
	subscribed map[string]bool // includes the names of deleted mailboxes
}

// newMemoryAccount returns a new account with deliveries, some of which may be nil. The lock is held.
func newMemoryAccount(m *Memory, deliveries []*delivery) *memoryAccount {
	a := &memoryAccount{store: m, mailboxes: make(map[string]*memoryMailbox), subscribed: make(map[string]bool)}
	a.make(inbox)
	a.subscribed[inbox] = true
	for _, s := range specialUses {
		a.make(s.name)
		a.subscribed[s.name] = true
	}
	for _, d := range deliveries {
		if d != nil {
			a.deliver(d)
		}
	}
	return a
}

// make creates the mailbox with a name, which must be valid and free, and the missing ones above it. The lock is
// held.
func (a *memoryAccount) make(name string) *memoryMailbox {
	a.makeAbove(name)
	b := newMemoryMailbox(a.store)
	a.mailboxes[name] = b
	return b
}

// makeAbove creates the missing mailboxes above a name. The lock is held.
func (a *memoryAccount) makeAbove(name string) {
	for above := range superiors(name) {
		if a.mailboxes[above] == nil {
			a.mailboxes[above] = newMemoryMailbox(a.store)
		}
	}
}

// deliver adds a delivery to INBOX. The lock is held.
func (a *memoryAccount) deliver(d *delivery) { a.mailboxes[inbox].add(d.raw, d.date, nil, d) }

func (a *memoryAccount) Mailboxes() ([]Info, error) {
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	return list(a.mailboxes, a.subscribed), nil
}

func (a *memoryAccount) Mailbox(name string) (Mailbox, error) {
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	if b := a.mailboxes[foldInbox(name)]; b != nil {
		return b, nil
	}
	return nil, noMailbox(name)
}

func (a *memoryAccount) Create(name string) error {
	name, err := createdName(name)
	if err != nil {
		return err
	}
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	if a.mailboxes[name] != nil {
		return mailboxExists(name)
	}
	a.make(name)
	return nil
}

func (a *memoryAccount) Delete(name string) error {
	name = foldInbox(name)
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	b := a.mailboxes[name]
	switch {
	case name == inbox:
		return errInboxStays
	case b == nil:
		return noMailbox(name)
	}
	delete(a.mailboxes, name)
	b.index.delete()
	return nil
}

func (a *memoryAccount) Rename(from, to string) error {
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	if foldInbox(from) == inbox {
		return a.renameInbox(to)
	}
	names, err := renamings(a.mailboxes, from, to)
	if err != nil {
		return err
	}
	moved := make(map[string]*memoryMailbox)
	for before, after := range names {
		moved[after] = a.mailboxes[before]
		delete(a.mailboxes, before)
	}
	a.makeAbove(foldInbox(to))
	maps.Copy(a.mailboxes, moved)
	return nil
}

// renameInbox moves the messages of INBOX to a new mailbox. The lock is held.
func (a *memoryAccount) renameInbox(to string) error {
	to, err := newName(to)
	if err != nil {
		return err
	}
	if a.mailboxes[to] != nil {
		return mailboxExists(to)
	}
	a.mailboxes[inbox].moveTo(a.make(to))
	return nil
}

func (a *memoryAccount) Subscribe(name string, on bool) error {
	name = foldInbox(name)
	a.store.mu.Lock()
	defer a.store.mu.Unlock()
	switch {
	case !on:
		delete(a.subscribed, name)
	case a.mailboxes[name] == nil:
		return noMailbox(name)
	default:
		a.subscribed[name] = true
	}
	return nil
}
