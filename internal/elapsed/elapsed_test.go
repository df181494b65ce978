package elapsed

import (
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRound(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                             "0s",
		999:                           "999ns",
		16_804:                        "16.8µs",
		-16_804:                       "-16.8µs",
		999_960:                       "1ms",
		1_234_567:                     "1.23ms",
		987_654_321:                   "988ms",
		1_234_567_890:                 "1.23s",
		61_234_567_890:                "1m1.23s",
		5*time.Hour + time.Second:     "5h0m1s",
		30 * 24 * time.Hour:           "720h0m0s",
		math.MaxInt64:                 "2562047h47m16.85s",
		math.MinInt64:                 "-2562047h47m16.85s",
		250*time.Millisecond + 4*60e9: "4m0.25s",
	} {
		if got := Round(d).String(); got != want {
			t.Errorf("Round(%d) = %s, want %s", d, got, want)
		}
	}
}
