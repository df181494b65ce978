package netns

// Threads that are in other namespaces than the process.

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread calls f on a thread of its own, which ends afterwards, so f may change the thread for good. If f ends
// its goroutine, as t.Fatal does, onThread ends that of its caller.
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

// enter moves the calling thread into a namespace, or into those of a process, given by a descriptor.
func enter(fd, kinds int) error {
	if kinds&unix.CLONE_NEWNS != 0 { // threads must not share their file system for that
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return err
		}
	}
	return unix.Setns(fd, kinds)
}
