package memnet

// Deadlines of operations that wait.

import (
	"sync"
	"time"
)

// deadline is the time by which the operations of one kind must be done. The zero value is not a deadline. Its
// timer runs only while an operation waits.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool {
	return !d.at.IsZero() && !time.Now().Before(d.at)
}

// wait waits, with cond.L held, for a broadcast on cond. The deadline also sends one when it passes. Several
// goroutines may wait for one deadline if each of them sends a broadcast after it has waited, since it has stopped
// the timer for all of them.
func (d *deadline) wait(cond *sync.Cond) {
	if d.at.IsZero() {
		cond.Wait()
		return
	}
	if left := time.Until(d.at); d.timer != nil {
		d.timer.Reset(left)
	} else {
		d.timer = time.AfterFunc(left, func() {
			cond.L.Lock() // A waiter that has seen the deadline ahead is asleep by now.
			defer cond.L.Unlock()
			cond.Broadcast()
		})
	}
	cond.Wait()
	d.timer.Stop()
}
