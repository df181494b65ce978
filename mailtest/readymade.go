package mailtest

// Ready-made rules: what real servers do, by name. Each is a Rule whose fields can be changed.

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Greylist returns a rule that refuses with 451 a message from a client, sender and recipient that
// it has not seen before, until delay has passed since the first attempt (RFC 6647).
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

// RateLimit returns a rule that refuses with 450 the MAIL commands of a client address beyond the
// first n in each period of the given length, which begins with the first of them. Those that this
// rule refuses don't count. With n 0 it refuses all.
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

// MessageLimit returns a rule that takes n MAIL commands on each connection, and refuses the next
// with 421 and closes it.
func MessageLimit(n int) Rule {
	return Rule{
		At:    Mail,
		Reply: "421 4.7.0 Too many messages on this connection",
		Drop:  Close,
		When:  func(a *Attempt) bool { return a.Nth > n },
	}
}

// ConnectionLimit returns a rule that turns away with 421 whoever connects while n connections are open.
func ConnectionLimit(n int) Rule {
	return Rule{
		At:    Greeting,
		Reply: "421 4.7.0 Too many connections, please try again later",
		Drop:  Close,
		When:  func(a *Attempt) bool { return a.Open > n },
	}
}

// UnknownMailbox returns a rule that refuses a recipient, or those of "@" and a domain, because
// there is no such mailbox. With an empty address it refuses every recipient, as the other rules
// about mailboxes do.
func UnknownMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "550 5.1.1 No such user here"}
}

// FullMailbox returns a rule that refuses a recipient because the mailbox is full. RFC 5321 §4.2.2 has 452
// and 552 for that; this is the temporary one.
func FullMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "452 4.2.2 Mailbox full"}
}

// DisabledMailbox returns a rule that refuses a recipient because the mailbox is disabled.
func DisabledMailbox(address string) Rule {
	return Rule{At: Rcpt, To: address, Reply: "550 5.2.1 Mailbox disabled, not accepting messages"}
}

// Blocklisted returns a rule that refuses all mail from a client address or prefix, such as
// "192.0.2.0/24"; empty is every client.
func Blocklisted(client string) Rule {
	return Rule{At: Mail, Client: client, Reply: "554 5.7.1 Service unavailable; client host is on a blocklist"}
}

// SizeLimit returns a rule that refuses messages of more than n bytes once they have arrived,
// though neither EHLO nor MAIL said so. For a limit that is announced, set [Server.MaxSize].
func SizeLimit(n int) Rule {
	return Rule{
		At:    Dot,
		Reply: fmt.Sprintf("552 5.3.4 Message size exceeds the limit of %d bytes", n),
		When:  func(a *Attempt) bool { return a.Message != nil && len(a.Message.Raw) > n },
	}
}

// FailFirst returns a rule that refuses the first n messages with a temporary error, after the
// final dot; none if n is 0.
func FailFirst(n int) Rule {
	return Rule{
		At:    Dot,
		Times: n, // where 0 is for ever
		Reply: "451 4.3.0 Local error in processing, please try again later",
		When:  func(*Attempt) bool { return n > 0 },
	}
}

// Maintenance returns a rule that turns away with 421 whoever connects, for so long since it was added; 0 is
// for ever.
func Maintenance(duration time.Duration) Rule {
	return Rule{At: Greeting, For: duration, Reply: "421 4.3.2 Down for maintenance", Drop: Close}
}
