package provider

// What a provider remembers: how much has come from whom, and who has tried before.

import "time"

// counterKey names a counter: that of a policy for a client, a sender or a recipient.
type counterKey struct {
	policy *policy
	who    string
}

// counter counts in a window of time that begins with the first of what it counts.
type counter struct {
	start time.Time
	n     int
	seen  map[string]bool // of what counts once
}

// count counts one more of somebody's, and reports whether it is beyond the limit; then it does not
// count. What has a name in once counts a single time.
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

// newKey names an attempt: of a policy, with client, sender and recipient.
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
