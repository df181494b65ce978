package mailtest

// The type Rule, and its text for files, flags and JSON.

import (
	"fmt"
	"time"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/ruletext"
)

// Rule says what the server does wrong, at which stage, for which clients, senders and recipients, and how often. It
// is plain data. The zero value of a field places no condition on the turn, and has no effect. [Server.AddRules]
// puts rules into force.
//
//	srv.AddRules(
//		mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"},
//		mailtest.Rule{At: mailtest.Body, AfterBytes: 4096, Drop: mailtest.Reset},
//		mailtest.Rule{At: mailtest.Greeting, Delay: 6 * time.Minute},
//	)
//
// Rules are tried in the order in which they were added, and the first that matches decides the turn. A rule that
// is used up no longer matches. [Turn.Rule] is the number of the rule that decided a turn. Functions return the
// rules for common faults: [Greylist], [UnknownMailbox], [RateLimit] and others. In files and in JSON, a rule is
// a line of text; see [Rule.UnmarshalText].
type Rule struct {
	// At is the stage at which the rule acts. It is required.
	At Stage

	// Session is the number of the connection. The first connection has number 1.
	Session int

	// Client is the address of the client, or a prefix such as "192.0.2.0/24".
	Client string

	// Helo is the name that the client gave in HELO or EHLO, and User is the name under which it
	// has authenticated. Letter case does not matter.
	Helo string
	User string

	// Plain restricts the rule to connections without TLS, and Encrypted to those with TLS. If neither is
	// set, both match.
	Plain     bool
	Encrypted bool

	// Command is the beginning of the command line, such as "EHLO" at Helo or "XFORWARD" at Unknown.
	// Letter case does not matter.
	Command string

	// From is the sender: an address, "@" and a domain, or "<>" for the null sender. To is a recipient in
	// the same form: the one of the command at Rcpt, and any that was accepted at later stages. With
	// [Server.LMTP], at Dot, it is the recipient that the reply is for. Letter case does not matter.
	From string
	To   string

	// Header and Content are texts in the decoded message, at Dot. Header is written as "Subject: 你好", and
	// means that a header field with that name has that text in it; the case of the name does not matter.
	// Content means that the text, the HTML or the raw bytes have that text in them.
	Header  string
	Content string

	// Nth is the number of the command among those of its stage on this connection; at Rcpt, among those of
	// the mail transaction. The first command has number 1.
	Nth int

	// When, if non-nil, must also report true for the rule to match. It may be called from several
	// goroutines at once.
	When func(*Attempt) bool

	// Skip is the number of matching turns to let through before the rule acts. Times is the number of
	// matching turns after these on which it acts; zero means all of them.
	Skip  int
	Times int

	// Begin and For limit the time during which the rule is in force. The rule comes into force Begin after
	// it was added, and goes out of force For after that; if For is zero, it stays in force. A rule of
	// [Server.Rules] counts as added when the server is first used.
	Begin time.Duration
	For   time.Duration

	// Must makes the test fail at its end if the rule has never acted. This is checked for a server made by
	// [New], and for those of a simulated internet made for a test; for other servers,
	// [Server.CheckRules] reports it. A rule that [Server.Reset] removes need not act any more.
	Must bool

	// Reply is sent in place of the server's own reply, exactly as written except for line ends: each "\n"
	// becomes CRLF, and a CRLF is added at the end. A reply of several lines is written as
	// "250-mx1.qq.com\n250 SIZE 1000". A reply with a 2xx or 3xx code replaces the server's own only if the
	// server agrees. Any other reply refuses the command, and so does a malformed one, which needs Raw. At Body,
	// it interrupts the message.
	Reply string

	// Raw sends Reply as it is, without changing or adding line ends. Reply can then be anything, such as
	// "HTTP/1.1 400 Bad Request\r\n".
	Raw bool

	// ReplyFunc, if non-nil, returns the reply to send in place of Reply. If it returns the empty string, the
	// server's own reply is sent. It may be called from several goroutines at once, and must not use the
	// server.
	ReplyFunc func(*Attempt) string

	// Endless repeats the reply for as long as the client reads it. The transcript has it once. Inside a
	// synctest bubble, set Pace as well: a client that reads without a pause stops the clock, and so its own
	// timeout never comes.
	Endless bool

	// Lie sends a positive Reply even if the server does not agree.
	Lie bool

	// Hide removes lines from the EHLO reply, each named by its keyword. Add adds lines; each replaces the
	// line with the same keyword, or else comes last. To reorder lines, set Reply to the whole reply. The
	// server still understands the extensions that are hidden.
	Hide []string
	Add  []string

	// Certificate, at Handshake, is the fault of the server's certificate. A rule with Certificate,
	// MaxTLS or ClientCertificate never matches a connection that was encrypted before it came to
	// [Server.Serve].
	Certificate CertificateFault

	// MaxTLS, at Handshake, is the newest version that the server speaks, such as [tls.VersionTLS11].
	MaxTLS uint16

	// ClientCertificate, at Handshake, requires a certificate of the test CA from the client.
	ClientCertificate bool

	// Delay is the time that the client waits for the reply. If the client closes the connection during the
	// delay, the session ends at once at Greeting, and after the delay at other stages. At Body, the server
	// reads no more of the message for that time, so that a client that sends a large one can't go on. At
	// Idle, Delay is the time that the client has to be silent before the rule acts.
	Delay time.Duration

	// Pace, if not zero, is the time between two bytes of the reply.
	Pace time.Duration

	// Drop ends the connection: in place of the reply, or after Reply if that is set.
	Drop Drop

	// AfterBytes, at Body, is the number of bytes of the message after which the rule acts. At other stages
	// it goes with Drop, and is the number of bytes of the reply that are sent first.
	AfterBytes int64

	// AfterReply goes with Drop: the server's own reply is sent first. It can't be set at Body, where there
	// is no reply. If Reply is set, the connection ends after it in any case.
	AfterReply bool

	// Keep, at Dot, keeps the message although the client is not told so, as if only the acknowledgement had
	// been lost. It goes with Drop, or with a Reply that refuses. A message over the size limit is never
	// kept, because a part of it is missing.
	Keep bool

	// Lose, at Dot, loses the message although the client is told that it was accepted. With To, it is lost
	// for the recipients that match, and kept for the others, if there are any. The transcript still has it.
	Lose bool
}

// Drop is a way to end a connection. The zero Drop leaves it open.
type Drop uint8

// The ways to end a connection.
const (
	Close   Drop = iota + 1 // orderly, as by close(2): FIN, over TLS after a close_notify alert
	Cut                     // FIN without close_notify; without TLS the same as Close
	Reset                   // RST
	Silence                 // the connection stays open, and the server never answers again
)

// dropNames are the names of the ways to end a connection.
var dropNames = enum.Names{Close: "Close", Cut: "Cut", Reset: "Reset", Silence: "Silence"}

// String returns the name of the way, such as "Close".
func (d Drop) String() string { return dropNames.String("Drop", "no Drop", uint8(d)) }

// MarshalText returns the name of the way, or an empty text for the zero Drop. It returns an error if there
// is no such way.
func (d Drop) MarshalText() ([]byte, error) { return dropNames.Marshal("mailtest: drop", uint8(d)) }

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (d *Drop) UnmarshalText(text []byte) error {
	return dropNames.Unmarshal("mailtest: drop", text, (*uint8)(d))
}

// MarshalText returns the rule on one line: the fields that are not zero, written as in Go, except that constants
// have no package before them, and that durations are written as in 6m0s.
//
//	At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"
//	At: Greeting, Delay: 6m0s
//	At: Helo, Hide: ["SIZE", "PIPELINING"]
//	At: Handshake, MaxTLS: VersionTLS11
//
// It returns an error if the rule makes no sense, in which case [Server.AddRules] would panic, or if the rule has a
// function, which can't be written as text.
func (r Rule) MarshalText() ([]byte, error) {
	err := r.check()
	var text []byte
	if err == nil {
		text, err = ruletext.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("mailtest: rule as text: %w", err)
	}
	return text, nil
}

// UnmarshalText reads a rule as MarshalText writes it, or as it is written in Go:
//
//	{At: mailtest.Greeting, Delay: 6 * time.Minute, Must: true},
//
// Constants may have their package before them. A duration is a text for [time.ParseDuration], or a number times a
// unit. A list of strings has brackets or braces. MaxTLS may be "1.1". A "#" begins a comment. The error names the
// column, in characters from 1, or says why the rule makes no sense; the rule then keeps its value.
func (r *Rule) UnmarshalText(text []byte) error {
	var read Rule
	err := ruletext.Unmarshal(text, &read)
	if err == nil {
		err = read.check()
	}
	if err != nil {
		return fmt.Errorf("mailtest: rule: %w", err)
	}
	*r = read
	return nil
}
