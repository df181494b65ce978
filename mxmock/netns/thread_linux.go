package netns

// This file has threads that live in other namespaces than the process.

import "runtime"

// thread is a thread of the process that calls functions, one after the other.
type thread struct {
	calls chan func()
	ended chan struct{} // closed when it takes no more
}

// startThread starts a thread that prepares itself by setup.
func startThread(setup func() error) (*thread, error) {
	t := &thread{calls: make(chan func()), ended: make(chan struct{})}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked, so that it ends with this function
		err := setup()
		ready <- err
		if err != nil {
			return
		}
		for f := range t.calls {
			f()
		}
		close(t.ended)
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return t, nil
}

// do calls f on the thread.
func (t *thread) do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// end ends the thread. Nothing may be called on it any more.
func (t *thread) end() {
	close(t.calls)
	<-t.ended
}
