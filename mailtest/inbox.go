package mailtest

// The inbox: the messages in the order in which they were accepted.

import (
	"slices"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/notice"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// Inbox holds captured messages and lets tests wait for them. Each [Server] has one. Several servers can also
// share an inbox (see [Server.Collect]), and the inbox of a simulated internet spans all its hosts. The zero
// value is ready to use.
//
// A message is in the inbox before its client can read that it was accepted. So after a send that has
// succeeded, [Inbox.Messages] has the message.
//
// # Waiting
//
// Next, WaitFor, WaitN and WaitOnly wait without polling. Each message that one of them returns is taken, and
// no later wait of this inbox returns it. A wait that lasts too long ends the test. The failure message says
// what did arrive, and how far the other sessions got:
//
//	mailtest: no message that matches within 10s
//	0 messages
//	session 1 from 127.0.0.1:40122: RCPT TO:<bob@qq.com> → 550 5.1.1 No such user; QUIT
//
// NextContext and WaitForContext return errors instead, for code without a [testing.TB]. Since takes nothing;
// it is for code beside the test that shows all messages, such as a page. All methods may be called from
// several goroutines at once, except that those with a testing.TB belong to the goroutine of the test.
type Inbox struct {
	// Patience is the longest time that a wait lasts. If zero, it is 10 seconds, or less if the deadline of the
	// test is nearer; inside a synctest bubble it is 30 days of virtual time. It must not be changed during a
	// wait.
	Patience time.Duration

	mu      sync.Mutex
	made    bubble.Place // where the inbox was made, or first had a server in use
	entries []entry
	base    int         // the number of entries that Reset has forgotten, so the place of entries[0] among all entries
	settled int         // the number of entries, from the first on, that the waits may return
	gone    int         // the number of entries, from the first on, that were removed
	first   int         // index of the first entry that is not taken
	taken   int         // the number of settled entries that are taken
	crash   *crash      // the first crash of any of the servers
	waiting notice.List // of waits in progress
	notices notice.List // of Notify
	places  places      // nil until Remove is called
	servers []*Server
	boxes   *mailboxes // nil until Mailboxes is called
	closed  bool       // no message can come any more
}

// mailboxes is a store for mail clients, with the settled messages of an inbox.
type mailboxes struct {
	mailstore.Memory
	numbers []int // of the deliveries, by the index of their entries; 0 for those that are not settled or were removed
}

// entry is one message in an inbox. One that was removed has no record, and counts as settled and taken.
type entry struct {
	*record
	settled bool // the turn that accepted the message is over
	taken   bool
	skip    int32 // of a taken entry, if not 0: so many entries from this one on are taken
}

// name names a message, as [Message] does.
type name struct {
	number, session int
	server          string
}

// places has the places of messages among all entries of an inbox, by name.
type places map[name][]int

func (p places) add(r *record, place int) {
	n := name{r.number, r.session.number, r.session.local}
	p[n] = append(p[n], place)
}

// join adds a server whose connections belong to this inbox.
func (b *Inbox) join(s *Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == 0 {
		b.made = bubble.Here()
	}
	b.servers = append(b.servers, s)
}

// file appends a message to the inbox of its server, and numbers it.
func (b *Inbox) file(r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.filed(b.base + len(b.entries) + 1)
	b.addLocked(r)
}

// add appends a message.
func (b *Inbox) add(r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addLocked(r)
}

func (b *Inbox) addLocked(r *record) {
	if b.places != nil {
		b.places.add(r, b.base+len(b.entries))
	}
	b.entries = append(b.entries, entry{record: r})
	if b.boxes != nil {
		b.boxes.numbers = append(b.boxes.numbers, 0)
	}
}

// settle lets the waits return a message as soon as all messages before it are settled too. It is called when the
// turn that accepted the message is in the transcript and Watch has returned.
func (b *Inbox) settle(r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.entries) - 1; i >= b.settled; i-- {
		if b.entries[i].record == r {
			b.entries[i].settled = true
			if b.boxes != nil { // even if a message before it is not settled, since its client may look for it now
				b.boxes.deliver(i, r)
			}
			break
		}
	}
	for b.settled < len(b.entries) && b.entries[b.settled].settled {
		if b.entries[b.settled].taken {
			b.taken++
		}
		b.settled++
	}
	b.waiting.Send()
	b.notices.Send()
}

// crashed notes a crash.
func (b *Inbox) crashed(c *crash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.crash == nil {
		b.crash = c
	}
	b.waiting.Send()
}

// replace puts a corrected record in place of an earlier one.
func (b *Inbox) replace(old, r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.entries) - 1; i >= 0; i-- {
		if b.entries[i].record == old {
			b.entries[i].record = r
			b.notices.Send()
			return
		}
	}
}

// Notify makes the inbox send on c, without blocking, each time that its messages change, and each time that a session of
// one of its servers begins, completes a turn, or ends. A channel with a buffer of one misses nothing, because a value only
// says that there is something new to look at. After a call of stop, nothing more is sent. Like Since, Notify is for code
// beside the test.
func (b *Inbox) Notify(c chan<- struct{}) (stop func()) { return b.notices.Add(c) }

// Reset forgets all messages, taken or not. Waits in progress continue.
func (b *Inbox) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.boxes != nil {
		b.boxes.Withdraw(b.boxes.numbers...)
		b.boxes.numbers = nil
	}
	b.base += len(b.entries)
	b.entries, b.settled, b.first, b.taken, b.gone, b.places = nil, 0, 0, 0, 0, nil
	b.notices.Send()
}

// Messages returns all messages so far, taken or not, in the order in which they were accepted. The messages
// are shared with other callers and must not be changed.
func (b *Inbox) Messages() []*Message {
	b.mu.Lock()
	entries := slices.Clone(b.entries)
	b.mu.Unlock()
	messages := make([]*Message, 0, len(entries))
	for _, e := range entries {
		if e.record != nil {
			messages = append(messages, e.message())
		}
	}
	return messages
}

// Remove forgets messages, taken or not, and returns how many of them it had. Other inboxes that have them (see
// [Server.Collect]) keep them, and so do the transcripts unless [Server.LimitSessions] bounds them. The numbers of the other
// messages do not change. Like Since, Remove is for code beside the test, such as a mail client that deletes what it has read.
func (b *Inbox) Remove(messages ...*Message) int {
	var removed []*record
	defer func() { release(removed) }() // after the lock is released
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.places == nil {
		b.places = make(places)
		for i, e := range b.entries {
			if e.record != nil {
				b.places.add(e.record, b.base+i)
			}
		}
	}
	var withdrawn []int
	for _, m := range messages {
		n := name{m.Number, m.Session, m.Envelope.Server}
		for _, place := range b.places[n] {
			i := place - b.base
			removed = append(removed, b.entries[i].record)
			if !b.entries[i].taken {
				b.takeLocked(i)
			}
			if b.boxes != nil && b.boxes.numbers[i] != 0 {
				withdrawn = append(withdrawn, b.boxes.numbers[i])
				b.boxes.numbers[i] = 0
			}
			b.entries[i] = entry{settled: true, taken: true}
		}
		delete(b.places, n)
	}
	if len(withdrawn) > 0 {
		b.boxes.Withdraw(withdrawn...)
	}
	b.trim()
	b.notices.Send()
	return len(removed)
}

// trim forgets the entries before the first that has a message, once they are the majority. An inbox therefore does not grow
// if the oldest messages are removed as others come. The caller holds the lock.
func (b *Inbox) trim() {
	for b.gone < b.settled && b.entries[b.gone].record == nil {
		b.gone++
	}
	gone := b.gone
	if gone < len(b.entries)-gone {
		return
	}
	b.entries, b.gone = slices.Delete(b.entries, 0, gone), 0
	b.base, b.settled, b.taken, b.first = b.base+gone, b.settled-gone, b.taken-gone, max(b.first-gone, 0)
	if b.boxes != nil {
		b.boxes.numbers = slices.Delete(b.boxes.numbers, 0, gone)
	}
}

// release tells servers with bounded transcripts to forget the bytes of messages that were removed.
func release(removed []*record) {
	for _, r := range removed {
		s := r.session.server
		if s.state.mostSessions.Load() > 0 {
			r.session.release(r.number)
		}
	}
}

// Mailboxes returns the messages as mailboxes for mail clients to read, by the servers of packages pop3 and imap. Each
// recipient has an account, whose name is the address or only its local part, with the messages that it received; see
// [mailstore.Memory]. Any password will do; [Server.Mailboxes] has the users of a server.
//
// A message is in the mailboxes before its client can read that it was accepted. Changes that clients make to the mailboxes have no
// effect on the inbox. Reset and Remove take messages back from INBOX, but leave the copies that clients have made.
// Mailboxes returns the same store each time, which remains after Close.
func (b *Inbox) Mailboxes() mailstore.Store { return b.mailboxes(nil) }

// mailboxes is Mailboxes. If the store does not exist yet, it gets the given users.
func (b *Inbox) mailboxes(users map[string]string) mailstore.Store {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.boxes == nil {
		b.boxes = &mailboxes{Memory: mailstore.Memory{Passwords: users}, numbers: make([]int, len(b.entries))}
		for i, e := range b.entries {
			if e.settled && e.record != nil {
				b.boxes.deliver(i, e.record)
			}
		}
	}
	return &b.boxes.Memory
}

// deliver delivers the message of the entry at an index.
func (m *mailboxes) deliver(index int, r *record) {
	to := make([]string, len(r.tx.to))
	for i, rcpt := range r.tx.to {
		to[i] = rcpt.Address
	}
	m.numbers[index] = m.Deliver(r.raw, r.time(), to...)
}

// claim takes the message at a place, unless another wait or a Reset was faster.
func (b *Inbox) claim(place int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := place - b.base
	if i < 0 || b.entries[i].taken {
		return false
	}
	b.takeLocked(i)
	return true
}

// untaken returns the number of settled messages that are not taken. The caller holds the lock.
func (b *Inbox) untaken() int { return b.settled - b.taken }

// takeFirst takes the first n messages that are not taken. There must be that many. The caller holds the lock.
func (b *Inbox) takeFirst(n int) []*record {
	records := make([]*record, 0, max(n, 0))
	for i := b.first; len(records) < n; i++ {
		if e := b.entries[i]; !e.taken {
			b.takeLocked(i)
			records = append(records, e.record)
		}
	}
	return records
}

// untakenFrom returns the index of the first entry at or after an index that is not taken, or the number of entries. It notes in
// the entries on its way how many can be skipped, so that the next search is short. The caller holds the lock.
func (b *Inbox) untakenFrom(i int) int {
	end := i
	for end < len(b.entries) && b.entries[end].taken {
		end += max(int(b.entries[end].skip), 1)
	}
	for i < end {
		e := &b.entries[i]
		next := i + max(int(e.skip), 1)
		e.skip, i = int32(end-i), next
	}
	return end
}

// decoded returns the messages of records.
func decoded(records []*record) []*Message {
	messages := make([]*Message, len(records))
	for i, r := range records {
		messages[i] = r.message()
	}
	return messages
}

// takeLocked takes entry i and moves first to the first that is not taken.
func (b *Inbox) takeLocked(i int) {
	b.entries[i].taken = true
	if i < b.settled {
		b.taken++
	}
	b.first = b.untakenFrom(b.first)
}

// Close declares that no further message will come. Waits, later ones too, end at once unless they find what
// they wait for. The messages remain. A [Server] and a simulated internet close their own inboxes; a caller
// that shares an inbox among servers closes it after them.
func (b *Inbox) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.waiting.Send()
}

// over reports whether no message can come any more.
func (b *Inbox) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}
