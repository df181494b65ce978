package mailtest

// Rules with names, for common faults of real servers, and rules with random faults.

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
)

// Greylist returns a rule that refuses a recipient with 451 if it has not seen this client, sender and
// recipient together before, until delay has passed since their first attempt (RFC 6647).
func Greylist(delay time.Duration) Rule {
	var mu sync.Mutex
	first := make(map[[3]string]time.Time)
	return Rule{
		At:    Rcpt,
		Reply: "451 4.7.1 Greylisted, please try again later",
		When: func(a *Attempt) bool {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			key := [3]string{a.Client, strings.ToLower(a.From), strings.ToLower(a.To)}
			since, known := first[key]
			if !known {
				first[key] = now
				return true
			}
			return now.Sub(since) < delay
		},
	}
}

// RateLimit returns a rule that allows each client address n MAIL commands in a period, which begins with the
// first of them, and refuses further ones with 450. Commands that the rule refuses do not count. If n is 0, it
// refuses all MAIL commands.
func RateLimit(n int, period time.Duration) Rule {
	type window struct {
		start time.Time
		count int
	}
	var mu sync.Mutex
	windows := make(map[string]window)
	return Rule{
		At:    Mail,
		Reply: "450 4.7.1 Rate limit exceeded, please try again later",
		When: func(a *Attempt) bool {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			w := windows[a.Client]
			if w.count == 0 || now.Sub(w.start) >= period {
				w = window{start: now}
			}
			if w.count >= n {
				return true
			}
			w.count++
			windows[a.Client] = w
			return false
		},
	}
}

// MessageLimit returns a rule that allows n MAIL commands on each connection. It answers the next one with 421
// and closes the connection.
func MessageLimit(n int) Rule {
	return Rule{
		At:    Mail,
		Reply: "421 4.7.0 Too many messages on this connection",
		Drop:  Close,
		When:  func(a *Attempt) bool { return a.Nth > n },
	}
}

// ConnectionLimit returns a rule that turns clients away with 421 while n other connections are open.
func ConnectionLimit(n int) Rule {
	return Rule{
		At:    Greeting,
		Reply: "421 4.7.0 Too many connections, please try again later",
		Drop:  Close,
		When:  func(a *Attempt) bool { return a.Open > n },
	}
}

// UnknownMailbox returns a rule that refuses a recipient because there is no such mailbox. The address may be
// "@" and a domain, for all recipients there, or empty, for all recipients. The same holds for the other rules
// about mailboxes.
func UnknownMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "550 5.1.1 No such user here"}
}

// FullMailbox returns a rule that refuses a recipient because the mailbox is full. RFC 5321 §4.2.2 has two
// codes for that, 452 and 552; this rule sends 452, the temporary one.
func FullMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "452 4.2.2 Mailbox full"}
}

// DisabledMailbox returns a rule that refuses a recipient because the mailbox is disabled.
func DisabledMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "550 5.2.1 Mailbox disabled, not accepting messages"}
}

// Blocklisted returns a rule that refuses all mail from a client address or a prefix, such as "192.0.2.0/24".
// If client is empty, it refuses all mail.
func Blocklisted(client string) Rule {
	return Rule{At: Mail, Client: client, Reply: "554 5.7.1 Service unavailable; client host is on a blocklist"}
}

// SizeLimit returns a rule that refuses messages of more than n bytes after they have arrived, without
// announcing the limit in the EHLO reply. For a limit that SIZE announces, set [Server.MaxSize].
func SizeLimit(n int) Rule {
	return Rule{
		At:    Dot,
		Reply: fmt.Sprintf("552 5.3.4 Message size exceeds the limit of %d bytes", n),
		When:  func(a *Attempt) bool { return a.Message != nil && len(a.Message.Raw) > n },
	}
}

// FailFirst returns a rule that refuses the first n messages with a temporary error, after the final dot. If n
// is 0, it refuses none.
func FailFirst(n int) Rule {
	return Rule{
		At:    Dot,
		Times: n, // 0 would mean for ever
		Reply: "451 4.3.0 Local error in processing, please try again later",
		When:  func(*Attempt) bool { return n > 0 },
	}
}

// Maintenance returns a rule that turns all clients away with 421, for the given duration after it was added.
// If duration is 0, it does so forever.
func Maintenance(duration time.Duration) Rule {
	return Rule{At: Greeting, For: duration, Reply: "421 4.3.2 Down for maintenance", Drop: Close}
}

// chaosRules is the number of rules that Chaos returns.
const chaosRules = 12

// Chaos returns rules with random faults: temporary refusals, delays, replies that come byte by byte,
// connections that are closed, cut or reset at any stage, in the middle of a reply or of the message, and
// acknowledgements that get lost. Each rule acts at most three times. All faults are temporary, so a client
// that tries again succeeds in the end, but a message may arrive twice.
//
// The same seed gives the same rules. Seed 0 stands for a random seed. If the test fails, its log has the seed.
// Delays last up to 50 ms, or up to 10 minutes inside a synctest bubble. Only inside a bubble may a server fall
// silent for good.
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

// chaos draws random faults.
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
