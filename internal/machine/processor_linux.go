package machine

// The processors of Linux.

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// OneProcessor keeps the goroutine of a test on one processor until it ends. What it sends over loopback is then taken up in the
// order in which it was sent, also on different connections, because Linux has a queue for each processor. On other systems
// OneProcessor does nothing.
func OneProcessor(tb testing.TB) {
	tb.Helper()
	runtime.LockOSThread() // and the thread ends with the goroutine
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		tb.Fatal(err)
	}
	for i := 0; one.Count() == 0; i++ {
		if all.IsSet(i) {
			one.Set(i)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		tb.Fatal(err)
	}
}
