package netns

// Threads that are in a namespace.

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread calls f on a thread of its own, which ends then, so that f may do with it what can't be undone.
// If f ends its goroutine, as t.Fatal does, onThread ends that of its caller.
func onThread(f func() error) error {
	var err error
	returned := false
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: a thread ends with a goroutine that is locked to it
		if unix.Gettid() == unix.Getpid() {
			// The main thread would stay. While this goroutine has it, the next one gets another.
			err = onThread(func() error {
				err := f()
				returned = true
				return err
			})
			runtime.UnlockOSThread()
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

// enter takes the thread into namespaces: those of a process, given a file descriptor of it, or one,
// given that of the namespace.
func enter(fd, kinds int) error {
	if kinds&unix.CLONE_NEWNS != 0 { // which other threads must not share
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
	}
	return unix.Setns(fd, kinds)
}
