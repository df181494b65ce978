package netns

// This file runs functions on threads that are in other namespaces than the process.

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread calls f on a thread of its own, which ends then, so that f may do with it what cannot be undone. If f
// ends its goroutine, as t.Fatal does, onThread ends that of its caller.
func onThread(f func() error) error {
	var err error
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: a thread ends with a goroutine that is locked to it
		if unix.Gettid() == unix.Getpid() {
			// The first thread of a process does not end. While this goroutine holds it, the next one gets another.
			defer runtime.UnlockOSThread()
			err = onThread(f)
			returned = true
			return
		}
		err = f()
		returned = true
	}()
	<-done
	if !returned {
		runtime.Goexit()
	}
	return err
}

// enter takes the calling thread into a namespace, or into those of a process, given a descriptor of it.
func enter(fd, kinds int) error {
	if kinds&unix.CLONE_NEWNS != 0 { // which threads of one process must not share
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
	}
	return unix.Setns(fd, kinds)
}
