package bubble

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	if Here() != Outside || Of(t) != Outside {
		t.Errorf("outside: Here is %d, Of the test %d", Here(), Of(t))
	}
	synctest.Test(t, func(t *testing.T) {
		for range 6 {
			time.Sleep(10 * 365 * 24 * time.Hour)
			if Here() != Inside || Of(t) != Inside {
				t.Errorf("inside: in %d, Here is %d, Of the test %d", time.Now().Year(), Here(), Of(t))
			}
		}
	})
	if got := Of(struct{ testing.TB }{t}); got != 0 {
		t.Errorf("Of a test without a deadline is %d, want 0", got)
	}
}
