package mxmock

// Rules for the DNS: which question fails, for whom, when and how often.

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// DNSRule says what goes wrong with a question of the DNS: which, for whom, when, how often, and
// what. It is plain data; the zero value of a field means that it does not matter.
// [Internet.AddDNSRules] puts rules into force. For a fault that lasts, [Internet.Break] is
// shorter.
//
//	inet.AddDNSRules(
//		mxmock.DNSRule{Question: "mx qq.com", Times: 1, Fault: mxmock.ServFail},
//		mxmock.DNSRule{Question: "txt qq.com", For: 4 * time.Hour, Fault: mxmock.Silent},
//		mxmock.DNSRule{Question: "mx qq.com", After: 24 * time.Hour, Answer: "@ MX 10 mx3.qq.com."},
//	)
//
// Rules are tried in the order in which they were added, and before what [Internet.Break] says; the
// first that fits decides. One that has been used up (Times) or is over (For) is out of the way.
// In files and in JSON, a rule is a text, see [DNSRule.UnmarshalText].
type DNSRule struct {
	// Question is a question as [Internet.Break] takes it: "mx qq.com", "any *.qq.com", "any *".
	// Empty means every one.
	Question string

	// Network is "udp" or "tcp".
	Network string

	// Client is the address of who asks, or a prefix such as "192.0.2.0/24". Code under test that
	// asks in memory has 192.0.2.1.
	Client string

	// Skip is how many look-ups that fit are let pass first, and Times for how many after them the
	// rule acts. Times 0 is for ever. Questions that a stub repeats because it did not get a usable
	// answer are the same look-up: as many as the resolver of package net asks on this machine
	// ([Internet.Resolver]), or all that have the same ID and come from the same address. A and
	// AAAA are two look-ups.
	Skip  int
	Times int

	// After and For bound the time in which the rule is in force: it begins After the call of
	// AddDNSRules, and ends For after its beginning. For 0 is for ever.
	After time.Duration
	For   time.Duration

	// Must makes the test fail at its end if the rule never acted. [New] sees to it; of another
	// Internet [Internet.CheckRules] tells. A rule that [Internet.Mend] or [Internet.Reset] takes away
	// need not act any more.
	Must bool

	// Delay is how long the answer takes, whatever it is. Over TCP, the answers after it wait too.
	Delay time.Duration

	// Fault is what is wrong.
	Fault Fault

	// Answer is the answer in place of the true one: records in the format of [Internet.AddZone],
	// where "@" is the name that was asked.
	Answer string
}

// dnsRuleState is a rule in force.
type dnsRuleState struct {
	DNSRule
	question question
	prefix   netip.Prefix
	number   int
	begin    time.Time
	seen     int // look-ups that fitted
}

// AddDNSRules puts rules into force, after those that are, until they are used up or taken back by
// [Internet.Mend] or [Internet.Reset]. It panics if one of them makes no sense, saying why.
func (n *Internet) AddDNSRules(rules ...DNSRule) {
	states := make([]*dnsRuleState, len(rules))
	for i, r := range rules {
		state, err := newDNSRuleState(r)
		if err != nil {
			panic(fmt.Sprintf("mxmock: DNS rule %d of this call: %v", i+1, err))
		}
		states[i] = state
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, r := range states {
		n.lastRule++
		r.number = n.lastRule
		n.rules = append(n.rules, r)
	}
}

// newDNSRuleState checks a rule and prepares it.
func newDNSRuleState(r DNSRule) (*dnsRuleState, error) {
	state := &dnsRuleState{DNSRule: r, begin: time.Now().Add(r.After)}
	if r.Question == "" {
		r.Question = "any *"
	}
	var err error
	if state.question, err = parseQuestion(r.Question); err != nil {
		return nil, err
	}
	switch {
	case r.Network != "" && r.Network != "udp" && r.Network != "tcp":
		return nil, fmt.Errorf("Network is %q; use \"udp\" or \"tcp\"", r.Network)
	case r.Skip < 0 || r.Times < 0 || r.After < 0 || r.For < 0 || r.Delay < 0:
		return nil, fmt.Errorf("a number is negative: Skip %d, Times %d, After %v, For %v, Delay %v", r.Skip, r.Times, r.After, r.For, r.Delay)
	case r.Fault != 0 && !r.Fault.ofQuestions():
		return nil, fmt.Errorf("%v does not apply to a question", r.Fault)
	case r.Fault == 0 && r.Answer == "" && r.Delay == 0:
		return nil, fmt.Errorf("the rule for %q does nothing; set Fault, Answer or Delay", r.Question)
	case r.Fault != 0 && r.Answer != "":
		return nil, fmt.Errorf("Fault %v and an Answer contradict each other", r.Fault)
	}
	if r.Client != "" {
		if state.prefix, err = ipprefix.Parse(r.Client); err != nil {
			return nil, fmt.Errorf("Client %w", err)
		}
	}
	if r.Answer != "" {
		if _, err := zone.Parse(r.Answer, ".", "answer"); err != nil {
			return nil, err
		}
	}
	return state, nil
}

// inForce reports whether the rule acts at a time on a look-up that is its seen-th.
func (r *dnsRuleState) inForce(now time.Time) bool {
	return !now.Before(r.begin) && (r.For == 0 || now.Before(r.begin.Add(r.For)))
}

// answers returns the records of the rule for the name that was asked.
func (r *dnsRuleState) answers(name string) []dns.RR {
	rrs, err := zone.Parse(r.Answer, name, "answer")
	if err != nil {
		return nil // too long a name now
	}
	return rrs
}
