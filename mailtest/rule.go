package mailtest

// Rules: what the server does wrong, and when.

import (
	"time"

	"github.com/seed078e9d8c/maillab/internal/enum"
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
// Ready-made ones have names: [Greylist], [UnknownMailbox], [RateLimit] and others. In files and in JSON, a rule is a
// text, see [Rule.UnmarshalText].
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
	// the server agrees; any other, also one that is not a valid reply at all, refuses the command.
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
