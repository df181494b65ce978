package mailtest

// The rules in force: which of them decides a turn, and how often it may.

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// ruleState is a rule in force.
type ruleState struct {
	Rule
	number int // from 1; standingRule for those of Server.Rules
	prefix netip.Prefix
	reply  []byte
	begin  time.Time
	end    time.Time // zero: never
	seen   int       // turns that fitted

	peers *stageRules // those of its stage
	place int         // among them
}

// ruleBook holds rules in force in the order in which they were added. The zero value has none. Whoever
// holds the lock may use it.
type ruleBook struct {
	all    []*ruleState
	stages map[Stage]*stageRules
}

// stageRules are the rules of a stage. Those before the first are used up: a test may add a hundred
// thousand that act once each.
type stageRules struct {
	rules []*ruleState // append-only
	first int
}

func (b *ruleBook) add(r *ruleState) {
	if b.stages == nil {
		b.stages = make(map[Stage]*stageRules)
	}
	peers := b.stages[r.At]
	if peers == nil {
		peers = new(stageRules)
		b.stages[r.At] = peers
	}
	r.peers, r.place = peers, len(peers.rules)
	peers.rules = append(peers.rules, r)
	b.all = append(b.all, r)
}

// open returns the rules of a stage that may still act, and perhaps some that are used up among them.
func (b *ruleBook) open(stage Stage) []*ruleState {
	peers := b.stages[stage]
	if peers == nil {
		return nil
	}
	for peers.first < len(peers.rules) && peers.rules[peers.first].usedUp() {
		peers.first++
	}
	return peers.rules[peers.first:]
}

// standingRule is the number of all rules of Server.Rules.
const standingRule = -1

// AddRules puts rules into force, after those that already are. It panics, saying why, if one of them makes no
// sense. It may be called at any time, also before the server is first used. It does not affect a turn that has
// begun.
func (s *Server) AddRules(rules ...Rule) {
	states := newRuleStates(cloneRules(rules), "of this call")
	s.mustBeSettled()
	s.state.Lock()
	defer s.state.Unlock()
	for _, r := range states {
		r.number = len(s.state.rules.all) + 1
		s.state.rules.add(r)
	}
}

// RemoveRules takes the rules of [Server.AddRules] out of force. Those with [Rule.Must] need not act any more. It
// does not affect a turn that has begun.
func (s *Server) RemoveRules() {
	s.state.Lock()
	defer s.state.Unlock()
	s.state.rules = ruleBook{}
}

// CheckRules returns an error that names the rules with [Rule.Must] that have never acted, those of
// [Server.Rules] first, or nil if there are none. At the end of a test it is called for the servers that [New]
// has made, and for those of a simulated internet that was made for the test.
func (s *Server) CheckRules() error {
	s.prepare()
	s.state.Lock()
	defer s.state.Unlock()
	var errs []error
	for _, book := range s.books() {
		for _, r := range book.all {
			if r.Must && r.unused() {
				errs = append(errs, fmt.Errorf("mailtest: a rule at %v that must act never did: %s", r.At, r.describe()))
			}
		}
	}
	return errors.Join(errs...)
}

// describe names the rule by what it does, for the text of a failure.
func (r *Rule) describe() string {
	switch {
	case r.Reply != "":
		return strconv.Quote(r.Reply)
	case r.Drop != 0:
		return r.Drop.String()
	case r.Delay != 0:
		return "a delay of " + r.Delay.String()
	}
	return "no reply of its own"
}

// newRuleStates checks and prepares rules. It panics if one of them makes no sense.
func newRuleStates(rules []Rule, whose string) []*ruleState {
	states := make([]*ruleState, len(rules))
	for i, r := range rules {
		if err := r.check(); err != nil {
			panic(fmt.Sprintf("mailtest: rule %d %s: %v", i+1, whose, err))
		}
		states[i] = newRuleState(r)
	}
	return states
}

// newRuleState prepares a rule that was checked.
func newRuleState(r Rule) *ruleState {
	state := &ruleState{Rule: r, number: standingRule, begin: time.Now().Add(r.Begin)}
	if r.For > 0 {
		state.end = state.begin.Add(r.For)
	}
	if r.Client != "" {
		state.prefix, _ = ipprefix.Parse(r.Client)
	}
	if r.Reply != "" {
		state.reply = r.literal(r.Reply)
	}
	return state
}

// literal turns a reply into what goes over the wire.
func (r *Rule) literal(reply string) []byte {
	if r.Raw {
		return []byte(reply)
	}
	return literal(reply)
}

// literal turns a text with "\n" into what goes over the wire.
func literal(reply string) []byte {
	reply = strings.ReplaceAll(strings.TrimSuffix(reply, "\n"), "\r\n", "\n")
	return []byte(strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n")
}

// rule returns the first rule that fits and counts it, or nil. The funcs of rules are called
// without the lock.
func (s *Server) rule(a *Attempt) *ruleState {
	s.state.Lock()
	rules, standing := s.state.rules.open(a.Stage), s.standing.open(a.Stage)
	a.Open = s.state.open
	s.state.Unlock()
	for _, some := range [...][]*ruleState{rules, standing} {
		for _, r := range some {
			if !s.usedUp(r) && r.fits(a) && s.use(r) {
				return r
			}
		}
	}
	return nil
}

// books returns the standing rules of the server and the others. The state is locked.
func (s *Server) books() [2]*ruleBook { return [...]*ruleBook{&s.standing, &s.state.rules} }

// hasRules reports whether there are any rules, and hasRulesAt whether there are some at a stage.
func (s *Server) hasRules() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return len(s.standing.all)+len(s.state.rules.all) > 0
}

func (s *Server) hasRulesAt(stage Stage) bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.standing.stages[stage] != nil || s.state.rules.stages[stage] != nil
}

// patience is the shortest silence beyond one of the given length that a rule waits for, or 0.
func (s *Server) patience(silent time.Duration) time.Duration {
	s.state.Lock()
	defer s.state.Unlock()
	var shortest time.Duration
	for _, book := range s.books() {
		for _, r := range book.open(Idle) {
			if r.Delay > silent && (shortest == 0 || r.Delay < shortest) {
				shortest = r.Delay
			}
		}
	}
	return shortest
}

// usedUp reports whether a rule has acted as often as it may.
func (s *Server) usedUp(r *ruleState) bool {
	s.state.Lock()
	defer s.state.Unlock()
	return r.usedUp()
}

// use counts a turn that a rule fits, and reports whether it acts. Meanwhile another connection may
// have used it up.
func (s *Server) use(r *ruleState) bool {
	s.state.Lock()
	defer s.state.Unlock()
	if r.usedUp() {
		return false
	}
	r.seen++
	return r.seen > r.Skip
}

// unuse takes back the last use of a rule.
func (s *Server) unuse(r *ruleState) {
	s.state.Lock()
	defer s.state.Unlock()
	r.seen--
	r.peers.first = min(r.peers.first, r.place)
}

// usedUp and unused are for whoever holds the lock.
func (r *ruleState) usedUp() bool { return r.Times > 0 && r.seen >= r.Skip+r.Times }

func (r *ruleState) unused() bool { return r.seen <= r.Skip }

// fits reports whether a rule is for this attempt, but for how often.
func (r *ruleState) fits(a *Attempt) bool {
	switch {
	case !r.inForce(),
		r.At == Idle && r.Delay != a.Silent,
		r.changesTLS() && a.given,
		r.Session != 0 && r.Session != a.Session,
		r.Client != "" && !ipprefix.Contains(r.prefix, a.Client),
		r.Helo != "" && !strings.EqualFold(r.Helo, a.Helo),
		r.User != "" && !strings.EqualFold(r.User, a.User),
		r.Plain && a.Encrypted, r.Encrypted && !a.Encrypted,
		r.Command != "" && !hasPrefixFold(a.Command, r.Command),
		r.From != "" && !(a.HasFrom && matchAddress(r.From, a.From)),
		r.To != "" && !r.fitsTo(a),
		r.Nth != 0 && r.Nth != a.Nth,
		r.Header != "" && !r.fitsHeader(a.Message),
		r.Content != "" && !r.fitsContent(a.Message):
		return false
	}
	return r.When == nil || r.When(a)
}

// inForce reports whether the rule has begun and not ended.
func (r *ruleState) inForce() bool {
	if r.Begin == 0 && r.For == 0 {
		return true
	}
	now := time.Now()
	return !now.Before(r.begin) && (r.end.IsZero() || now.Before(r.end))
}

func (r *ruleState) fitsTo(a *Attempt) bool {
	if a.To != "" || a.Stage == Rcpt {
		return matchAddress(r.To, a.To)
	}
	return slices.ContainsFunc(a.Recipients, func(rcpt Recipient) bool { return matchAddress(r.To, rcpt.Address) })
}

func (r *ruleState) fitsHeader(m *Message) bool {
	if m == nil {
		return false
	}
	name, value, _ := strings.Cut(r.Header, ":")
	value = strings.TrimSpace(value)
	return slices.ContainsFunc(m.GetAll(name), func(v string) bool { return strings.Contains(v, value) })
}

func (r *ruleState) fitsContent(m *Message) bool {
	return m != nil && (strings.Contains(m.Text, r.Content) || strings.Contains(m.HTML, r.Content) ||
		bytes.Contains(m.Raw, []byte(r.Content)))
}

// action is what the wire shall do for a rule.
func (r *ruleState) action(a *Attempt) wire.Action {
	act := wire.Action{
		Reply: r.reply, Endless: r.Endless, Lie: r.Lie, Delay: r.Delay, Pace: r.Pace,
		Drop: wire.Drop(r.Drop), After: r.AfterBytes, Rule: r.number,
	}
	if r.AfterReply && r.AfterBytes == 0 {
		act.After = math.MaxInt64
	}
	if r.ReplyFunc != nil {
		if reply := r.ReplyFunc(a); reply != "" {
			act.Reply = r.literal(reply)
		}
	}
	return act
}

// edit changes the lines of an EHLO reply.
func (r *ruleState) edit(lines []string) []string {
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(r.Hide, func(hide string) bool { return strings.EqualFold(hide, firstWord(line)) })
	})
	for _, add := range r.Add {
		same := func(line string) bool { return strings.EqualFold(firstWord(line), firstWord(add)) }
		if i := slices.IndexFunc(lines, same); i >= 0 {
			lines[i] = add
		} else {
			lines = append(lines, add)
		}
	}
	return lines
}

// changesTLS reports whether the rule has something to say about the handshake.
func (r *ruleState) changesTLS() bool {
	return r.Certificate != 0 || r.MaxTLS != 0 || r.ClientCertificate
}

// tlsConfig returns the configuration for a handshake of which the rule decides.
func (r *ruleState) tlsConfig(s *Server) (*tls.Config, error) {
	cfg, err := s.serverTLS()
	if err != nil {
		return nil, err
	}
	cfg = cfg.Clone()
	if r.MaxTLS != 0 {
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, r.MaxTLS
	}
	if r.ClientCertificate {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, testca.Pool()
	}
	if r.Certificate != 0 {
		cert, err := r.Certificate.issue(s.name())
		if err != nil {
			return nil, err
		}
		cfg.Certificates, cfg.GetCertificate, cfg.GetConfigForClient = []tls.Certificate{*cert}, nil, nil
	}
	return cfg, nil
}
