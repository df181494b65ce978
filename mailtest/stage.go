package mailtest

// Stages, the points of a session at which a rule can act, and attempts, which describe a turn to a rule.

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/ipprefix"
	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest/internal/stage"
)

// Stage is a point of a session: what the client has just done. The zero Stage is not a stage. Packages pop3 and
// imap have further stages, at which only rules of their servers can act.
type Stage uint8

// The stages of a session, in the order in which they usually come.
const (
	Greeting  Stage = iota + 1 // the client has connected; the reply is the greeting
	Handshake                  // the TLS handshake is about to begin, before the greeting or after STARTTLS; it has no reply
	Helo                       // HELO, EHLO or LHLO
	StartTLS                   // STARTTLS
	Auth                       // AUTH, with or without an initial response
	AuthStep                   // an answer to a challenge of the server
	Mail                       // MAIL
	Rcpt                       // RCPT
	Data                       // DATA, before the 354
	Body                       // the message is on its way: after the 354, or the chunks after BDAT
	Dot                        // the message is complete: after the final dot, or after BDAT LAST unless a rule at Bdat has decided that
	Bdat                       // BDAT, with its chunk
	Rset                       // RSET
	Noop                       // NOOP
	Vrfy                       // VRFY or EXPN
	Help                       // HELP
	Quit                       // QUIT
	XClient                    // XCLIENT
	Idle                       // the client has sent no line for the Delay of the rule; a client that is silent in the middle of a message does not count
	Unknown                    // anything else
)

// lastStage is the number of stages of SMTP.
const lastStage = Unknown

// stageNames are the names of the stages, by stage, those of POP3 and IMAP included.
var stageNames = func() enum.Names {
	names := slices.Clone(stage.Names)
	copy(names, smtpStages)
	return names
}()

// smtpStages are the names of the stages of SMTP.
var smtpStages = enum.Names{
	Greeting: "Greeting", Handshake: "Handshake", Helo: "Helo", StartTLS: "StartTLS", Auth: "Auth", AuthStep: "AuthStep",
	Mail: "Mail", Rcpt: "Rcpt", Data: "Data", Body: "Body", Dot: "Dot", Bdat: "Bdat", Rset: "Rset", Noop: "Noop",
	Vrfy: "Vrfy", Help: "Help", Quit: "Quit", XClient: "XClient", Idle: "Idle", Unknown: "Unknown",
}

// String returns the name of the stage, such as "Rcpt".
func (s Stage) String() string { return stageNames.String("Stage", "no stage", uint8(s)) }

// MarshalText returns the name of the stage, or an empty text for the zero Stage. It returns an error if there
// is no such stage.
func (s Stage) MarshalText() ([]byte, error) { return stageNames.Marshal("mailtest: stage", uint8(s)) }

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (s *Stage) UnmarshalText(text []byte) error {
	return stageNames.Unmarshal("mailtest: stage", text, (*uint8)(s))
}

// stageOf returns the stage of a turn.
func stageOf(t *wire.Turn) Stage {
	switch t.Kind {
	case wire.Connect:
		return Greeting
	case wire.Handshake:
		return Handshake
	case wire.AuthStep:
		return AuthStep
	case wire.Body:
		return Body
	case wire.End:
		return Dot
	case wire.Idle:
		return Idle
	}
	switch t.Verb {
	case "HELO", "EHLO", "LHLO":
		return Helo
	case "STARTTLS":
		return StartTLS
	case "AUTH":
		return Auth
	case "MAIL":
		return Mail
	case "RCPT":
		return Rcpt
	case "DATA":
		return Data
	case "BDAT":
		return Bdat
	case "RSET":
		return Rset
	case "NOOP":
		return Noop
	case "VRFY", "EXPN":
		return Vrfy
	case "HELP":
		return Help
	case "QUIT":
		return Quit
	case "XCLIENT":
		return XClient
	}
	return Unknown
}

// Attempt tells the functions of a [Rule] what a client is doing. It is valid only during the call.
type Attempt struct {
	// Stage is what the client has just done, and Session the number of its connection.
	Stage   Stage
	Session int

	// Client is the address of the client, without port.
	Client string

	// Helo is the name that the client gave in HELO or EHLO, and User is the name under which it has authenticated.
	Helo string
	User string

	// Encrypted reports whether the connection has TLS.
	Encrypted bool

	// Command is the command line, with the credentials replaced by "***".
	Command string

	// From is the sender: the one in this MAIL command or, at later stages, that of the transaction. HasFrom
	// reports whether there is a sender; the null sender counts as one.
	From    string
	HasFrom bool

	// To is the recipient of this RCPT command or, with LMTP at Dot, the recipient that the reply is for.
	To string

	// Silent, at Idle, is how long the client has been silent.
	Silent time.Duration

	// Recipients are the recipients accepted so far.
	Recipients []Recipient

	// Message, at Dot, is the decoded message.
	Message *Message

	// Nth is the number of the command, as in [Rule].
	Nth int

	// Open is the number of connections that the server has at this moment, including this one. Those that a
	// rule has ended do not count, even if their clients have not noticed yet, and neither do those after QUIT. At
	// Greeting, nor do those that their clients have closed, even if the server has not noticed yet. Those that a rule
	// has silenced count until their clients close them.
	Open int
}

// Matches reports whether the conditions of the rule hold for a turn. It calls When. It ignores Skip, Times,
// Begin and For, which depend on earlier turns and on the time.
func (r *Rule) Matches(a *Attempt) bool {
	switch {
	case r.At != a.Stage,
		r.At == Idle && r.Delay != a.Silent,
		r.Session != 0 && r.Session != a.Session,
		r.Client != "" && !r.matchesClient(a.Client),
		r.Helo != "" && !strings.EqualFold(r.Helo, a.Helo),
		r.User != "" && !strings.EqualFold(r.User, a.User),
		r.Plain && a.Encrypted, r.Encrypted && !a.Encrypted,
		r.Command != "" && !hasPrefixFold(a.Command, r.Command),
		r.From != "" && !(a.HasFrom && matchAddress(r.From, a.From)),
		r.To != "" && !r.matchesTo(a),
		r.Nth != 0 && r.Nth != a.Nth,
		r.Header != "" && !r.matchesHeader(a.Message),
		r.Content != "" && !r.matchesContent(a.Message):
		return false
	}
	return r.When == nil || r.When(a)
}

func (r *Rule) matchesClient(client string) bool {
	prefix, err := ipprefix.Parse(r.Client)
	return err == nil && ipprefix.Contains(prefix, client)
}

func (r *Rule) matchesTo(a *Attempt) bool {
	if a.To != "" || a.Stage == Rcpt {
		return matchAddress(r.To, a.To)
	}
	return slices.ContainsFunc(a.Recipients, func(rcpt Recipient) bool { return matchAddress(r.To, rcpt.Address) })
}

func (r *Rule) matchesHeader(m *Message) bool {
	if m == nil {
		return false
	}
	name, value, _ := strings.Cut(r.Header, ":")
	value = strings.TrimSpace(value)
	return slices.ContainsFunc(m.GetAll(name), func(v string) bool { return strings.Contains(v, value) })
}

func (r *Rule) matchesContent(m *Message) bool {
	return m != nil && (strings.Contains(m.Text, r.Content) || strings.Contains(m.HTML, r.Content) ||
		bytes.Contains(m.Raw, []byte(r.Content)))
}

// hasPrefixFold reports whether s begins with prefix, without regard to case.
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

// asciiDomain returns an address with the A-labels of its domain.
func asciiDomain(address string) string {
	i := strings.LastIndexByte(address, '@') + 1
	return address[:i] + dnstext.ASCII(address[i:])
}

// newAttempt describes a turn to the rules.
func (ss *session) newAttempt(stage Stage, t *wire.Turn) *Attempt {
	line := t.Line
	if t.Secret {
		line = redact(line, t.Verb)
	}
	a := &Attempt{
		Stage: stage, Session: ss.number, Client: host(ss.client), Helo: ss.helo, User: ss.user, Encrypted: ss.encrypted != nil,
		Command: string(line), Silent: t.Silent, Open: ss.server.openConnections(ss, stage),
	}
	tx := ss.tx
	switch stage {
	case Helo:
		a.Helo = firstWord(t.Arg())
	case Dot:
		tx = ss.ending
		if ss.record != nil && ss.server.hasRulesAt(Dot) {
			a.Message = ss.record.message()
		}
	}
	if tx != nil {
		a.From, a.HasFrom, a.Recipients = tx.from, true, tx.to
	}
	switch stage {
	case Mail:
		a.From, a.HasFrom = ss.path, true
	case Rcpt:
		a.To = ss.path
	case Dot:
		if t.Recipient > 0 && tx != nil && t.Recipient <= len(tx.to) {
			a.To = tx.to[t.Recipient-1].Address
		}
	}
	return a
}

// count returns the number of a turn among those of its stage.
func (ss *session) count(stage Stage) int {
	switch stage {
	case Mail, Helo, Rset:
		ss.counts[Rcpt] = 0
	}
	ss.counts[stage]++
	return ss.counts[stage]
}

// host returns the address of an "address:port" without the port.
func host(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
