// Package notice tells listeners that something has changed.
package notice

import (
	"slices"
	"sync"
	"sync/atomic"
)

// List holds the channels of listeners. The zero value is empty and ready to use. All methods may be called from
// several goroutines at once.
type List struct {
	mu  sync.Mutex
	all atomic.Pointer[[]chan<- struct{}] // never changed in place
}

// Add makes Send also send on c, until stop is called.
func (l *List) Add(c chan<- struct{}) (stop func()) {
	l.change(func(all []chan<- struct{}) []chan<- struct{} { return append(all, c) })
	return sync.OnceFunc(func() {
		l.change(func(all []chan<- struct{}) []chan<- struct{} {
			i := slices.Index(all, c)
			return slices.Delete(all, i, i+1)
		})
	})
}

// change replaces the channels by the result of f for a copy of them.
func (l *List) change(f func([]chan<- struct{}) []chan<- struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []chan<- struct{}
	if old := l.all.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = f(all); len(all) == 0 {
		l.all.Store(nil)
		return
	}
	l.all.Store(&all)
}

// Send sends on each channel that is ready to receive. It does not block, and costs almost nothing without
// listeners.
func (l *List) Send() {
	all := l.all.Load()
	if all == nil {
		return
	}
	for _, c := range *all {
		select {
		case c <- struct{}{}:
		default: // a buffered one has a notice already
		}
	}
}
