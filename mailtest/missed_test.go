package mailtest

// A wait misses nothing.

import (
	"testing"
	"testing/synctest"
)

// The end of a session takes no lock of the inbox: it may come after a wait has looked, and before it listens.
func TestWaitMissesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := New(t)
		looks := 0
		err := srv.Inbox.wait(srv.Inbox.within(t), "nothing has come", func() bool {
			if looks++; looks == 1 {
				srv.Inbox.waiting.Send()
			}
			return looks > 1
		})
		if err != nil {
			t.Error(err)
		}
	})
}
