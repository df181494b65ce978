package mailtest

// The inbox: messages as they come, and waits for them that are woken by the event itself.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/elapsed"
	"github.com/seed078e9d8c/maillab/internal/memnet"
)

const (
	defaultPatience = 10 * time.Second
	bubblePatience  = 30 * 24 * time.Hour // of virtual time
)

// Inbox holds captured messages and lets tests wait for them. Each [Server] has one. Several
// servers can share another one, see [Server.Collect]; that of a simulated internet spans all its
// hosts. The zero value is ready to use.
//
// A message is in the inbox before its client can read that it was accepted: after a send that has
// succeeded, [Inbox.Messages] has it.
//
// # Waiting
//
// Next, WaitFor, WaitN and WaitOnly wait without polling; each message that one of them returns is
// taken, and is not returned by a later wait of this inbox. A wait that lasts too long ends the
// test, and its text says what did arrive, and how far the other connections came:
//
//	mailtest: no message that matches within 10s
//	0 messages
//	session 1 from 127.0.0.1:40122: RCPT TO:<bob@qq.com> → 550 5.1.1 No such user; QUIT
//
// NextContext and WaitForContext return errors instead, for code without a [testing.TB]. Since takes
// nothing: it is for code that shows all there is beside the test, such as a page. All methods may be
// called from several goroutines at once, those with a testing.TB only from the test's own.
type Inbox struct {
	// Patience is how long a wait lasts at most. Zero means 10 seconds, less where the deadline of
	// the test is nearer, and 30 days of virtual time inside a synctest bubble.
	// It must not be changed while a wait is going on.
	Patience time.Duration

	mu      sync.Mutex
	made    world // where the inbox was made, or first had a server in use
	entries []entry
	base    int    // how many entries Reset has forgotten: the place of entries[0] among all there ever were
	settled int    // how many of the entries, from the first on, the waits may return
	first   int    // index of the first entry that is not taken
	taken   int    // how many are
	crash   *crash // the first one with any of the servers
	waiting []chan struct{}
	servers []*Server
	closed  bool // no message can come any more
}

// entry is one message in an inbox.
type entry struct {
	*record
	settled bool // the turn that accepted the message is over
	taken   bool
}

// join adds a server whose connections belong to this inbox.
func (b *Inbox) join(s *Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == 0 {
		b.made = outside
		if memnet.Virtual() {
			b.made = inside
		}
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

func (b *Inbox) addLocked(r *record) { b.entries = append(b.entries, entry{record: r}) }

// settle lets the waits return a message, if all before it are settled too: the turn in which it was
// accepted is in the transcript, and whoever watches the server knows of it.
func (b *Inbox) settle(r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.entries) - 1; i >= b.settled; i-- {
		if b.entries[i].record == r {
			b.entries[i].settled = true
			break
		}
	}
	for b.settled < len(b.entries) && b.entries[b.settled].settled {
		b.settled++
	}
	b.wakeLocked()
}

// crashed takes note of a crash.
func (b *Inbox) crashed(c *crash) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.crash == nil {
		b.crash = c
	}
	b.wakeLocked()
}

// replace puts a corrected record in place of an earlier one.
func (b *Inbox) replace(old, r *record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.entries) - 1; i >= 0; i-- {
		if b.entries[i].record == old {
			b.entries[i].record = r
			return
		}
	}
}

func (b *Inbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wakeLocked()
}

func (b *Inbox) wakeLocked() {
	for _, w := range b.waiting {
		select {
		case w <- struct{}{}:
		default: // it has yet to look at what came before
		}
	}
}

// Reset forgets all messages, taken or not. Waits go on.
func (b *Inbox) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.base += len(b.entries)
	b.entries, b.settled, b.first, b.taken = nil, 0, 0, 0
}

// Messages returns all messages so far, taken or not, in the order in which they were accepted.
// They are shared with other callers and must not be changed.
func (b *Inbox) Messages() []*Message {
	b.mu.Lock()
	entries := slices.Clone(b.entries)
	b.mu.Unlock()
	messages := make([]*Message, len(entries))
	for i, e := range entries {
		messages[i] = e.message()
	}
	return messages
}

// Next returns the oldest message that was not yet taken, and takes it. It waits for one if there is none.
func (b *Inbox) Next(tb testing.TB) *Message {
	tb.Helper()
	m, err := b.next(b.within(tb))
	check(tb, err)
	return m
}

// NextContext is [Inbox.Next] for code without a testing.TB. It waits until ctx is done, whatever
// the Patience. The error wraps the cause of ctx, or [net.ErrClosed] if no message can come any
// more.
func (b *Inbox) NextContext(ctx context.Context) (*Message, error) { return b.next(limit{ctx: ctx}) }

func (b *Inbox) next(l limit) (*Message, error) {
	return b.take(l, "no message", func(*Message) bool { return true })
}

// WaitFor returns the oldest message that was not yet taken and for which match returns true, and
// takes it. It waits for one if there is none. A message is shown to match once per wait.
func (b *Inbox) WaitFor(tb testing.TB, match func(*Message) bool) *Message {
	tb.Helper()
	m, err := b.waitFor(b.within(tb), match)
	check(tb, err)
	return m
}

// WaitForContext is [Inbox.WaitFor] for code without a testing.TB. Its errors are those of
// [Inbox.NextContext].
func (b *Inbox) WaitForContext(ctx context.Context, match func(*Message) bool) (*Message, error) {
	return b.waitFor(limit{ctx: ctx}, match)
}

func (b *Inbox) waitFor(l limit, match func(*Message) bool) (*Message, error) {
	return b.take(l, "no message that matches", match)
}

// WaitN returns the n oldest messages that were not yet taken, and takes them. It waits until there
// are so many. With n 0 it returns none, at once.
func (b *Inbox) WaitN(tb testing.TB, n int) []*Message {
	tb.Helper()
	m, err := b.waitN(b.within(tb), n)
	check(tb, err)
	return m
}

func (b *Inbox) waitN(l limit, n int) ([]*Message, error) {
	var first []*record
	err := b.wait(l, fewerThan(n), func() bool {
		if b.untaken() < n {
			return false
		}
		first = b.takeFirst(n)
		return true
	})
	return decoded(first), err
}

// WaitOnly returns the n oldest messages that were not yet taken, and takes them, if there are no
// more than these and none comes for the time quiet after the last. With n 0 it makes sure that no
// mail comes.
func (b *Inbox) WaitOnly(tb testing.TB, n int, quiet time.Duration) []*Message {
	tb.Helper()
	m, err := b.waitOnly(b.within(tb), n, quiet)
	check(tb, err)
	return m
}

func (b *Inbox) waitOnly(l limit, n int, quiet time.Duration) ([]*Message, error) {
	enough := func() bool { return b.untaken() >= n }
	if err := b.wait(l, fewerThan(n), enough); err != nil {
		return nil, err
	}
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	err := b.wait(limit{ctx: l.ctx, done: timer.C}, fewerThan(n), func() bool { return b.untaken() > n })
	switch {
	case err == nil:
		return nil, fmt.Errorf("mailtest: more than %s\n%s", count(n, "message"), b.explain())
	case errors.Is(err, errPatience), errors.Is(err, net.ErrClosed):
		return b.waitN(l, n) // at once, unless another wait has taken some of them meanwhile
	}
	return nil, err
}

// Since returns the messages that came after the first n, in the order of [Inbox.Messages], whether a
// wait has taken them or not, and takes none. It waits until there is one. Next is how many have come
// with them, which is n for the next call. Messages that [Inbox.Reset] has forgotten count as well, so
// that a message is never returned twice. Its errors are those of [Inbox.NextContext].
//
//	for n := 0; ; {
//		messages, next, err := srv.Since(ctx, n)
//		if err != nil {
//			return err
//		}
//		show(messages)
//		n = next
//	}
func (b *Inbox) Since(ctx context.Context, n int) (messages []*Message, next int, err error) {
	var later []*record
	err = b.wait(limit{ctx: ctx}, "no message after the first "+strconv.Itoa(n), func() bool {
		next = b.base + b.settled
		if next <= n {
			return false
		}
		for _, e := range b.entries[max(n-b.base, 0):b.settled] {
			later = append(later, e.record)
		}
		return len(later) > 0
	})
	return decoded(later), next, err
}

func fewerThan(n int) string { return "fewer than " + count(n, "message") }

// count returns n things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// take waits for a message that matches.
func (b *Inbox) take(l limit, what string, match func(*Message) bool) (*Message, error) {
	w := waiter{inbox: b, limit: l}
	defer w.stop()
	place := 0 // of the next entry to look at, among all there ever were
	for {
		var e entry
		err := w.until(what, func() bool {
			place = max(place, b.base+b.first)
			for place < b.base+b.settled {
				e = b.entries[place-b.base]
				place++
				if !e.taken {
					return true
				}
			}
			return false
		})
		if err != nil {
			return nil, err
		}
		// match is the test's own code and runs without the lock.
		if m := e.message(); match(m) && b.claim(place-1) {
			return m, nil
		}
		if err := w.overdue(what); err != nil { // mail without end that does not match
			return nil, err
		}
	}
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

// untaken counts the settled messages that are not taken. The lock is held.
func (b *Inbox) untaken() int { return b.settled - b.taken }

// takeFirst takes the first n messages that are not taken; there must be so many. The lock is held.
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
	b.taken++
	for b.first < len(b.entries) && b.entries[b.first].taken {
		b.first++
	}
}

// limit is what ends a wait: a context, or a time.
type limit struct {
	ctx   context.Context
	done  <-chan time.Time
	after time.Duration // for the text
	err   error         // the wait can't be begun
}

// errPatience ends a wait that took too long.
var errPatience = errors.New("patience is at its end")

// waiter is one wait in progress.
type waiter struct {
	inbox *Inbox
	limit
	late  bool          // done has fired
	woken chan struct{} // nil until it is needed
}

// wait waits until ready returns true.
func (b *Inbox) wait(l limit, what string, ready func() bool) error {
	w := waiter{inbox: b, limit: l}
	defer w.stop()
	return w.until(what, ready)
}

// stop ends the wait.
func (w *waiter) stop() {
	if w.woken != nil {
		w.inbox.mu.Lock()
		defer w.inbox.mu.Unlock()
		w.inbox.waiting = slices.DeleteFunc(w.inbox.waiting, func(c chan struct{}) bool { return c == w.woken })
	}
}

// until waits until ready, which is called with the lock held, returns true. The error says what
// there is instead.
func (w *waiter) until(what string, ready func() bool) error {
	b := w.inbox
	if w.err != nil {
		return w.err
	}
	var cancelled <-chan struct{}
	if w.ctx != nil {
		cancelled = w.ctx.Done()
	}
	over := false
	for {
		b.mu.Lock()
		crash := b.crash
		ok := crash == nil && ready()
		if !ok && w.woken == nil {
			w.woken = make(chan struct{}, 1)
			b.waiting = append(b.waiting, w.woken)
		}
		b.mu.Unlock()
		switch {
		case ok:
			return nil
		case crash != nil && w.ctx != nil:
			return crash.returned()
		case crash != nil:
			return crash.told()
		case over:
			return fmt.Errorf("mailtest: %s, and none can come any more: %w\n%s", what, net.ErrClosed, b.explain())
		case b.over():
			over = true // what came just before the end still counts
			continue
		}
		select {
		case <-w.woken:
			continue
		case <-cancelled:
		case <-w.done:
			w.late = true
		}
		return w.overdue(what)
	}
}

// overdue returns an error if the limit is reached.
func (w *waiter) overdue(what string) error {
	if w.ctx != nil && w.ctx.Err() != nil {
		return fmt.Errorf("mailtest: %s: %w\n%s", what, context.Cause(w.ctx), w.inbox.explain())
	}
	select {
	case <-w.done:
		w.late = true
	default:
	}
	if w.late {
		return &patienceError{fmt.Sprintf("mailtest: %s within %v\n%s", what, elapsed.Round(w.after), w.inbox.explain())}
	}
	return nil
}

// patienceError is errPatience with the whole story.
type patienceError struct{ text string }

func (e *patienceError) Error() string { return e.text }
func (e *patienceError) Unwrap() error { return errPatience }

// Close says that no message can come any more: waits end at once, those to come too, unless there
// is what they wait for. The messages stay. A [Server] and a simulated internet close their own
// inboxes; whoever shares one among servers closes it when they are.
func (b *Inbox) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.wakeLocked()
}

// over tells whether no message can come any more.
func (b *Inbox) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// within returns the limit that the patience for test tb sets.
func (b *Inbox) within(tb testing.TB) limit {
	here := worldOf(tb)
	b.mu.Lock()
	made, servers := b.made, b.servers
	b.mu.Unlock()
	for _, s := range servers {
		if err := s.setTooLate(); err != nil {
			return limit{err: err}
		}
	}
	if made != 0 && here != 0 && made != here {
		return limit{err: errors.New("mailtest: a server that was made outside of a synctest bubble can't be used " +
			"inside, nor the other way round; make it with New inside the bubble")}
	}
	d := b.Patience
	if d <= 0 {
		d = defaultPatience
		if here == inside {
			d = bubblePatience
		} else if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
			if end, ok := t.Deadline(); ok {
				d = min(d, max(time.Until(end)*9/10, time.Millisecond))
			}
		}
	}
	return limit{done: time.After(d), after: d}
}

// world is inside or outside of a synctest bubble, or unknown.
type world int8

const (
	inside  world = 1
	outside world = 2
)

// worldOf tells where the test tb runs. Its Deadline panics in a bubble, which is the only sign. Of
// anything but a [testing.T] it is not known.
func worldOf(tb testing.TB) (w world) {
	t, ok := tb.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return 0
	}
	defer func() {
		if recover() != nil {
			w = inside
		}
	}()
	t.Deadline()
	return outside
}

// check ends the test if a wait has failed.
func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// explain says what did arrive, and how far the other connections came.
func (b *Inbox) explain() string {
	var s strings.Builder
	b.mu.Lock()
	entries, servers := slices.Clone(b.entries), slices.Clone(b.servers)
	b.mu.Unlock()
	s.WriteString(count(len(entries), "message") + "\n")
	for _, e := range latest(&s, entries, "message") {
		s.WriteString("  ")
		if len(servers) > 1 {
			s.WriteString(e.session.server.name() + " ")
		}
		s.WriteString(e.message().summary())
		if e.taken {
			s.WriteString(" (taken)")
		}
		s.WriteByte('\n')
	}
	var without []*session
	connected := false
	for _, server := range servers {
		all := server.allSessions()
		connected = connected || len(all) > 0
		without = append(without, slices.DeleteFunc(all, (*session).hasMessages)...)
	}
	for _, ss := range latest(&s, without, "session without a message") {
		if len(servers) > 1 {
			s.WriteString(ss.server.name() + " ")
		}
		s.WriteString(ss.snapshot().summary() + "\n")
	}
	switch {
	case len(servers) == 0:
		s.WriteString("nobody connected, and nobody asked for the address of a server\n")
	case !connected:
		for _, server := range latest(&s, servers, "server") {
			s.WriteString(server.nobody() + "\n")
		}
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// summary returns a line that names the message.
func (m *Message) summary() string {
	subject := strconv.Quote(cut(m.Subject, 200))
	if m.Number == 0 { // no server has received it
		return subject
	}
	to := make([]string, len(m.Envelope.To))
	for i, r := range m.Envelope.To {
		to[i] = r.Address
	}
	return fmt.Sprintf("#%d %s from <%s> to %s", m.Number, subject, m.Envelope.From, cut(strings.Join(to, ", "), 500))
}
