package mailtest

// Rules: what the server does wrong, and when.

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// Rule says what the server does wrong: where, for whom, how often, and what. It is plain data; the zero value of a
// field means that it does not matter. [Server.AddRules] puts rules into force.
//
//	srv.AddRules(
//		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"},
//		mailtest.Rule{At: mailtest.Body, After: 4096, Drop: mailtest.Reset},
//		mailtest.Rule{At: mailtest.Greeting, Delay: 6 * time.Minute},
//	)
//
// Rules are tried in the order in which they were added; the first that fits decides the turn. One that has
// been used up (Times) is out of the way.
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

	// From is the sender: an address, "@" and a domain, or "<>" for the null sender. To is such a recipient: at Rcpt
	// that of the command, later any of those accepted. Letter case does not matter.
	From string
	To   string

	// Skip is how many turns that fit are let pass first, and Times for how many after them the
	// rule acts. Times 0 is for ever.
	Skip  int
	Times int

	// Reply is sent in place of the server's own reply, literally as it stands on the wire, but for
	// its end: a "\n" becomes CRLF, and one is added at the end. Several lines are written as such:
	// "250-mx1.qq.com\n250 SIZE 1000". A reply of the 2xx or 3xx kind replaces that of the server where
	// the server agrees; any other, also one that is no valid reply at all, refuses the command.
	// At Body, it interrupts the message.
	Reply string

	// Lie sends a positive Reply where the server does not agree, too.
	Lie bool

	// Delay is how long the client waits for the reply.
	Delay time.Duration

	// Pace, if not zero, is the time between each two bytes of the reply.
	Pace time.Duration

	// Drop ends the connection, in place of the reply or, where Reply is set, after it.
	Drop Drop

	// After is, at Body, the number of bytes of the message after which the rule acts. At any other
	// stage it goes with Drop: so many bytes of the reply are sent first.
	After int64

	// Keep, at Dot, keeps a message although its client is not told so: what is lost is the
	// acknowledgement. Lose does the opposite: the client is told that the message was accepted, and it is gone. (It still
	// is in the transcript.)
	Keep bool
	Lose bool

	// decide, if not nil, has the last word on whether the rule fits.
	decide func(*attempt) bool
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

// Greylist returns a rule that refuses with 451 a message from a client, sender and recipient that it has not seen
// before, until delay has passed since the first attempt (RFC 6647).
func Greylist(delay time.Duration) Rule {
	var mu sync.Mutex
	first := make(map[[3]string]time.Time)
	return Rule{
		At:    Rcpt,
		Reply: "451 4.7.1 Greylisted, please try again later",
		decide: func(a *attempt) bool {
			mu.Lock()
			defer mu.Unlock()
			now := time.Now()
			key := [3]string{a.client.String(), strings.ToLower(a.from), strings.ToLower(a.to)}
			since, known := first[key]
			if !known {
				first[key] = now
				return true
			}
			return now.Sub(since) < delay
		},
	}
}

// attempt is what a rule is tried on.
type attempt struct {
	stage   Stage
	session int
	client  netip.Addr
	helo    string
	user    string
	from    string // the sender, "" where there is none yet
	hasFrom bool
	to      string // at Rcpt
	rcpts   []Recipient
}

// ruleState is a rule in force.
type ruleState struct {
	Rule
	number int
	prefix netip.Prefix
	reply  []byte
	seen   int // turns that fitted
}

// AddRules puts rules into force, after those that are. It panics if one of them makes no sense, saying
// why. It may be called at any time; a turn that has begun is not affected.
func (s *Server) AddRules(rules ...Rule) {
	s.prepare()
	states := make([]*ruleState, len(rules))
	for i, r := range rules {
		state, err := newRuleState(r)
		if err != nil {
			panic(fmt.Sprintf("mailtest: rule %d of this call: %v", i+1, err))
		}
		states[i] = state
	}
	s.state.Lock()
	defer s.state.Unlock()
	for _, r := range states {
		r.number = len(s.state.rules) + 1
		s.state.rules = append(s.state.rules, r)
	}
}

// newRuleState checks a rule and prepares it.
func newRuleState(r Rule) (*ruleState, error) {
	state := &ruleState{Rule: r}
	switch {
	case r.At == 0 || r.At > Unknown:
		return nil, fmt.Errorf("At is %v; say at which stage the rule acts, such as mailtest.Rcpt", r.At)
	case r.Drop > Silence:
		return nil, fmt.Errorf("Drop is %d; use Close, Cut, Reset or Silence", r.Drop)
	case r.Skip < 0 || r.Times < 0 || r.After < 0 || r.Delay < 0 || r.Pace < 0 || r.Session < 0:
		return nil, fmt.Errorf("a number is negative: Session %d, Skip %d, Times %d, Delay %v, Pace %v, After %d",
			r.Session, r.Skip, r.Times, r.Delay, r.Pace, r.After)
	case r.Reply == "" && r.Drop == 0 && r.Delay == 0 && r.Pace == 0 && !r.Keep && !r.Lose:
		return nil, fmt.Errorf("the rule at %v does nothing; set Reply, Delay, Pace, Drop, Keep or Lose", r.At)
	case r.After > 0 && r.At != Body && r.Drop == 0:
		return nil, fmt.Errorf("After at %v counts the bytes of the reply before a Drop, and there is no Drop", r.At)
	case (r.Keep || r.Lose) && r.At != Dot:
		return nil, fmt.Errorf("Keep and Lose are for At: mailtest.Dot, not %v", r.At)
	case r.Keep && r.Lose:
		return nil, fmt.Errorf("Keep and Lose contradict each other")
	case r.Lie && r.Reply == "":
		return nil, fmt.Errorf("Lie without a Reply: write the reply to send")
	case r.To != "" && (r.At < Rcpt || r.At > Bdat):
		return nil, fmt.Errorf("To at %v: there is no recipient there", r.At)
	case r.From != "" && (r.At < Mail || r.At > Bdat):
		return nil, fmt.Errorf("From at %v: there is no sender there", r.At)
	}
	if r.Client != "" {
		var err error
		if state.prefix, err = netip.ParsePrefix(r.Client); err != nil {
			addr, err := netip.ParseAddr(r.Client)
			if err != nil {
				return nil, fmt.Errorf("Client %q is neither an address nor a prefix such as \"192.0.2.0/24\"", r.Client)
			}
			state.prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
	}
	if r.Reply != "" {
		state.reply = literal(r.Reply)
	}
	return state, nil
}

// literal turns the reply of a rule into what goes over the wire.
func literal(reply string) []byte {
	reply = strings.ReplaceAll(strings.TrimSuffix(reply, "\n"), "\r\n", "\n")
	return []byte(strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n")
}

// rule returns the first rule that fits and counts it, or nil.
func (s *Server) rule(a *attempt) *ruleState {
	s.state.Lock()
	defer s.state.Unlock()
	for _, r := range s.state.rules {
		if r.At == a.stage && (r.Times == 0 || r.seen < r.Skip+r.Times) && r.fits(a) {
			if r.seen++; r.seen > r.Skip {
				return r
			}
		}
	}
	return nil
}

// fits tells whether a rule is for this attempt.
func (r *ruleState) fits(a *attempt) bool {
	switch {
	case r.Session != 0 && r.Session != a.session,
		r.Client != "" && !r.prefix.Contains(a.client),
		r.Helo != "" && !strings.EqualFold(r.Helo, a.helo),
		r.User != "" && !strings.EqualFold(r.User, a.user),
		r.From != "" && !(a.hasFrom && matchAddress(r.From, a.from)),
		r.To != "" && !r.fitsTo(a):
		return false
	}
	return r.decide == nil || r.decide(a)
}

func (r *ruleState) fitsTo(a *attempt) bool {
	if a.stage == Rcpt {
		return matchAddress(r.To, a.to)
	}
	for _, rcpt := range a.rcpts {
		if matchAddress(r.To, rcpt.Address) {
			return true
		}
	}
	return false
}

// matchAddress compares an address with one of a rule: an address, "@domain" or "<>".
func matchAddress(pattern, address string) bool {
	if pattern == "<>" {
		return address == ""
	}
	if strings.HasPrefix(pattern, "@") {
		i := strings.LastIndexByte(address, '@')
		return i >= 0 && strings.EqualFold(address[i:], pattern)
	}
	return strings.EqualFold(pattern, address)
}

// action is what the wire shall do for a rule.
func (r *ruleState) action() wire.Action {
	return wire.Action{
		Reply: r.reply, Lie: r.Lie, Delay: r.Delay, Pace: r.Pace, Drop: wire.Drop(r.Drop), After: r.After, Rule: r.number,
	}
}

// clientAddr returns the IP address of the other end of a connection.
func clientAddr(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		addr, _ := netip.AddrFromSlice(tcp.IP)
		return addr.Unmap()
	}
	return netip.Addr{}
}
