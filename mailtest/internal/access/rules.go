package access

// The rules in force, and the checks of a rule against a protocol.

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/ruletext"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/rulebook"
)

// rule is a rule in force.
type rule = rulebook.Entry[mailtest.Rule]

// standingRule is the number of all rules of the settings.
const standingRule = -1

func limits(r *mailtest.Rule) rulebook.Limits {
	return rulebook.Limits{Skip: r.Skip, Times: r.Times, Begin: r.Begin, For: r.For}
}

// AddRules puts rules into force. It panics, saying why, if one of them makes no sense.
func (s *Server) AddRules(rules ...mailtest.Rule) {
	s.mustMakeSense(rules, "of this call")
	silent := false
	for _, r := range rules {
		s.rules.Add(r, uint8(r.At), 0, limits(&r))
		silent = silent || r.At == mailtest.Idle
	}
	if silent {
		s.hurry()
	}
}

// hurry makes the rules at Idle that were just added apply to clients that are silent already.
func (s *Server) hurry() {
	s.mu.Lock()
	conns := slices.Collect(maps.Keys(s.live))
	s.mu.Unlock()
	for _, c := range conns {
		c.hurry()
	}
}

// RemoveRules takes the rules of AddRules out of force.
func (s *Server) RemoveRules() { s.rules.Clear() }

// Rule returns the rule of AddRules with a number, and whether it is still in force.
func (s *Server) Rule(number int) (rule mailtest.Rule, ok bool) { return s.rules.Rule(number) }

// CheckRules returns an error that names the rules with Must that have never acted, or nil.
func (s *Server) CheckRules() error {
	var errs []error
	for _, book := range [...]*rulebook.Book[mailtest.Rule]{&s.standing, &s.rules} {
		for _, r := range book.Unused() {
			if r.Must {
				r.Must = false // the text says so
				errs = append(errs, fmt.Errorf("%s: a rule that must act never did: %s", s.protocol.Name, ruletext.Describe(r)))
			}
		}
	}
	return errors.Join(errs...)
}

func (s *Server) mustMakeSense(rules []mailtest.Rule, whose string) {
	for i := range rules {
		if err := s.protocol.check(&rules[i]); err != nil {
			panic(fmt.Sprintf("%s: rule %d %s: %v", s.protocol.Name, i+1, whose, err))
		}
	}
}

// ParseRule reads a rule from a line of text, as [mailtest.Rule.UnmarshalText] does for SMTP.
func (p *Protocol) ParseRule(text []byte) (mailtest.Rule, error) {
	var r mailtest.Rule
	err := ruletext.Unmarshal(text, &r)
	if err == nil {
		err = p.check(&r)
	}
	if err != nil {
		return mailtest.Rule{}, fmt.Errorf("%s: rule: %w", p.Name, err)
	}
	return r, nil
}

// check returns an error if the rule makes no sense.
func (p *Protocol) check(r *mailtest.Rule) error {
	if !slices.Contains(p.Stages, r.At) {
		if r.At == 0 {
			return fmt.Errorf("At is not a stage; say where the rule acts, such as %v", p.Stages[len(p.Stages)-1])
		}
		return fmt.Errorf("At is %v, to which a server of package %s never comes", r.At, p.Name)
	}
	errs := []error{p.checkFields(r)}
	if r.Reply != "" && !r.Raw && r.At != mailtest.Handshake {
		errs = append(errs, p.CheckReply(r.At, r.Reply))
	}
	return errors.Join(append(errs, r.Validate())...)
}

// checkFields returns an error if a field has no meaning for the protocol, or at the stage.
func (p *Protocol) checkFields(r *mailtest.Rule) error {
	var errs []error
	for _, field := range []struct {
		set  bool
		name string
	}{
		{r.Helo != "", "Helo"}, {r.From != "", "From"}, {r.To != "", "To"}, {r.Header != "", "Header"}, {r.Content != "", "Content"},
		{r.Hide != nil, "Hide"}, {r.Add != nil, "Add"}, {r.Keep, "Keep"},
	} {
		if field.set {
			errs = append(errs, fmt.Errorf("%s means nothing to %s; it is for SMTP", field.name, p.Name))
		}
	}
	if r.Lose && !slices.Contains(p.Lose, r.At) {
		errs = append(errs, fmt.Errorf("Lose at %v means nothing; it is for %v", r.At, p.Lose))
	}
	if r.At != mailtest.Handshake && (r.Certificate != 0 || r.MaxTLS != 0 || r.ClientCertificate) {
		errs = append(errs, fmt.Errorf("Certificate, MaxTLS and ClientCertificate at %v mean nothing; they are for At: mailtest.Handshake", r.At))
	}
	return errors.Join(errs...)
}

// rule returns the first rule that matches and counts a use of it, or returns nil. Command may also be the
// beginning of the text after a tag.
func (s *Server) rule(tag string, a *mailtest.Attempt) *rule {
	if s.rules.Empty() && s.standing.Empty() {
		return nil
	}
	untagged := *a
	tagged := false
	if tag != "" {
		untagged.Command, tagged = strings.CutPrefix(a.Command, tag+" ")
	}
	matches := func(r *rule) bool {
		return r.Rule.Matches(a) || tagged && r.Rule.Command != "" && r.Rule.Matches(&untagged)
	}
	if r := s.rules.Use(uint8(a.Stage), matches); r != nil {
		return r
	}
	return s.standing.Use(uint8(a.Stage), matches)
}

// patience returns the shortest silence, longer than the given one, that a rule waits for, or 0.
func (s *Server) patience(silent time.Duration) time.Duration {
	var shortest time.Duration
	for _, r := range slices.Concat(s.rules.Open(uint8(mailtest.Idle)), s.standing.Open(uint8(mailtest.Idle))) {
		if delay := r.Rule.Delay; delay > silent && (shortest == 0 || delay < shortest) {
			shortest = delay
		}
	}
	return shortest
}
