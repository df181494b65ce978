package mailtest

// The rules in force, and the choice of the rule that decides a turn.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest/internal/rulebook"
)

// ruleState is a rule in force.
type ruleState = rulebook.Entry[Rule]

// standingRule is the number of all rules of Server.Rules.
const standingRule = -1

// ruleBook holds rules in force.
type ruleBook = rulebook.Book[Rule]

// AddRules puts rules into force, after those that already are. It panics, saying why, if one of them makes no
// sense. It may be called at any time, also before the server is first used. It does not affect a turn that has
// begun.
func (s *Server) AddRules(rules ...Rule) {
	rules = cloneRules(rules)
	mustMakeSense(rules, "of this call")
	s.mustBeSettled()
	for _, r := range rules {
		s.rules.Add(r, uint8(r.At), 0, r.limits())
	}
}

// RemoveRules takes the rules of [Server.AddRules] out of force. Those with [Rule.Must] need not act any more. It
// does not affect a turn that has begun.
func (s *Server) RemoveRules() {
	s.rules.Clear()
}

// Rule returns the rule of [Server.AddRules] with the number that [Turn.Rule] has, and whether it is still in force. Numbers are
// not used again.
func (s *Server) Rule(number int) (rule Rule, ok bool) { return s.rules.Rule(number) }

// CheckRules returns an error that names the rules with [Rule.Must] that have never acted, those of
// [Server.Rules] first, or nil if there are none. At the end of a test it is called for the servers that [New]
// has made, and for those of a simulated internet that was made for the test.
func (s *Server) CheckRules() error {
	s.prepare()
	var errs []error
	for _, book := range [...]*ruleBook{&s.standing, &s.rules} {
		for _, r := range book.Unused() {
			if r.Must {
				errs = append(errs, fmt.Errorf("mailtest: a rule at %v that must act never did: %s", r.At, r.describe()))
			}
		}
	}
	return errors.Join(errs...)
}

// describe returns a short description of the rule, for the text of a failure.
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

// mustMakeSense panics if one of some rules makes no sense.
func mustMakeSense(rules []Rule, whose string) {
	for i, r := range rules {
		if err := r.check(); err != nil {
			panic(fmt.Sprintf("mailtest: rule %d %s: %v", i+1, whose, err))
		}
	}
}

// limits returns how often and when the rule may act.
func (r *Rule) limits() rulebook.Limits {
	return rulebook.Limits{Skip: r.Skip, Times: r.Times, Begin: r.Begin, For: r.For}
}

// literal returns a reply as the bytes that go over the wire.
func (r *Rule) literal(reply string) []byte {
	if r.Raw {
		return []byte(reply)
	}
	return literal(reply)
}

// literal returns a text with "\n" as the bytes that go over the wire.
func literal(reply string) []byte {
	reply = strings.ReplaceAll(strings.TrimSuffix(reply, "\n"), "\r\n", "\n")
	return []byte(strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n")
}

// rule returns the first rule that matches, and counts a use of it, or returns nil. A rule about the handshake does
// not match a connection that came with TLS of its own, which given reports.
func (s *Server) rule(a *Attempt, given bool) *ruleState {
	s.state.Lock()
	a.Open = s.state.open
	s.state.Unlock()
	matches := func(r *ruleState) bool { return !(given && r.Rule.changesTLS()) && r.Rule.Matches(a) }
	if r := s.rules.Use(uint8(a.Stage), matches); r != nil {
		return r
	}
	return s.standing.Use(uint8(a.Stage), matches)
}

// hasRules reports whether there are any rules, and hasRulesAt whether there are any at a stage.
func (s *Server) hasRules() bool { return !s.standing.Empty() || !s.rules.Empty() }

func (s *Server) hasRulesAt(stage Stage) bool {
	return s.standing.Has(uint8(stage)) || s.rules.Has(uint8(stage))
}

// unuse takes back the last use of a rule.
func (s *Server) unuse(r *ruleState) {
	if r.Number == standingRule {
		s.standing.Unuse(r)
	} else {
		s.rules.Unuse(r)
	}
}

// patience returns the shortest silence, longer than the given one, that a rule waits for, or 0.
func (s *Server) patience(silent time.Duration) time.Duration {
	var shortest time.Duration
	for _, r := range slices.Concat(s.rules.Open(uint8(Idle)), s.standing.Open(uint8(Idle))) {
		if delay := r.Rule.Delay; delay > silent && (shortest == 0 || delay < shortest) {
			shortest = delay
		}
	}
	return shortest
}

// action translates a rule into the terms of package wire.
func action(state *ruleState, a *Attempt) wire.Action {
	r := &state.Rule
	act := wire.Action{
		Endless: r.Endless, Lie: r.Lie, Delay: r.Delay, Pace: r.Pace,
		Drop: wire.Drop(r.Drop), After: r.AfterBytes, Rule: state.Number,
	}
	if r.AfterReply && r.AfterBytes == 0 {
		act.After = math.MaxInt64
	}
	if r.Reply != "" {
		act.Reply = r.literal(r.Reply)
	}
	if r.ReplyFunc != nil {
		if reply := r.ReplyFunc(a); reply != "" {
			act.Reply = r.literal(reply)
		}
	}
	return act
}

// The ways to end a connection, and to treat a bare LF, have the same numbers here and in internal/wire.
var (
	_ = [1]int{}[uint8(Close)^uint8(wire.Close)|uint8(Cut)^uint8(wire.Cut)|uint8(Reset)^uint8(wire.Reset)|uint8(Silence)^uint8(wire.Hang)]
	_ = [1]int{}[uint8(KeepLF)^uint8(wire.KeepLF)|uint8(RefuseLF)^uint8(wire.RefuseLF)|uint8(EndLF)^uint8(wire.EndLF)]
)

// edit changes the lines of an EHLO reply.
func (r *Rule) edit(lines []string) []string {
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

// changesTLS reports whether the rule changes the handshake.
func (r *Rule) changesTLS() bool {
	return r.Certificate != 0 || r.MaxTLS != 0 || r.ClientCertificate
}

// tlsConfig returns the configuration for a handshake that the rule changes.
func (r *Rule) tlsConfig(s *Server) (*tls.Config, error) {
	cfg, err := s.serverTLS()
	if err != nil {
		return nil, err
	}
	special := testca.Handshake{Fault: testca.Fault(r.Certificate), MaxTLS: r.MaxTLS, ClientCertificate: r.ClientCertificate}
	cfg, err = special.Config(cfg, s.certificateNames()...)
	if err != nil {
		return nil, fmt.Errorf("mailtest: certificate for %s: %w", s.name(), err)
	}
	return cfg, nil
}
