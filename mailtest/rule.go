package mailtest

// Rules: what the server does wrong, and when.

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Rule says what the server does wrong: where, for whom, how often, and what. It is plain data; the
// zero value of a field means that it does not matter. [Server.AddRules] puts rules into force.
//
//	srv.AddRules(
//		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"},
//		mailtest.Rule{At: mailtest.Body, AfterBytes: 4096, Drop: mailtest.Reset},
//		mailtest.Rule{At: mailtest.Greeting, Delay: 6 * time.Minute},
//	)
//
// Rules are tried in the order in which they were added; the first that fits decides the turn. One that has
// been used up is out of the way. Which one has decided a turn is in the transcript, by its number.
// Ready-made ones have names: [Greylist], [UnknownMailbox], [RateLimit] and others.
type Rule struct {
	// At is the stage at which the rule acts. It must be set.
	At Stage

	// Session is the number of the connection, the first being 1.
	Session int

	// Client is the address of the client, or a prefix such as "192.0.2.0/24".
	Client string

	// Helo is the name that the client gave, User the name as which it has authenticated.
	// Letter case does not matter.
	Helo string
	User string

	// Plain and Encrypted bind the rule to connections without and with TLS. Both unset is either.
	Plain     bool
	Encrypted bool

	// Command is how the command line begins, such as "EHLO" at Helo or "XFORWARD" at Unknown.
	// Letter case does not matter.
	Command string

	// From is the sender: an address, "@" and a domain, or "<>" for the null sender. To is such a
	// recipient: at Rcpt that of the command, later any of those accepted; with [Server.LMTP], at
	// Dot, the one who is being answered for. Letter case does not matter.
	From string
	To   string

	// Header and Content, at Dot, are texts in the decoded message: Header in one of its header
	// fields, written as "Subject: 你好", and Content in its text, its HTML or its raw bytes. Header
	// names compare without regard to case.
	Header  string
	Content string

	// Nth is the number of the command among those of its stage on this connection; at Rcpt, among those of
	// the transaction. The first has 1.
	Nth int

	// When has the last word on whether the rule fits. It may be called from several goroutines at once.
	When func(*Attempt) bool

	// Skip is how many turns that fit are let pass first, and Times for how many after them the
	// rule acts. Times 0 is for ever.
	Skip  int
	Times int

	// Begin and For bound the time in which the rule is in force: it begins Begin after it was added,
	// and ends For after that; For 0 is for ever. A rule of [Server.Rules] counts as added when the
	// server is first used.
	Begin time.Duration
	For   time.Duration

	// Must makes the test fail at its end if the rule never acted. [New], and that of a simulated
	// internet, see to it; of other servers [Server.CheckRules] tells. A rule that [Server.Reset]
	// takes away need not act any more.
	Must bool

	// Reply is sent in place of the server's own reply, literally as it stands on the wire, but for
	// its end: a "\n" becomes CRLF, and one is added at the end. Several lines are written as such:
	// "250-mx1.qq.com\n250 SIZE 1000". A reply of the 2xx or 3xx kind replaces that of the server where
	// the server agrees; any other, also one that is no valid reply at all, refuses the command.
	// At Body, it interrupts the message.
	Reply string

	// Raw sends Reply as it is, without adding or changing line ends. It may then be anything.
	Raw bool

	// ReplyFunc makes the reply, in place of Reply. The empty string stands for the server's own. It
	// may be called from several goroutines at once, and must not use the server.
	ReplyFunc func(*Attempt) string

	// Endless repeats the reply for as long as the client reads it. The transcript has it once.
	// Inside a synctest bubble set Pace as well: a client that reads without a pause stops the
	// clock, and with it its own timeout.
	Endless bool

	// Lie sends a positive Reply where the server does not agree, too.
	Lie bool

	// Hide takes lines out of the EHLO reply, each named by its keyword; Add puts lines in, in
	// place of one with the same keyword or else at the end. To reorder lines, or to lie about them
	// altogether, write them all in Reply. The server goes on to understand what is hidden.
	Hide []string
	Add  []string

	// Certificate, at Handshake, is what is wrong with the server's certificate. This rule, and one with
	// MaxTLS or ClientCertificate, never fits a connection that came encrypted to [Server.Serve].
	Certificate CertificateFault

	// MaxTLS, at Handshake, is the newest version that the server speaks, such as [tls.VersionTLS11].
	MaxTLS uint16

	// ClientCertificate, at Handshake, requires a certificate of the test CA from the client.
	ClientCertificate bool

	// Delay is how long the client waits for the reply. That the client goes away meanwhile ends the session
	// at once at Greeting, and at other stages when the delay is over. At Idle, it is how long the
	// client has to be silent for the rule to act.
	Delay time.Duration

	// Pace, if not zero, is the time between each two bytes of the reply.
	Pace time.Duration

	// Drop ends the connection, in place of the reply or, where Reply is set, after it.
	Drop Drop

	// AfterBytes is, at Body, the number of bytes of the message after which the rule acts. At any
	// other stage it goes with Drop: so many bytes of the reply are sent first.
	AfterBytes int64

	// AfterReply goes with Drop: the server's own reply is sent first. It is not for Body, where there
	// is none; with Reply set, the Drop comes after that anyway.
	AfterReply bool

	// Keep, at Dot, keeps a message although its client is not told so: what is lost is the
	// acknowledgement. It goes with a Reply that refuses, or a Drop. A message over the size limit,
	// of which not all is there, is not kept.
	Keep bool

	// Lose, at Dot, loses a message although its client is told that it was accepted. With To, it is
	// lost for those recipients only, and kept for the others, if there are any. It still is in the
	// transcript.
	Lose bool
}

// Drop is a way to end a connection. The zero Drop leaves it open.
type Drop uint8

// The ways to end a connection.
const (
	Close   Drop = iota + 1 // orderly, as by close(2): FIN, over TLS after a close_notify alert
	Cut                     // FIN without close_notify; without TLS the same as Close
	Reset                   // RST
	Silence                 // the connection stays open, and nothing is answered any more
)

// dropNames are the names of the ways to end a connection.
var dropNames = enum.Names{Close: "Close", Cut: "Cut", Reset: "Reset", Silence: "Silence"}

// String returns the name of the way as it is in this package.
func (d Drop) String() string { return dropNames.String("Drop", "no Drop", uint8(d)) }

// MarshalText returns the name of the way, and nothing for the zero Drop. The error says that there
// is no such way.
func (d Drop) MarshalText() ([]byte, error) { return dropNames.Marshal("mailtest: drop", uint8(d)) }

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (d *Drop) UnmarshalText(text []byte) error {
	return dropNames.Unmarshal("mailtest: drop", text, (*uint8)(d))
}

// CertificateFault is something that is wrong with a certificate. The zero CertificateFault is nothing.
type CertificateFault uint8

// What can be wrong with a certificate.
const (
	Expired     CertificateFault = iota + 1 // it was valid until 1971
	NotYetValid                             // it will be valid from 9998 on
	SelfSigned                              // it is its own issuer
	OtherName                               // it is for other.invalid
	UnknownCA                               // its issuer is an authority that nobody knows
)

// certificateFaultNames are the names of what can be wrong with a certificate.
var certificateFaultNames = enum.Names{
	Expired: "Expired", NotYetValid: "NotYetValid", SelfSigned: "SelfSigned", OtherName: "OtherName", UnknownCA: "UnknownCA",
}

// String returns the name of the fault as it is in this package.
func (f CertificateFault) String() string {
	return certificateFaultNames.String("CertificateFault", "no CertificateFault", uint8(f))
}

// MarshalText returns the name of the fault, and nothing for the zero CertificateFault. The error
// says that there is no such fault.
func (f CertificateFault) MarshalText() ([]byte, error) {
	return certificateFaultNames.Marshal("mailtest: certificate fault", uint8(f))
}

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (f *CertificateFault) UnmarshalText(text []byte) error {
	return certificateFaultNames.Unmarshal("mailtest: certificate fault", text, (*uint8)(f))
}

// Attempt is what a client is doing: what the funcs of a [Rule] decide by. It is valid during the call.
type Attempt struct {
	// Stage is what the client has just done, and Session the number of its connection.
	Stage   Stage
	Session int

	// Client is the address of the client, without port.
	Client string

	// Helo and User are who the client says to be and has proved to be.
	Helo string
	User string

	// Encrypted tells whether there is TLS.
	Encrypted bool

	// Command is the command line, with the credentials replaced by "***".
	Command string

	// From is the sender: of this MAIL command, later of the transaction. HasFrom tells the null
	// sender from none.
	From    string
	HasFrom bool

	// To is the recipient of this RCPT command; with LMTP, at Dot, the one who is being answered for.
	To string

	// Silent is, at Idle, how long the client has been silent.
	Silent time.Duration

	// Recipients are those accepted so far.
	Recipients []Recipient

	// Message is, at Dot, the decoded message.
	Message *Message

	// Nth is as in [Rule].
	Nth int

	// Open is how many connections the server has at this moment, this one included. Those that a
	// rule has ended don't count, though their clients may not have noticed yet.
	Open int

	given bool // the connection came with TLS, whose configuration is the caller's
}

// ruleState is a rule in force.
type ruleState struct {
	Rule
	number int // from 1; ofNature for those of Server.Rules
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

// ofNature is the number of all rules of Server.Rules.
const ofNature = -1

// AddRules puts rules into force, after those that are. It panics if one of them makes no sense,
// saying why. It may be called at any time, before the first use of the server too; a turn that has
// begun is not affected.
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

// CheckRules returns an error that names the rules with [Rule.Must] that never acted, those of
// [Server.Rules] first; nil if there are none. It is called at the end of the test for servers that
// were made by [New] or belong to a simulated internet that was made for a test.
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
	state := &ruleState{Rule: r, number: ofNature, begin: time.Now().Add(r.Begin)}
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
	rules, nature := s.state.rules.open(a.Stage), s.nature.open(a.Stage)
	a.Open = s.state.open
	s.state.Unlock()
	for _, some := range [...][]*ruleState{rules, nature} {
		for _, r := range some {
			if !s.usedUp(r) && r.fits(a) && s.use(r) {
				return r
			}
		}
	}
	return nil
}

// books returns the rules of the server's nature and the others. The state is locked.
func (s *Server) books() [2]*ruleBook { return [...]*ruleBook{&s.nature, &s.state.rules} }

// hasRules reports whether there are any rules, and hasRulesAt whether there are some at a stage.
func (s *Server) hasRules() bool {
	s.state.Lock()
	defer s.state.Unlock()
	return len(s.nature.all)+len(s.state.rules.all) > 0
}

func (s *Server) hasRulesAt(stage Stage) bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.nature.stages[stage] != nil || s.state.rules.stages[stage] != nil
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

// usedUp tells whether a rule has acted as often as it may.
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

// fits tells whether a rule is for this attempt, but for how often.
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

// hasPrefixFold tells whether s begins with prefix, without regard to case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// matchAddress compares an address with one of a rule: an address, "@domain" or "<>".
func matchAddress(pattern, address string) bool {
	if pattern == "<>" {
		return address == ""
	}
	pattern, address = asciiDomain(pattern), asciiDomain(address)
	if strings.HasPrefix(pattern, "@") {
		i := strings.LastIndexByte(address, '@')
		return i >= 0 && strings.EqualFold(address[i:], pattern)
	}
	return strings.EqualFold(pattern, address)
}

// asciiDomain returns an address with the A-labels of its domain (RFC 5890 §2.3.2.1), which stand for
// the same host as labels in Unicode. A domain that has none is left as it is.
func asciiDomain(address string) string {
	i := strings.LastIndexByte(address, '@') + 1
	if !strings.ContainsFunc(address[i:], func(r rune) bool { return r >= 0x80 }) {
		return address
	}
	if domain, err := idna.Lookup.ToASCII(address[i:]); err == nil {
		return address[:i] + domain
	}
	return address
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
