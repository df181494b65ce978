// Package bubble reports whether code runs inside a synctest bubble, which package [testing/synctest] does not do.
package bubble

import (
	"testing"
	"time"
)

// Place is inside or outside of a bubble. The zero Place is unknown.
type Place uint8

// The places.
const (
	Inside Place = iota + 1
	Outside
)

// Here returns the place of the caller. It judges by the clock: that of a bubble begins in the year 2000, and its times have no
// reading of the monotonic clock, as those of a machine have.
func Here() Place {
	if now := time.Now(); now.Year() < 2020 || now == now.Round(0) {
		return Inside
	}
	return Outside
}

// Of returns the place of the test tb. The only sign of a bubble is that Deadline panics. For anything but a
// [testing.T], the place is unknown.
func Of(tb testing.TB) (p Place) {
	t, ok := tb.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return 0
	}
	defer func() {
		if recover() != nil {
			p = Inside
		}
	}()
	t.Deadline()
	return Outside
}
