package mailtest

// Chaos: faults drawn at random, the same ones again for the same seed.

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
)

// chaosRules is how many faults there are in one chaos.
const chaosRules = 12

// Chaos returns rules with random faults: temporary refusals, delays, replies that come byte by byte,
// connections that are closed, cut or reset at any stage, in the middle of a reply or of the message, and
// acknowledgements that get lost. Each rule acts at most three times. All faults are temporary, so a client
// that tries again gets through in the end, but a message may come twice.
//
// The same seed gives the same rules. Seed 0 stands for a random seed. If the test fails, its log has the seed.
// Delays last up to 50 ms, or up to 10 minutes inside a synctest bubble; only there, a server may fall silent
// for good.
func Chaos(tb testing.TB, seed uint64) []Rule {
	tb.Helper()
	for seed == 0 {
		seed = rand.Uint64()
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("mailtest: to see the same chaos again: mailtest.Chaos(t, %d)", seed)
		}
	})
	c := chaos{rand.New(rand.NewPCG(seed, 0)), bubble.Of(tb) == bubble.Inside}
	rules := make([]Rule, chaosRules)
	for i := range rules {
		rules[i] = c.rule()
	}
	return rules
}

// chaos draws.
type chaos struct {
	*rand.Rand
	virtual bool
}

func (c chaos) rule() Rule {
	stages := []Stage{Greeting, Helo, Mail, Rcpt, Data, Body, Dot, Quit}
	r := Rule{At: stages[c.IntN(len(stages))], Skip: c.IntN(4), Times: 1 + c.IntN(3)}
	if r.At == Body {
		r.AfterBytes = int64(c.IntN(1000))
		r.Drop = c.end()
		return r
	}
	switch c.IntN(6) {
	case 0:
		code := []int{421, 450, 451, 452}[c.IntN(4)]
		r.Reply = fmt.Sprintf("%d 4.%d.%d Chaos", code, c.IntN(8), c.IntN(10))
		if code == 421 || r.At == Greeting {
			r.Drop = Close
		}
	case 1:
		r.Delay = c.duration()
	case 2:
		r.Pace = max(1, c.duration()/100)
	case 3:
		r.Drop = c.end()
	case 4:
		r.Drop, r.AfterBytes = c.end(), 1+int64(c.IntN(20))
	case 5:
		r.Drop, r.AfterReply = c.end(), true
	}
	if r.At == Dot && r.Drop != 0 && r.AfterBytes == 0 {
		r.Keep = c.IntN(2) == 0
	}
	return r
}

// end draws the end of a connection.
func (c chaos) end() Drop {
	ends := []Drop{Close, Cut, Reset, Silence}
	if !c.virtual {
		ends = ends[:3]
	}
	return ends[c.IntN(len(ends))]
}

func (c chaos) duration() time.Duration {
	most := 50 * time.Millisecond
	if c.virtual {
		most = 10 * time.Minute
	}
	return time.Duration(1 + c.Int64N(int64(most)))
}
