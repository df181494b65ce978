package provider

// The counters of a provider, and its memory of earlier attempts.

import "time"

// counterKey identifies a counter: that of a policy for a client, a sender or a recipient.
type counterKey struct {
	policy *policy
	who    string
}

// counter counts in a window of time that begins with the first thing that it counts.
type counter struct {
	start time.Time
	n     int
	seen  map[string]bool // the names of things that count once
}

// count adds one to a counter, and reports whether that is beyond the limit; if so, it adds nothing. If once is not
// empty, only the first call with that name counts.
func (p *Provider) count(pol *policy, who, once string, l limit) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := counterKey{pol, who}
	c := p.counters[key]
	now := time.Now()
	if c == nil || l.per > 0 && now.Sub(c.start) >= l.per {
		c = &counter{start: now}
		p.counters[key] = c
	}
	if once != "" && c.seen[once] {
		return false
	}
	if c.n >= l.n {
		return true
	}
	c.n++
	if once != "" {
		if c.seen == nil {
			c.seen = make(map[string]bool)
		}
		c.seen[once] = true
	}
	return false
}

// newKey identifies an attempt: a policy, and the client, sender and recipient.
type newKey struct {
	policy *policy
	who    [3]string
}

// isNew reports whether an attempt is the first of its kind, or comes before the delay after the
// first has passed (RFC 6647).
func (p *Provider) isNew(pol *policy, who [3]string, delay time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := newKey{pol, who}
	first, known := p.first[key]
	if !known {
		p.first[key] = time.Now()
		return true
	}
	return time.Since(first) < delay
}
