// Package bubble finds out whether code runs inside a synctest bubble, which package [testing/synctest] does not
// tell.
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

// Here returns where the caller runs, by the clock: a bubble begins in the year 2000, and no machine that can run
// this code believes it is that late. It is wrong for a bubble that has waited for two decades.
func Here() Place {
	if time.Now().Year() < 2020 {
		return Inside
	}
	return Outside
}

// Of returns where the test tb runs. Its Deadline panics in a bubble, which is the only sign. Of anything but a
// [testing.T] it is not known.
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
