package wire

// Commands: what is allowed when (RFC 5321 §4.1.4), what the engine gets to see, and how the state
// advances.

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// command takes a command line through its turn.
func (c *Conn) command(line []byte, notes []Note) error {
	v := verb(line)
	t := c.begin(Command, v, line)
	t.Notes = notes
	t.Secret = c.secret(line)
	if c.mustWait(v) {
		c.noteHaste()
	}
	if c.spoken > maxChatter || c.held > c.maxHeld() && v != "QUIT" {
		return c.dismiss("421 4.7.0 Too much without a message, closing connection")
	}
	if v == "BDAT" {
		return c.bdat()
	}
	if act := c.ask(); act.keepsFromEngine() {
		return c.conclude(nil)
	}
	own := c.answer()
	switch {
	case v == "":
		return c.bad(own)
	case own != "":
		return c.conclude(oneLine(own))
	case v == "STARTTLS":
		return c.startTLS()
	case v == "XCLIENT" && c.cfg.Client:
		return c.xclient()
	}
	if v == "EHLO" {
		v = "HELO" // whose reply is short; ehlo has the long one
	}
	return c.pass(v, c.forEngine())
}

// maxHeld is how many bytes of messages may be refused or abandoned between two accepted ones.
func (c *Conn) maxHeld() int64 { return maxChatter + 2*c.cfg.MaxSize }

// mustWait reports whether the client must read the reply to a command before it says more
// (RFC 2920 §3.1; for AUTH, RFC 4954 §4). What follows BDAT is its chunk, and what follows STARTTLS
// is noted there.
func (c *Conn) mustWait(verb string) bool {
	switch verb {
	case "BDAT", "STARTTLS":
		return false
	case "EHLO", "HELO", "LHLO", "DATA", "AUTH", "VRFY", "EXPN", "TURN", "NOOP", "QUIT":
		return true
	}
	return !c.state.pipelining
}

// noteHaste notes what has come after the line of the turn already.
func (c *Conn) noteHaste() {
	if n := len(c.in.buffered()); n > 0 {
		c.turn.note(Note{Kind: ReplyNotAwaited, Count: int64(n)})
	}
}

// partOfLine records a line that was not completed, if any of it came. The error ends the connection.
func (c *Conn) partOfLine(line []byte, err error) error {
	if len(line) == 0 {
		return err
	}
	k := Command
	if c.state.authing {
		k = AuthStep
	}
	t := c.begin(k, verb(line), line)
	t.Notes, t.Secret = []Note{{Kind: LineUnfinished}}, c.secret(line)
	c.handler.Reply(t)
	c.after(t)
	return middle(err, "line")
}

// tooLong answers a line that is longer than any command may be.
func (c *Conn) tooLong(line []byte, notes []Note, why error) error {
	t := c.begin(Command, "", line)
	t.Notes, t.Secret = notes, c.secret(line)
	if c.state.authing {
		c.state.authing = false
		c.tell("*")
	}
	if !c.ask().keepsFromEngine() && why == errLineEndless {
		return c.dismiss("421 4.7.0 Line without end, closing connection")
	}
	return c.bad("500 5.5.6 Line too long")
}

// bad answers a command that is none; too many of them end the connection.
func (c *Conn) bad(reply string) error {
	if c.errors++; c.errors < maxErrors {
		return c.conclude(oneLine(reply))
	}
	return c.dismiss("421 4.7.0 Too many errors, closing connection")
}

// dismiss ends the connection after its last reply.
func (c *Conn) dismiss(reply string) error {
	if err := c.conclude(oneLine(reply)); err != nil {
		return err
	}
	return c.drop(Close)
}

// authStep takes the client's answer to a challenge through its turn.
func (c *Conn) authStep(line []byte, notes []Note) error {
	t := c.begin(AuthStep, "", line)
	t.Notes, t.Secret = notes, true
	c.noteHaste()
	if act := c.ask(); act.keepsFromEngine() {
		err := c.conclude(nil)
		c.tell("*") // RFC 4954 §4: cancels the exchange
		return err
	}
	return c.pass(string(line), "")
}

// answer gives the replies that the engine would not give, or would give wrongly. Empty means
// that the engine shall answer.
func (c *Conn) answer() string {
	s, t := &c.state, &c.turn
	arg := t.Arg()
	if s.refused && t.Verb != "QUIT" {
		return "503 5.5.1 No service here" // RFC 5321 §3.1
	}
	switch t.Verb {
	case "":
		if len(t.Line) == 0 {
			return "500 5.5.2 Empty command line"
		}
		return "500 5.5.1 Command unrecognized"
	case "LHLO":
		if !c.cfg.LMTP {
			return "500 5.5.1 LHLO is for LMTP, use EHLO"
		}
	case "HELO", "EHLO":
		switch {
		case c.cfg.LMTP:
			return "500 5.5.1 This is LMTP, use LHLO"
		case !utf8.ValidString(arg):
			return "501 5.5.4 Malformed host name"
		}
	case "XCLIENT":
		if !c.cfg.Client {
			return "550 5.7.0 XCLIENT is not allowed"
		}
	case "EXPN", "TURN", "SEND", "SOML", "SAML", "ETRN", "ATRN":
		return "502 5.5.1 " + t.Verb + " not implemented"
	case "HELP":
		return "214 2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT AUTH STARTTLS"
	case "VRFY":
		if arg == "" {
			return "501 5.5.4 VRFY needs an address or a name"
		}
		return "252 2.1.5 Cannot verify, but will accept a message and try to deliver it"
	case "DATA", "RSET", "QUIT":
		if arg != "" {
			return "501 5.5.4 " + t.Verb + " takes no argument"
		}
	}
	switch t.Verb {
	case "MAIL":
		switch {
		case !s.helo:
			return "503 5.5.1 Say EHLO or HELO first"
		case s.mail:
			return "503 5.5.1 Nested MAIL command"
		}
		if refuse := c.checkPath("501 5.1.7 Bad sender address syntax"); refuse != "" {
			return refuse
		}
		return c.checkMail()
	case "RCPT":
		switch {
		case !s.mail:
			return "503 5.5.1 Need MAIL before RCPT"
		case s.chunking:
			return "503 5.5.1 RCPT in the middle of chunks"
		case s.rcpt >= c.cfg.MaxRecipients:
			return "452 4.5.3 Too many recipients"
		case !s.utf8 && !ascii(arg):
			return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
		}
		return c.checkPath("501 5.1.3 Bad recipient address syntax")
	case "DATA":
		if refuse := c.noRecipients(); refuse != "" {
			return refuse
		}
		switch {
		case s.chunking:
			return "503 5.5.1 DATA in the middle of chunks"
		case s.binary:
			return "503 5.5.1 BINARYMIME needs BDAT"
		}
	case "AUTH":
		switch {
		case !s.helo:
			return "503 5.5.1 Say EHLO first"
		case s.auth:
			return "503 5.5.1 Already authenticated"
		case s.mail:
			return "503 5.5.1 AUTH in the middle of a transaction"
		case arg == "":
			return "501 5.5.4 AUTH needs a mechanism"
		case len(strings.Fields(arg)) > 2: // as where base64 was broken into lines
			return "501 5.5.4 AUTH takes a mechanism and an initial response" // RFC 4954 §4
		}
	}
	return ""
}

// noRecipients is the reply to a message, of DATA or BDAT, that nobody is to get, or "".
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

// checkPath looks at the path of MAIL or RCPT and what is glued to it, and takes the parameters of DSN out of
// what the engine gets to see.
func (c *Conn) checkPath(malformed string) (refuse string) {
	t := &c.turn
	switch {
	case t.route != "" && badRoute(t.route), t.address != "" && badMailbox(t.address):
		// An address with a fault is refused for that, whatever else there is.
		if t.Verb == "MAIL" && !ascii(t.arg) && !c.asksForUTF8() {
			return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
		}
		return malformed
	case t.glued:
		return "501 5.5.4 No space before the parameters"
	}
	others, refuse := c.readDSN()
	t.others = others
	return refuse
}

// asksForUTF8 reports whether a MAIL command has the parameter SMTPUTF8.
func (c *Conn) asksForUTF8() bool {
	return slices.ContainsFunc(c.turn.params, func(p string) bool { return strings.EqualFold(p, "SMTPUTF8") })
}

// checkMail looks at those parameters of MAIL that are this package's concern.
func (c *Conn) checkMail() string {
	for _, p := range c.turn.params {
		key, value, _ := strings.Cut(p, "=")
		switch strings.ToUpper(key) {
		case "SIZE":
			n, err := strconv.ParseUint(value, 10, 63)
			switch {
			case err != nil && !digits(value):
				return "501 5.5.4 SIZE is no number"
			case err != nil || int64(n) > c.cfg.MaxSize:
				return fmt.Sprintf("552 5.3.4 Message too big, the limit is %d bytes", c.cfg.MaxSize)
			}
		case "SMTPUTF8":
			if p != key && len(p) > len(key) {
				return "501 5.5.4 SMTPUTF8 takes no value"
			}
		case "REQUIRETLS":
			if !c.state.encrypted {
				return "555 5.5.4 REQUIRETLS needs TLS"
			}
		}
	}
	if !c.asksForUTF8() && !ascii(c.turn.arg) {
		return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
	}
	return ""
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// forEngine is the argument as the engine can read it: it knows no SIZE above 32 bits, which
// checkMail has seen, no <postmaster> without a domain, which every server must accept
// (RFC 5321 §4.5.1), and no empty quoted string; and the parameters of DSN are read already.
func (c *Conn) forEngine() string {
	t := &c.turn
	arg := t.Arg()
	if t.Verb != "MAIL" && t.Verb != "RCPT" {
		return arg
	}
	keyword, rest, ok := strings.Cut(arg, ":")
	if !ok {
		return arg
	}
	path := rest
	if i := len(rest) - len(strings.TrimLeft(rest, " \t")); len(t.params) > 0 {
		path = rest[:strings.Index(rest[i+len(t.route)+len(t.address):], t.params[0])+i+len(t.route)+len(t.address)]
	}
	switch domain, empty := strings.CutPrefix(t.address, `""@`); {
	case t.Verb == "RCPT" && strings.EqualFold(t.address, "postmaster"):
		path = "<postmaster@localhost>"
	case empty:
		path = "<x@" + domain + ">"
	}
	words := []string{keyword + ":" + strings.TrimSpace(path)}
	for _, p := range t.others {
		if len(p) >= len("SIZE=4294967295") && strings.EqualFold(p[:len("SIZE=")], "SIZE=") {
			p = "SIZE=0"
		}
		words = append(words, p)
	}
	return strings.Join(words, " ")
}

// advance moves the state on by what the server itself has said in this turn.
func (c *Conn) advance(own []byte) {
	s, t := &c.state, &c.turn
	switch t.Kind {
	case AuthStep:
		c.advanceAuth(own)
		return
	case End:
		if t.Recipient == 0 {
			s.transaction = transaction{}
		}
		return
	case Command:
	default:
		return
	}
	switch t.Verb {
	case "RCPT":
		if s.mail {
			s.tried++
		}
	case "AUTH":
		c.advanceAuth(own)
	}
	if !t.Accepted {
		return
	}
	switch t.Verb {
	case "HELO", "EHLO", "LHLO":
		s.helo, s.transaction = true, transaction{}
		s.pipelining = t.Verb != "HELO" && bytes.Contains(t.Reply, []byte("PIPELINING"))
	case "MAIL":
		s.mail = true
		for _, p := range t.params {
			s.utf8 = s.utf8 || strings.EqualFold(p, "SMTPUTF8")
			s.binary = s.binary || strings.EqualFold(p, "BODY=BINARYMIME")
		}
	case "RCPT":
		s.rcpt++
	case "RSET":
		s.transaction = transaction{}
	case "DATA":
		s.payload = true
	}
}

// advanceAuth moves an AUTH exchange on.
func (c *Conn) advanceAuth(own []byte) {
	s := &c.state
	s.authing = intermediate(own)
	s.auth = s.auth || positive(own) && !s.authing
}
