package mailtest

// Ready-made rules: what real servers do, by name. Each is a Rule whose fields can be changed.

import (
	"fmt"
	"strings"
	"sync"
	"time"
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

// RateLimit returns a rule that lets each client address have n MAIL commands in a period, which begins with
// the first of them, and refuses further ones with 450. Commands that the rule refuses do not count. If n is 0,
// it refuses all.
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

// MessageLimit returns a rule that lets each connection have n MAIL commands. It answers the next with 421 and
// closes the connection.
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

// SizeLimit returns a rule that refuses messages of more than n bytes after they have arrived, although no
// reply has announced the limit. For a limit that SIZE announces, set [Server.MaxSize].
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
		Times: n, // where 0 is for ever
		Reply: "451 4.3.0 Local error in processing, please try again later",
		When:  func(*Attempt) bool { return n > 0 },
	}
}

// Maintenance returns a rule that turns all clients away with 421, for the given duration after it was added.
// If duration is 0, it does so for ever.
func Maintenance(duration time.Duration) Rule {
	return Rule{At: Greeting, For: duration, Reply: "421 4.3.2 Down for maintenance", Drop: Close}
}
