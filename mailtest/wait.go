package mailtest

// The waits for messages, which each new message wakes.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/elapsed"
)

const (
	defaultPatience = 10 * time.Second
	bubblePatience  = 30 * 24 * time.Hour // of virtual time
)

// Next takes and returns the oldest message that is not yet taken. If there is none, it waits for one.
func (b *Inbox) Next(tb testing.TB) *Message {
	tb.Helper()
	m, err := b.next(b.within(tb))
	check(tb, err)
	return m
}

// NextContext is [Inbox.Next] for code without a testing.TB. It waits until ctx is done, and ignores Patience.
// The error wraps the cause of ctx, or [net.ErrClosed] if the inbox is closed.
func (b *Inbox) NextContext(ctx context.Context) (*Message, error) { return b.next(limit{ctx: ctx}) }

func (b *Inbox) next(l limit) (*Message, error) {
	return b.take(l, "no message", func(*Message) bool { return true })
}

// WaitFor takes and returns the oldest message that is not yet taken and for which match reports true. If there
// is none, it waits for one. A wait calls match once for each message. WaitFor panics if match is nil.
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
	if match == nil {
		panic("mailtest: WaitFor: match is nil; for any message, there is Next")
	}
	return b.take(l, "no message that matches", match)
}

// WaitN waits until there are n messages that are not yet taken, and takes and returns the n oldest of them. If
// n is 0, it returns at once. It panics if n is negative.
func (b *Inbox) WaitN(tb testing.TB, n int) []*Message {
	tb.Helper()
	m, err := b.waitN(b.within(tb), n)
	check(tb, err)
	return m
}

func (b *Inbox) waitN(l limit, n int) ([]*Message, error) {
	mustBeNumber("WaitN", n)
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

// WaitOnly does what [Inbox.WaitN] does, and then makes sure that there are no more messages and that none
// comes for the duration quiet. If n is 0, it makes sure that no mail comes.
func (b *Inbox) WaitOnly(tb testing.TB, n int, quiet time.Duration) []*Message {
	tb.Helper()
	m, err := b.waitOnly(b.within(tb), n, quiet)
	check(tb, err)
	return m
}

func (b *Inbox) waitOnly(l limit, n int, quiet time.Duration) ([]*Message, error) {
	mustBeNumber("WaitOnly", n)
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

// Since returns the messages that came after the first n, in the order of [Inbox.Messages], taken or not. It
// waits until there is one, and takes none. The result next is the number of messages that have come so far,
// and is the n of the next call. Messages that [Inbox.Reset] has forgotten count as well, so no message is
// returned twice. The errors are those of [Inbox.NextContext].
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
			if e.record != nil {
				later = append(later, e.record)
			}
		}
		return len(later) > 0
	})
	return decoded(later), next, err
}

// mustBeNumber panics if n is not a number of messages.
func mustBeNumber(wait string, n int) {
	if n < 0 {
		panic(fmt.Sprintf("mailtest: %s: there can't be %d messages", wait, n))
	}
}

func fewerThan(n int) string {
	if n == 1 {
		return "no message"
	}
	return "fewer than " + count(n, "message")
}

// take waits for a message that matches.
func (b *Inbox) take(l limit, what string, match func(*Message) bool) (*Message, error) {
	w := waiter{inbox: b, limit: l}
	defer w.end()
	place := 0 // of the next entry to look at, among all entries
	for {
		var e entry
		err := w.until(what, func() bool {
			place = max(place, b.base+b.first)
			if place = b.base + b.untakenFrom(place-b.base); place >= b.base+b.settled {
				return false
			}
			e = b.entries[place-b.base]
			place++
			return true
		})
		if err != nil {
			return nil, err
		}
		// match is code of the test, so it runs without the lock.
		if m := e.message(); match(m) && b.claim(place-1) {
			return m, nil
		}
		if err := w.overdue(what); err != nil { // messages that do not match may come without end
			return nil, err
		}
	}
}

// limit ends a wait: it is a context or a time.
type limit struct {
	ctx   context.Context
	done  <-chan time.Time
	after time.Duration // for the text
	err   error         // the wait can't be begun
}

// errPatience is the error of a wait that took too long.
var errPatience = errors.New("patience is at its end")

// waiter is one wait in progress.
type waiter struct {
	inbox *Inbox
	limit
	late  bool          // done has fired
	woken chan struct{} // nil until it is needed
	stop  func()        // of the notices to woken
}

// wait waits until ready returns true.
func (b *Inbox) wait(l limit, what string, ready func() bool) error {
	w := waiter{inbox: b, limit: l}
	defer w.end()
	return w.until(what, ready)
}

// end ends the wait.
func (w *waiter) end() {
	if w.stop != nil {
		w.stop()
	}
}

// until waits until ready returns true, which it calls with the lock held. The error says what happened instead.
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
		begins := !ok && w.woken == nil
		if begins {
			w.woken = make(chan struct{}, 1)
			w.stop = b.waiting.Add(w.woken)
		}
		b.mu.Unlock()
		switch {
		case ok:
			return nil
		case begins:
			continue // what came after the look has told nobody
		case crash != nil && w.ctx != nil:
			return crash.returned()
		case crash != nil:
			return crash.told()
		case over:
			return fmt.Errorf("mailtest: %s, and none can come any more: %w\n%s", what, net.ErrClosed, b.explain())
		case b.over():
			over = true // a message that came just before the end still counts
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
		return &patienceError{what: what, after: w.after, inbox: w.inbox}
	}
	return nil
}

// patienceError is an errPatience that says what happened instead. The text is made only if it is asked for: WaitOnly
// hopes for this error.
type patienceError struct {
	what  string
	after time.Duration
	inbox *Inbox
}

func (e *patienceError) Error() string {
	return fmt.Sprintf("mailtest: %s within %v\n%s", e.what, elapsed.Round(e.after), e.inbox.explain())
}

func (e *patienceError) Unwrap() error { return errPatience }

// within returns the limit that Patience and the deadline of the test set.
func (b *Inbox) within(tb testing.TB) limit {
	here := bubble.Of(tb)
	b.mu.Lock()
	servers := b.servers
	b.mu.Unlock()
	for _, s := range servers {
		if err := s.setTooLate(); err != nil {
			return limit{err: err}
		}
	}
	if err := b.elsewhere(here); err != nil {
		return limit{err: err}
	}
	d := b.Patience
	if d <= 0 {
		d = defaultPatience
		if here == bubble.Inside {
			d = bubblePatience
		} else if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
			if end, ok := t.Deadline(); ok {
				d = min(d, max(time.Until(end)*9/10, time.Millisecond))
			}
		}
	}
	return limit{done: time.After(d), after: d}
}

// errElsewhere reports the use of a server inside a synctest bubble if it was made outside, or the other way round.
var errElsewhere = errors.New("mailtest: a server that was made outside of a synctest bubble can't be used inside, nor the other " +
	"way round; make it with New inside the bubble")

// elsewhere returns an error if the inbox can't be used in the given place.
func (b *Inbox) elsewhere(here bubble.Place) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made != 0 && here != 0 && b.made != here {
		return errElsewhere
	}
	return nil
}

// check ends the test if a wait has failed.
func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
