package mxmock

// The type DNSRule, and its text for files, flags and JSON.

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/ruletext"
	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// DNSRule says what goes wrong with a DNS question, for which clients, when, and how often. It is
// plain data. A condition whose field has the zero value always holds. [Internet.AddDNSRules] adds
// rules. For a lasting fault, [Internet.Break] is shorter.
//
//	inet.AddDNSRules(
//		mxmock.DNSRule{Question: "mx qq.com", Times: 1, Fault: mxmock.ServFail},
//		mxmock.DNSRule{Question: "txt qq.com", For: 4 * time.Hour, Fault: mxmock.Silent},
//		mxmock.DNSRule{Question: "mx qq.com", After: 24 * time.Hour, Answer: "@ MX 10 mx3.qq.com."},
//	)
//
// Rules are tried in the order in which they were added, before the faults set by [Internet.Break];
// the first that matches decides. A rule that is used up (Times) or over (For) no longer matches.
// In files and in JSON, a rule is written as text; see [DNSRule.UnmarshalText].
type DNSRule struct {
	// Question is a question as [Internet.Break] takes it: "mx qq.com", "any *.qq.com", "any *". If
	// empty, every question matches.
	Question string

	// Network is "udp" or "tcp". If empty, both match. A stub resolver asks over TCP if the answer
	// over UDP was truncated, because it was too large or by the fault Truncate.
	Network string

	// Client is the address of the client that asks, or a prefix such as "192.0.2.0/24". Code under
	// test that asks in memory has the address 192.0.2.1.
	Client string

	// Skip is the number of matching look-ups to let through first, and Times is the number of
	// look-ups after them for which the rule acts. If Times is 0, there is no limit. Questions that
	// a stub resolver repeats because it did not get a usable answer belong to the same look-up: as
	// many as the resolver of package net asks on this machine ([Internet.Resolver]), or all that
	// have the same ID and come from the same address. A and AAAA are two look-ups.
	Skip  int
	Times int

	// After and For bound the time in which the rule is in force: it begins After the call of
	// AddDNSRules, and lasts for the duration For. If For is 0, it has no end.
	After time.Duration
	For   time.Duration

	// Must makes the test fail at its end if the rule never acted. This is checked for an Internet
	// made by [New]; for any other, call [Internet.CheckRules]. A rule removed by [Internet.Mend]
	// or [Internet.Reset] need no longer act.
	Must bool

	// Delay is the time that the answer takes. Over TCP, later answers wait too.
	Delay time.Duration

	// Fault is the fault of the question. If it is zero, the answer is Answer, or the true answer if that is empty
	// too.
	Fault Fault

	// Answer is the answer in place of the true one: records in the format of [Internet.AddZone],
	// where "@" is the name that was asked. The answer has just these records. If one of them is an
	// alias, those of its target must follow, since stub resolvers don't ask for them.
	Answer string
}

// dnsRuleState is a rule in force.
type dnsRuleState struct {
	DNSRule
	question question.Question
	prefix   netip.Prefix
	number   int
	begin    time.Time
	seen     int // the number of look-ups that matched
}

// dnsRules has the rules of [Internet.AddDNSRules]. Finding one for a question takes no longer if others are used up or name
// other names, because a test may add many thousands of rules that act once each.
type dnsRules struct {
	all   []*dnsRuleState
	named ruleLists // all
	open  ruleLists // those that are not used up
}

// add adds a rule after the others.
func (d *dnsRules) add(r *dnsRuleState) {
	if d.all == nil {
		d.named, d.open = make(ruleLists), make(ruleLists)
	}
	d.all = append(d.all, r)
	d.named.add(r)
	if !r.usedUp() {
		d.open.add(r)
	}
}

// use counts a look-up that a rule matches.
func (d *dnsRules) use(r *dnsRuleState) {
	if r.seen++; r.usedUp() {
		name := r.question.Exact()
		open := d.open[name]
		copy(open[1:], open[:slices.Index(open, r)]) // those before it, which were tried just now
		d.open[name] = open[1:]
	}
}

// remove takes the rules for a question out of force.
func (d *dnsRules) remove(q question.Question) {
	old := d.all
	*d = dnsRules{}
	for _, r := range old {
		if r.question != q {
			d.add(r)
		}
	}
}

// ruleLists has rules, each list in the order of their numbers, by the name of the question, or "" if that is a pattern.
type ruleLists map[string][]*dnsRuleState

func (ls ruleLists) add(r *dnsRuleState) {
	name := r.question.Exact()
	ls[name] = append(ls[name], r)
}

// about yields the rules that may match a question for a name, in the order of their numbers. Whoever uses one up must stop there.
func (ls ruleLists) about(name string) iter.Seq[*dnsRuleState] {
	return func(yield func(*dnsRuleState) bool) {
		exact, patterns := ls[name], ls[""]
		for len(exact)+len(patterns) > 0 {
			next := &exact
			if len(exact) == 0 || len(patterns) > 0 && patterns[0].number < exact[0].number {
				next = &patterns
			}
			r := (*next)[0]
			*next = (*next)[1:]
			if !yield(r) {
				return
			}
		}
	}
}

// AddDNSRules adds rules after those that exist. They stay in force until they are used up, or
// removed by [Internet.Mend] or [Internet.Reset]. AddDNSRules panics if a rule is not valid, and
// says why.
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
		n.rules.add(r)
	}
}

// RemoveDNSRules takes the rules of [Internet.AddDNSRules] out of force. Those with [DNSRule.Must] need not act any
// more. Faults set by [Internet.Break] stay.
func (n *Internet) RemoveDNSRules() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rules, n.pending = dnsRules{}, nil
}

// newDNSRuleState checks a rule and prepares it.
func newDNSRuleState(r DNSRule) (*dnsRuleState, error) {
	state := &dnsRuleState{DNSRule: r, begin: time.Now().Add(r.After)}
	if r.Question == "" {
		r.Question = "any *"
	}
	var err error
	if state.question, err = question.Parse(r.Question); err != nil {
		return nil, err
	}
	if err := ruletext.CheckNumbers(r); err != nil {
		return nil, err
	}
	switch {
	case r.Network != "" && r.Network != "udp" && r.Network != "tcp":
		return nil, fmt.Errorf("Network is %q; use \"udp\" or \"tcp\"", r.Network)
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
		if _, err := zone.ParseAnswer(r.Answer, ".", "answer"); err != nil {
			return nil, err
		}
	}
	return state, nil
}

// matches reports whether the rule is in force and matches a question that was asked for a name.
func (r *dnsRuleState) matches(a *asking, name string) bool {
	return r.question.Matches(name, a.typ) && r.inForce(a.time) &&
		(r.Network == "" || (r.Network == "udp") == a.udp) &&
		(!r.prefix.IsValid() || r.prefix.Contains(a.client.Addr().Unmap()))
}

// inForce reports whether the rule is in force at a time.
func (r *dnsRuleState) inForce(now time.Time) bool {
	return !now.Before(r.begin) && (r.For == 0 || now.Before(r.begin.Add(r.For)))
}

// usedUp reports whether the rule can act only on questions that belong to look-ups on which it has acted.
func (r *dnsRuleState) usedUp() bool { return r.Times != 0 && r.seen >= r.Skip+r.Times }

// answers returns the records of the rule for the name that was asked.
func (r *dnsRuleState) answers(name string) []dns.RR {
	rrs, err := zone.ParseAnswer(r.Answer, name, "answer")
	if err != nil {
		return nil // the name has become too long
	}
	return rrs
}

// MarshalText returns the rule on one line, as [mailtest.Rule.MarshalText] does.
//
//	Question: "mx qq.com", Times: 1, Fault: ServFail
//
// It returns an error if the rule makes no sense, in which case [Internet.AddDNSRules] would panic.
func (r DNSRule) MarshalText() ([]byte, error) {
	_, err := newDNSRuleState(r)
	var text []byte
	if err == nil {
		text, err = ruletext.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("mxmock: DNS rule as text: %w", err)
	}
	return text, nil
}

// UnmarshalText reads a rule as MarshalText writes it, or as it is written in Go; see
// [mailtest.Rule.UnmarshalText]. The error names the column, in characters from 1, or says why the rule makes no
// sense; the rule then keeps its value.
func (r *DNSRule) UnmarshalText(text []byte) error {
	var read DNSRule
	err := ruletext.Unmarshal(text, &read)
	if err == nil {
		_, err = newDNSRuleState(read)
	}
	if err != nil {
		return fmt.Errorf("mxmock: DNS rule: %w", err)
	}
	*r = read
	return nil
}
