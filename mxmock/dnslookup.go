package mxmock

// Look-ups, which are questions that belong together, and the verdicts on questions.

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// asking is a question on its way to its answer.
type asking struct {
	time   time.Time
	packet *dns.Msg // shared; except for its ID, it is what was asked
	id     uint16
	udp    bool
	client netip.AddrPort
	stub   bool   // whether it comes from Resolver
	name   string // in lower case, with a final dot; "" if there is not one question
	typ    uint16
	exists bool // whether the name exists
}

// verdict is what the faults and rules do to a question.
type verdict struct {
	rule   *dnsRuleState // the rule that decides, or nil
	fault  Fault
	repeat bool
}

// delay returns the time that the answer takes.
func (v verdict) delay() time.Duration {
	if v.rule == nil {
		return 0
	}
	return v.rule.Delay
}

// number returns the number of the rule, or 0.
func (v verdict) number() int {
	if v.rule == nil {
		return 0
	}
	return v.rule.number
}

// judge returns the verdict on a question. The internet is locked.
func (n *Internet) judge(a *asking) verdict {
	v := verdict{}
	var last *lookup
	if len(n.pending) > 0 {
		last = n.pending[a.key()]
		v.repeat = last != nil && last.repeated(a)
	}
	if len(n.rules.all) == 0 && len(n.questions) == 0 && len(n.patterns) == 0 {
		return v
	}
	names, counts := []string{a.name}, true
	if !v.repeat {
		last = nil
	}
	if !a.exists {
		if base, ok := question.Stub.Unsuffixed(a.name); ok && a.stub {
			names, counts = []string{base}, false
			last = n.failed(a, base)
		} else {
			names = question.WithoutSuffixes(a.name)
		}
	}
	rule, judged := last.ruleOver(a.udp)
	for i, name := range names {
		if !judged {
			rule = n.ruleFor(a, name, last, counts && i == 0)
		}
		if rule != nil {
			v.rule, v.fault = rule, rule.Fault
			return v
		}
		if f := n.brokenQuestion(name, a.typ); f != 0 {
			v.fault = f
			return v
		}
	}
	return v
}

// failed returns the look-up of a name that has just failed, which a stub resolver continues with a suffix, or nil.
func (n *Internet) failed(a *asking, name string) *lookup {
	key := a.key()
	key.name = name
	if l := n.pending[key]; l != nil && a.time.Sub(l.time) <= question.Stub.Timeout+patience {
		return l
	}
	return nil
}

// ruleFor returns the first rule that acts on a question for a name, which may be the first one over its network in the look-up last.
// If counts is set, each rule up to that one counts the look-up, unless it did so over the other network. It is not set for a
// question with a suffix of the search list.
func (n *Internet) ruleFor(a *asking, name string, last *lookup, counts bool) *dnsRuleState {
	rules := n.rules.open
	if last != nil || !counts {
		rules = n.rules.named // one that is used up may act again
	}
	other, _ := last.ruleOver(!a.udp)
	for r := range rules.about(name) {
		switch {
		case !r.matches(a, name):
			continue
		case r == other:
			return r
		case last != nil && r.Network == "" && (other == nil || r.number < other.number), counts && r.usedUp():
			continue
		case counts:
			n.rules.use(r)
		}
		if r.seen > r.Skip {
			return r
		}
	}
	return nil
}

// lookup is the last look-up that got no usable answer.
type lookup struct {
	time      time.Time // the time of its last question, or of the answer to it
	asked     int       // the number of questions
	quiet     bool      // there was no answer that a careful client would accept
	truncated bool
	stub      bool
	rules     map[bool]*dnsRuleState // that acted, or nil, over UDP (true) and TCP, if there was a question
}

// ruleOver returns the rule that has acted on the questions over UDP or TCP, or nil, and reports whether there was such a question.
func (l *lookup) ruleOver(udp bool) (rule *dnsRuleState, asked bool) {
	if l == nil {
		return nil, false
	}
	rule, asked = l.rules[udp]
	return rule, asked
}

// lookupKey has the values that the questions of one look-up share.
type lookupKey struct {
	client netip.Addr
	id     uint16 // of a client on a real socket
	name   string
	typ    uint16
}

func (a *asking) key() lookupKey {
	k := lookupKey{client: a.client.Addr(), name: a.name, typ: a.typ}
	if !a.stub {
		k.id = a.id
	}
	return k
}

// patience is the time within which a stub resolver asks again after an answer that is not usable.
const patience = time.Second

// repeated reports whether a question repeats this look-up.
func (l *lookup) repeated(a *asking) bool {
	since := a.time.Sub(l.time)
	switch {
	case l.truncated:
		return !a.udp && since <= patience
	case !l.stub:
		return since <= time.Minute
	case l.asked >= question.Stub.Questions:
		return false
	case l.quiet:
		return since > question.Stub.Timeout-10*time.Millisecond && since <= question.Stub.Timeout+patience
	}
	return since <= patience
}

// noteLookup notes how a look-up went. The internet is locked.
func (n *Internet) noteLookup(a *asking, v verdict, answer *dns.Msg) {
	key := a.key()
	if usable(v.fault, answer) {
		if len(n.pending) > 0 {
			delete(n.pending, key)
		}
		return
	}
	l := n.pending[key]
	if l == nil || !v.repeat {
		l = &lookup{rules: make(map[bool]*dnsRuleState)}
		if n.pending == nil {
			n.pending = make(map[lookupKey]*lookup)
		}
		n.pending[key] = l
	}
	l.time, l.stub, l.rules[a.udp] = a.time.Add(v.delay()), a.stub, v.rule
	l.truncated = a.udp && answer != nil && answer.Truncated
	l.quiet = quiet(v.fault, a.udp)
	if l.quiet {
		l.time = a.time
	}
	if !l.truncated {
		l.asked++
	}
}

// usable reports whether a stub resolver accepts an answer.
func usable(f Fault, answer *dns.Msg) bool {
	switch f {
	case 0, NXDomain, NoData, Truncate, Bogus:
		return answer != nil && !answer.Truncated && (answer.Rcode == dns.RcodeSuccess || answer.Rcode == dns.RcodeNameError)
	}
	return false
}

// quiet reports whether a client continues to wait after a fault.
func quiet(f Fault, udp bool) bool {
	switch f {
	case Silent:
		return true
	case Aborted, WrongID, WrongQuestion, Garbage:
		return udp
	}
	return false
}
