// Package rulebook holds the rules of a server that are in force, and counts how often each has acted. It does not
// look into a rule, so SMTP, POP3 and IMAP servers can all use it.
package rulebook

import (
	"sync"
	"time"
)

// Limits says how often and when a rule may act. Its fields are those of a mailtest.Rule.
type Limits struct {
	Skip, Times int
	Begin, For  time.Duration
}

// Entry is a rule in force.
type Entry[R any] struct {
	Rule   R
	Number int // as in a transcript

	limits Limits
	begin  time.Time
	end    time.Time // zero means never
	seen   int       // the number of turns that matched
	skip   int       // of a rule that is used up, if not 0: so many rules of its stage from this one on are used up
}

// peers are the rules of a stage, append-only.
type peers[R any] []*Entry[R]

// open returns the index of the first rule at or after an index that is not used up, or the number of rules. It notes in the
// rules on its way how many can be skipped, because a test may add a hundred thousand rules that act once each. The caller
// holds the lock of the book.
func (p peers[R]) open(i int) int {
	end := i
	for end < len(p) && p[end].usedUp() {
		end += max(p[end].skip, 1)
	}
	for i < end {
		e := p[i]
		next := i + max(e.skip, 1)
		e.skip, i = end-i, next
	}
	return end
}

// Book holds rules in force in the order in which they were added. The zero value has none. All methods may be called from
// several goroutines at once.
type Book[R any] struct {
	mu      sync.Mutex
	all     []*Entry[R]
	stages  map[uint8]peers[R]
	cleared int // the number of rules before the last Clear
}

// Add puts a rule into force. If number is zero, the rule gets the next number; the first rule of a book has number
// 1.
func (b *Book[R]) Add(rule R, stage uint8, number int, limits Limits) {
	e := &Entry[R]{Rule: rule, Number: number, limits: limits, begin: time.Now().Add(limits.Begin)}
	if limits.For > 0 {
		e.end = e.begin.Add(limits.For)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if number == 0 {
		e.Number = b.cleared + len(b.all) + 1
	}
	if b.stages == nil {
		b.stages = make(map[uint8]peers[R])
	}
	b.stages[stage] = append(b.stages[stage], e)
	b.all = append(b.all, e)
}

// Clear takes all rules out of force.
func (b *Book[R]) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleared += len(b.all)
	b.all, b.stages = nil, nil
}

// Rule returns the rule to which Add has given a number, and reports whether it is still in the book.
func (b *Book[R]) Rule(number int) (rule R, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := number - 1 - b.cleared
	if i < 0 || i >= len(b.all) || b.all[i].Number != number {
		return rule, false
	}
	return b.all[i].Rule, true
}

// Empty reports whether there are no rules.
func (b *Book[R]) Empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all) == 0
}

// Has reports whether there are rules at a stage, used up or not.
func (b *Book[R]) Has(stage uint8) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stages[stage] != nil
}

// Open returns the rules of a stage that may still act, and perhaps some that are used up among them.
func (b *Book[R]) Open(stage uint8) []*Entry[R] {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.stages[stage]
	return p[p.open(0):]
}

// Use returns the first rule of a stage that is in force and matches, and counts a use of it. It returns nil if
// there is none. It calls matches without holding a lock.
func (b *Book[R]) Use(stage uint8, matches func(*Entry[R]) bool) *Entry[R] {
	return b.Find(stage, matches, func(*Entry[R]) bool { return false })
}

// Find is like [Book.Use], but does not count the use of a rule for which later reports true, because that rule
// acts later or not at all. [Book.Act] counts that use.
func (b *Book[R]) Find(stage uint8, matches, later func(*Entry[R]) bool) *Entry[R] {
	b.mu.Lock()
	p := b.stages[stage]
	b.mu.Unlock()
	for i := 0; ; i++ {
		if i = b.open(p, i); i >= len(p) {
			return nil
		}
		e := p[i]
		if !e.inForce() || !matches(e) {
			continue
		}
		if later(e) && b.awaited(e) || !later(e) && b.Act(e) {
			return e
		}
	}
}

// Act counts a turn that a rule of the book matches, and reports whether the rule acts. Another connection may have
// used it up meanwhile.
func (b *Book[R]) Act(e *Entry[R]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.usedUp() {
		return false
	}
	e.seen++
	return e.seen > e.limits.Skip
}

// awaited reports whether a rule will act when its time comes. If it skips the turn, awaited counts that.
func (b *Book[R]) awaited(e *Entry[R]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.seen < e.limits.Skip {
		e.seen++
		return false
	}
	return !e.usedUp()
}

// Unused returns the rules that have never acted.
func (b *Book[R]) Unused() []R {
	b.mu.Lock()
	defer b.mu.Unlock()
	var unused []R
	for _, e := range b.all {
		if e.seen <= e.limits.Skip {
			unused = append(unused, e.Rule)
		}
	}
	return unused
}

func (b *Book[R]) open(p peers[R], i int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return p.open(i)
}

// usedUp reports whether the rule is used up. The caller holds the lock of the book.
func (e *Entry[R]) usedUp() bool { return e.limits.Times > 0 && e.seen >= e.limits.Skip+e.limits.Times }

// inForce reports whether the rule has begun and not ended.
func (e *Entry[R]) inForce() bool {
	if e.limits.Begin == 0 && e.limits.For == 0 {
		return true
	}
	now := time.Now()
	return !now.Before(e.begin) && (e.end.IsZero() || now.Before(e.end))
}
