package wire

// The table of commands: which commands SMTP has, when each is allowed (RFC 5321 §4.1.4), who answers it, and how it
// changes the state.

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// command describes a command of SMTP.
type command struct {
	verb string // in upper case; "" for an unknown command

	// waits reports whether the client has to wait for the reply before it sends more, even with PIPELINING (RFC 2920
	// §3.1; for AUTH, RFC 4954 §4). continues reports whether the bytes after the command belong to it, or are noted by
	// the command itself.
	waits     bool
	continues bool

	// bare reports whether the command takes no argument.
	bare bool

	// refuse, if not nil, returns the refusal that the engine would not give or would give wrongly, or "" if there is none.
	refuse func(*Conn) string

	// answer, if not nil, answers in place of the engine if the command is not refused.
	answer func(*Conn) []byte

	// engine is the verb that the engine gets, if it differs from verb.
	engine string

	// words, if not nil, replaces a reply of the engine with a 2xx code.
	words func(*Conn) []byte

	// accepted, if not nil, updates the state when the server has accepted the command.
	accepted func(*Conn)

	// then, if not nil, is called after the reply has been sent, whatever the reply was.
	then func(*Conn) error

	// take, if not nil, takes the command through its whole turn, in place of all the other functions.
	take func(*Conn) error
}

// commands lists the commands of RFC 5321 §4.1.1 and of the extensions, frequent ones first, and the obsolete ones of
// RFC 821. It is set by init because its functions refer to it.
var commands []command

func init() {
	commands = []command{
		{verb: "MAIL", refuse: (*Conn).refuseMail, words: says("250 2.1.0 Sender OK"), accepted: (*Conn).beginMail},
		{verb: "RCPT", refuse: (*Conn).refuseRcpt, words: says("250 2.1.5 Recipient OK"), accepted: func(c *Conn) { c.state.rcpt++ }},
		{verb: "DATA", waits: true, bare: true, refuse: (*Conn).refuseData, answer: says("354 End data with <CR><LF>.<CR><LF>"), then: (*Conn).message},
		{verb: "BDAT", continues: true, take: (*Conn).chunk},
		{verb: "EHLO", waits: true, refuse: (*Conn).refuseHelo, engine: "HELO", words: (*Conn).ehlo, accepted: (*Conn).beginESMTP}, // the engine's reply to HELO is short
		{verb: "HELO", waits: true, refuse: (*Conn).refuseHelo, words: (*Conn).helo, accepted: (*Conn).beginSMTP},
		{verb: "QUIT", waits: true, bare: true, answer: says("221 2.0.0 Bye"), then: (*Conn).quit},
		{verb: "RSET", bare: true, words: says("250 2.0.0 Reset"), accepted: func(c *Conn) { c.state.transaction = transaction{} }},
		{verb: "NOOP", waits: true, words: says("250 2.0.0 OK")},
		{verb: "AUTH", waits: true, refuse: (*Conn).refuseAuth, words: authenticated, then: (*Conn).endAuth},
		{verb: "STARTTLS", continues: true, refuse: (*Conn).refuseStartTLS, answer: (*Conn).agreeToTLS, then: (*Conn).startTLS},
		{verb: "VRFY", waits: true, refuse: (*Conn).refuseVrfy, answer: says("252 2.1.5 Cannot verify, but will accept a message and try to deliver it")},
		{verb: "HELP", answer: says("214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH STARTTLS")},
		{verb: "LHLO", waits: true, refuse: (*Conn).refuseLhlo, words: (*Conn).ehlo, accepted: (*Conn).beginESMTP},
		{verb: "XCLIENT", refuse: (*Conn).refuseXClient, answer: (*Conn).xclient},
		{verb: "EXPN", waits: true, refuse: always("502 5.5.1 EXPN not implemented")},
		{verb: "TURN", waits: true, refuse: always("502 5.5.1 TURN not implemented")},
		{verb: "SEND", refuse: always("502 5.5.1 SEND not implemented")},
		{verb: "SOML", refuse: always("502 5.5.1 SOML not implemented")},
		{verb: "SAML", refuse: always("502 5.5.1 SAML not implemented")},
		{verb: "ETRN", refuse: always("502 5.5.1 ETRN not implemented")},
		{verb: "ATRN", refuse: always("502 5.5.1 ATRN not implemented")},
	}
	response = command{waits: true, words: authenticated, then: (*Conn).endAuth}
}

// unknown stands for a line that is not a command.
var unknown = command{refuse: func(c *Conn) string {
	if len(c.turn.Line) == 0 {
		return "500 5.5.2 Empty command line"
	}
	return "500 5.5.1 Command unrecognized"
}}

// response stands for the client's response to a challenge of AUTH (RFC 4954 §4).
var response command

// lookUp returns the command of a line, or unknown.
func lookUp(line []byte) *command {
	word := line
	if i := bytes.IndexAny(line, " \t"); i >= 0 {
		word = line[:i]
	}
	return byVerb(word)
}

func byVerb(word []byte) *command {
	for i := range commands {
		if v := commands[i].verb; len(v) == len(word) && strings.EqualFold(v, string(word)) {
			return &commands[i]
		}
	}
	return &unknown
}

// KnownVerb reports whether a word is the verb of a command that SMTP knows, in any letter case.
func KnownVerb(word string) bool { return byVerb([]byte(word)) != &unknown }

// argument returns what follows the first word of a line, trimmed.
func argument(line []byte) string {
	i := bytes.IndexAny(line, " \t")
	if i < 0 {
		return ""
	}
	return string(bytes.TrimSpace(line[i:]))
}

// always returns a function that refuses with the given reply, whatever the client says.
func always(reply string) func(*Conn) string { return func(*Conn) string { return reply } }

// says returns a function that composes the given reply.
func says(reply string) func(*Conn) []byte { return func(c *Conn) []byte { return c.compose(reply) } }

// authenticated composes the reply that ends an exchange of AUTH.
var authenticated = says("235 2.7.0 Authentication successful")

// refusal returns the reply with which the server itself refuses the command, or "".
func (cmd *command) refusal(c *Conn) string {
	switch {
	case cmd.bare && c.turn.arg != "":
		return "501 5.5.4 " + cmd.verb + " takes no argument"
	case cmd.refuse != nil:
		return cmd.refuse(c)
	}
	return ""
}

func (c *Conn) refuseHelo() string {
	switch {
	case c.cfg.LMTP:
		return "500 5.5.1 This is LMTP, use LHLO"
	case !utf8.ValidString(c.turn.arg):
		return "501 5.5.4 Malformed host name"
	}
	return ""
}

func (c *Conn) refuseLhlo() string {
	if !c.cfg.LMTP {
		return "500 5.5.1 LHLO is for LMTP, use EHLO"
	}
	return ""
}

func (c *Conn) refuseVrfy() string {
	if c.turn.arg == "" {
		return "501 5.5.4 VRFY needs an address or a name"
	}
	return ""
}

func (c *Conn) refuseMail() string {
	switch s := &c.state; {
	case !s.helo:
		return "503 5.5.1 Say EHLO or HELO first"
	case s.mail:
		return "503 5.5.1 Nested MAIL command"
	}
	if refuse := c.checkPath("501 5.1.7", "sender"); refuse != "" {
		return refuse
	}
	return c.checkMail()
}

func (c *Conn) refuseRcpt() string {
	switch s := &c.state; {
	case !s.mail:
		return "503 5.5.1 Need MAIL before RCPT"
	case s.chunking:
		return "503 5.5.1 RCPT in the middle of chunks"
	case s.rcpt >= c.cfg.MaxRecipients:
		return "452 4.5.3 Too many recipients"
	case !s.utf8 && !ascii(c.turn.arg):
		return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
	}
	return c.checkPath("501 5.1.3", "recipient")
}

func (c *Conn) refuseData() string {
	if refuse := c.noRecipients(); refuse != "" {
		return refuse
	}
	switch s := &c.state; {
	case s.chunking:
		return "503 5.5.1 DATA in the middle of chunks"
	case s.binary:
		return "503 5.5.1 BINARYMIME needs BDAT"
	}
	return ""
}

// noRecipients returns the reply that refuses DATA or BDAT for want of a sender or a recipient, or "".
func (c *Conn) noRecipients() string {
	switch s := &c.state; {
	case !s.mail:
		return "503 5.5.1 Need MAIL before " + c.turn.Verb
	case s.tried == 0:
		return "503 5.5.1 Need RCPT before " + c.turn.Verb
	case s.rcpt == 0:
		return "554 5.5.1 No valid recipients"
	}
	return ""
}

func (c *Conn) refuseAuth() string {
	switch s := &c.state; {
	case !s.helo:
		return "503 5.5.1 Say EHLO first"
	case s.auth:
		return "503 5.5.1 Already authenticated"
	case s.mail:
		return "503 5.5.1 AUTH in the middle of a transaction"
	case c.turn.arg == "":
		return "501 5.5.4 AUTH needs a mechanism"
	case len(strings.Fields(c.turn.arg)) > 2: // such as base64 that was broken into lines
		return "501 5.5.4 AUTH takes a mechanism and an initial response" // RFC 4954 §4
	}
	return ""
}

// endAuth ends the exchange for the engine if the client was told that it is over.
func (c *Conn) endAuth() error {
	if !intermediate(c.turn.Reply) {
		c.cancelAuth()
	}
	return nil
}

// cancelAuth ends an exchange without success, for the engine too.
func (c *Conn) cancelAuth() {
	if c.state.authing {
		c.state.authing = false
		c.engine.answer("*", "")
	}
}

// quit ends the connection after QUIT, unless QUIT was refused.
func (c *Conn) quit() error {
	if c.turn.Accepted {
		return Ending{Kind: ClientQuit}
	}
	return nil
}

// advance updates the state by own, the server's own reply in this turn.
func (c *Conn) advance(own []byte) {
	s, t := &c.state, &c.turn
	switch {
	case t.Kind == AuthStep, t.Kind == Command && t.Verb == "AUTH":
		s.auth = s.auth || positive(own) && !intermediate(own)
	case t.Kind == Command:
		if t.Verb == "RCPT" && s.mail {
			s.tried++
		}
		if cmd := byVerb([]byte(t.Verb)); t.Accepted && cmd.accepted != nil {
			cmd.accepted(c)
		}
	}
}

// endTransaction ends the transaction, for the Handler and the engine too.
func (c *Conn) endTransaction() {
	if s := &c.state; s.mail {
		c.engine.endTransaction(s.rcpt)
		s.transaction = transaction{}
		c.handler.Reset()
	}
}

// beginSMTP and beginESMTP begin the session of a client that has given its name. beginMail begins a transaction.
func (c *Conn) beginSMTP() {
	c.state.helo, c.state.pipelining, c.state.transaction = true, false, transaction{}
}

func (c *Conn) beginESMTP() {
	c.beginSMTP()
	c.state.pipelining = bytes.Contains(c.turn.Reply, []byte("PIPELINING"))
}

func (c *Conn) beginMail() {
	s := &c.state
	s.mail = true
	for _, p := range c.turn.params {
		s.utf8 = s.utf8 || strings.EqualFold(p, "SMTPUTF8")
		s.binary = s.binary || strings.EqualFold(p, "BODY=BINARYMIME")
	}
}
