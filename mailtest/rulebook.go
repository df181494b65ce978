package mailtest

// The rules in force, the choice of the rule that decides a turn, and the refusal of rules that make no sense.

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/ruletext"
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
	silent := false
	for _, r := range rules {
		s.rules.Add(r, uint8(r.At), 0, r.limits())
		silent = silent || r.At == Idle
	}
	if silent {
		s.hurry()
	}
}

// hurry makes the rules at Idle that were just added apply to clients that are silent already.
func (s *Server) hurry() {
	s.state.Lock()
	conns := s.liveConns()
	s.state.Unlock()
	for _, c := range conns {
		c.Hurry()
	}
}

// RemoveRules takes the rules of [Server.AddRules] out of force. Those with [Rule.Must] need not act any more. It
// does not affect a turn that has begun.
func (s *Server) RemoveRules() {
	s.rules.Clear()
}

// Rule returns the rule of [Server.AddRules] with the given number, as in [Turn.Rule], and reports whether there is one that
// was not removed. Numbers are not used again.
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
				r.Must = false // the text says so
				errs = append(errs, fmt.Errorf("mailtest: a rule that must act never did: %s", ruletext.Describe(r)))
			}
		}
	}
	return errors.Join(errs...)
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

// rule returns the first rule that matches, or nil, and counts a use of it, unless the rule waits for its byte of a message. A rule
// about the handshake does not match a connection that came with TLS of its own, which given reports. In the middle of a message,
// of which so many bytes were reached, only a rule matches that need not wait.
func (s *Server) rule(a *Attempt, given bool, reached int64) *ruleState {
	matches := func(r *ruleState) bool {
		return !(given && r.Rule.changesTLS()) && (reached == 0 || r.Rule.AfterBytes <= reached) && r.Rule.Matches(a)
	}
	later := func(r *ruleState) bool { return reached == 0 && r.Rule.waits() }
	if r := s.rules.Find(uint8(a.Stage), matches, later); r != nil {
		return r
	}
	return s.standing.Find(uint8(a.Stage), matches, later)
}

// acts counts a rule whose byte has come, and reports whether it acts.
func (s *Server) acts(r *ruleState) bool {
	if r.Number == standingRule {
		return s.standing.Act(r)
	}
	return s.rules.Act(r)
}

// hasRules reports whether there are any rules, and hasRulesAt whether there are any at a stage.
func (s *Server) hasRules() bool { return !s.standing.Empty() || !s.rules.Empty() }

func (s *Server) hasRulesAt(stage Stage) bool {
	return s.standing.Has(uint8(stage)) || s.rules.Has(uint8(stage))
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

// check returns an error if a rule of an SMTP server makes no sense.
func (r *Rule) check() error {
	switch {
	case stageNames.Valid(uint8(r.At)) && r.At > lastStage:
		return fmt.Errorf("At is %v, a stage of POP3 or IMAP; an SMTP server never comes to it", r.At)
	case r.At == 0 || r.At > lastStage:
		return errors.New("At is not a stage; say where the rule acts, such as mailtest.Rcpt")
	}
	return errors.Join(r.checkFields(), r.checkReply(), r.Validate())
}

// Validate returns an error if the rule contradicts itself or lacks something. It does not check the syntax of the
// reply and the fields that a stage allows, which depend on the protocol; a server checks those when the rule is
// added.
func (r Rule) Validate() error {
	return errors.Join(r.checkWhom(), r.checkNumbers(), r.checkEffect())
}

// checkFields returns an error if a field has no meaning at the stage of the rule.
func (r *Rule) checkFields() error {
	only := func(set bool, field string, stage Stage) error {
		if !set || r.At == stage {
			return nil
		}
		return fmt.Errorf("%s at %v means nothing; it is for At: mailtest.%v", field, r.At, stage)
	}
	never := func(set bool, field, why string, stages ...Stage) error {
		if !set || !slices.Contains(stages, r.At) {
			return nil
		}
		return fmt.Errorf("%s at %v never fits: %s", field, r.At, why)
	}
	return errors.Join(
		only(r.Header != "", "Header", Dot),
		only(r.Content != "", "Content", Dot),
		only(r.Keep, "Keep", Dot),
		only(r.Lose, "Lose", Dot),
		only(r.Hide != nil, "Hide", Helo),
		only(r.Add != nil, "Add", Helo),
		only(r.Certificate != 0, "Certificate", Handshake),
		only(r.MaxTLS != 0, "MaxTLS", Handshake),
		only(r.ClientCertificate, "ClientCertificate", Handshake),
		never(r.Command != "", "Command", "the client has sent no command there", Greeting, Handshake, Body, Dot, Idle),
		never(r.Helo != "", "Helo", "the client has not said its name yet", Greeting),
		never(r.User != "", "User", "nobody has authenticated yet", Greeting, Handshake),
		never(r.Encrypted, "Encrypted", "TLS begins after it", Handshake),
		never(r.From != "", "From", "there is no sender before MAIL", Greeting, Handshake, Helo, StartTLS, Auth, AuthStep),
		never(r.To != "", "To", "there is no recipient before RCPT", Greeting, Handshake, Helo, StartTLS, Auth, AuthStep, Mail),
		never(r.Nth > 1, "Nth", "each connection has one greeting; for the n-th connection set Session", Greeting),
	)
}

// checkWhom checks the addresses.
func (r *Rule) checkWhom() error {
	if r.Client != "" {
		if _, err := ipprefix.Parse(r.Client); err != nil {
			return fmt.Errorf("Client %w", err)
		}
	}
	switch {
	case strings.ContainsAny(r.From, "<> ") && r.From != "<>":
		return fmt.Errorf("From %q: write \"bob@qq.com\", \"@qq.com\" or \"<>\"", r.From)
	case strings.ContainsAny(r.To, "<> "):
		return fmt.Errorf("To %q: write \"bob@qq.com\" or \"@qq.com\"", r.To)
	case isDomain(r.From):
		return fmt.Errorf("From %[1]q is not an address; for all senders of that domain, write \"@%[1]s\"", r.From)
	case isDomain(r.To):
		return fmt.Errorf("To %[1]q is not an address; for all recipients in that domain, write \"@%[1]s\"", r.To)
	case r.Plain && r.Encrypted:
		return errors.New("Plain and Encrypted contradict each other; leave both out for all connections")
	case r.Header != "" && !strings.Contains(r.Header, ":"):
		return fmt.Errorf("Header %q has no colon; write \"Subject: some words of it\"", r.Header)
	}
	return nil
}

// isDomain reports whether a text is a domain where an address is expected.
func isDomain(text string) bool { return strings.Contains(text, ".") && !strings.Contains(text, "@") }

// checkNumbers checks the numbers and the enumerations.
func (r *Rule) checkNumbers() error {
	switch {
	case r.Drop > Silence:
		return fmt.Errorf("Drop is %d; use Close, Cut, Reset or Silence", r.Drop)
	case r.Certificate > UnknownCA:
		return fmt.Errorf("Certificate is %d; use Expired, NotYetValid, SelfSigned, OtherName or UnknownCA", r.Certificate)
	case r.MaxTLS != 0 && (r.MaxTLS < tls.VersionTLS10 || r.MaxTLS > tls.VersionTLS13):
		return fmt.Errorf("MaxTLS is %#04x; use tls.VersionTLS10 to tls.VersionTLS13", r.MaxTLS)
	}
	return ruletext.CheckNumbers(*r)
}

// checkReply checks that the reply is well-formed, and that it is ever sent.
func (r *Rule) checkReply() error {
	if r.Reply == "" || r.ReplyFunc != nil {
		return nil
	}
	if !r.Raw && r.At != Handshake {
		if err := r.checkSyntax(); err != nil {
			return err
		}
	}
	kind := Turn{Reply: r.Reply}.Code() / 100
	if kind != 2 && kind != 3 || r.Lie {
		return nil
	}
	switch r.At {
	case Handshake, Body, Idle: // the server has no reply of its own there
	case Unknown:
		return fmt.Errorf("%q is never sent: a positive reply takes the place of the server's own, which refuses "+
			"the command; set Lie to send it anyway", r.Reply)
	case Auth, AuthStep: // either
	case Data:
		if kind != 3 {
			return fmt.Errorf("%q is never sent: the server's own reply to DATA is 354; set Lie to send it anyway", r.Reply)
		}
	default:
		if kind != 2 {
			return fmt.Errorf("%q is never sent: the server's own reply at %v is of the 2xx kind; set Lie to send it anyway",
				r.Reply, r.At)
		}
	}
	return nil
}

// checkSyntax checks the syntax of the reply (RFC 5321 §4.2).
func (r *Rule) checkSyntax() error {
	const raw = "; to send something malformed, set Raw and write it with all of its line ends"
	lines := strings.Split(strings.TrimSuffix(r.Reply, "\n"), "\n")
	code := Turn{Reply: r.Reply}.Code()
	if code < 200 || code > 599 {
		return fmt.Errorf("Reply %q does not begin with a code; write \"450 4.7.1 Try again later\"%s", r.Reply, raw)
	}
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		last := i == len(lines)-1
		switch {
		case !strings.HasPrefix(line, r.Reply[:3]):
			return fmt.Errorf("line %d of Reply is %q; each line begins with the same code, here %d%s", i+1, line, code, raw)
		case len(line) > 3 && line[3] != ' ' && line[3] != '-':
			return fmt.Errorf("line %d of Reply is %q; after the code comes a space, or a hyphen if there are more lines%s", i+1, line, raw)
		case !last && (len(line) == 3 || line[3] != '-'):
			return fmt.Errorf("line %d of Reply is %q, but there are more; write \"%d-\"%s", i+1, line, code, raw)
		case last && len(line) > 3 && line[3] == '-' && !r.Endless:
			return fmt.Errorf("the last line of Reply is %q, which promises more; write \"%d \"%s", line, code, raw)
		}
	}
	return nil
}

// checkEffect checks that the rule has an effect, and that its effects do not contradict each other.
func (r *Rule) checkEffect() error {
	replies := r.Reply != "" || r.ReplyFunc != nil
	kind := Turn{Reply: r.Reply}.Code() / 100
	switch {
	case r.Reply != "" && r.ReplyFunc != nil:
		return errors.New("Reply and ReplyFunc are both set; keep one")
	case r.Raw && !replies:
		return errors.New("Raw without a Reply: write the bytes to send")
	case r.Lie && !replies:
		return errors.New("Lie without a Reply: write the reply to send")
	case r.Endless && !replies:
		return errors.New("Endless without a Reply: write the line to repeat, such as \"250-and more\"")
	case r.Endless && (r.Drop != 0 || r.AfterBytes != 0):
		return errors.New("Endless never comes to Drop, nor to AfterBytes; leave them out")
	case r.Keep && r.Lose:
		return errors.New("Keep and Lose contradict each other")
	case r.Keep && r.Drop == 0 && r.ReplyFunc == nil && (r.Reply == "" || kind == 2):
		return errors.New("Keep, and the client is told so: it is for a Reply that refuses, or a Drop")
	case r.Lose && (r.Reply != "" && kind != 2 || r.Reply == "" && r.Drop != 0 && r.AfterBytes == 0 && !r.AfterReply):
		return errors.New("Lose, and the client is not told that the message was accepted; leave Lose out")
	case r.At == Idle && r.Delay == 0:
		return errors.New("Idle needs a Delay: how long the client has to be silent")
	case r.At == Idle && !replies && r.Drop == 0:
		return errors.New("Idle needs a Reply or a Drop")
	case r.AfterBytes > 0 && r.At != Body && r.Drop == 0:
		return fmt.Errorf("AfterBytes at %v counts the bytes of the reply before a Drop, and there is no Drop", r.At)
	case r.AfterReply && r.At == Body:
		return errors.New("AfterReply is not for Body; write At: mailtest.Dot")
	case r.AfterReply && r.Drop == 0:
		return fmt.Errorf("AfterReply at %v without a Drop", r.At)
	case r.AfterReply && r.AfterBytes != 0:
		return errors.New("AfterBytes and AfterReply contradict each other; keep one")
	case r.Pace != 0 && !replies && (r.At == Body || r.At == Handshake):
		return fmt.Errorf("Pace at %v without a Reply: there are no bytes of the server's own to pace", r.At)
	case !replies && r.Drop == 0 && r.Delay == 0 && r.Pace == 0 && !r.Lose && len(r.Hide) == 0 && len(r.Add) == 0 &&
		r.Certificate == 0 && r.MaxTLS == 0 && !r.ClientCertificate:
		return fmt.Errorf("the rule at %v does nothing; set Reply, Delay, Drop or another field that says what happens", r.At)
	}
	return nil
}
