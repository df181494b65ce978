package wire

// Arguments of MAIL and RCPT: their checks, and the form in which the engine gets them.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkPath checks the path of MAIL or RCPT and the space after it, and separates the DSN parameters from those that
// the engine gets. It returns a reply that refuses the command, or "". A refusal for the address has the given code, and
// names whose address it is.
func (c *Conn) checkPath(code, whose string) (refuse string) {
	t := &c.turn
	switch {
	case t.route != "" && badRoute(t.route), t.address != "" && badMailbox(t.address):
		// A malformed address is refused as such, even if other parameters are wrong too.
		if t.Verb == "MAIL" && !ascii(t.arg) && !c.asksForUTF8() {
			return "553 5.6.7 A non-ASCII address needs SMTPUTF8"
		}
		return code + " Bad " + whose + " address syntax"
	case localOnly(t.address) && !(t.Verb == "RCPT" && strings.EqualFold(t.address, "postmaster")): // RFC 5321 §4.1.1.3
		return code + " The " + whose + " address has no domain"
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

// checkMail checks the parameters of MAIL that the engine does not check. It returns a reply that refuses the command,
// or "".
func (c *Conn) checkMail() string {
	for _, p := range c.turn.params {
		key, value, _ := strings.Cut(p, "=")
		switch strings.ToUpper(key) {
		case "SIZE":
			n, err := strconv.ParseUint(value, 10, 63)
			switch {
			case err != nil && !digits(value):
				return "501 5.5.4 SIZE is not a number"
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

// forEngine returns the argument in a form that the engine can read. The engine does not accept a SIZE above 32 bits,
// which checkMail has checked; <postmaster> without a domain, which every server must accept (RFC 5321 §4.5.1); or an
// empty quoted string. The DSN parameters are left out, because readDSN has read them.
func (c *Conn) forEngine() string {
	t := &c.turn
	arg := t.Arg()
	if t.Verb != "MAIL" && t.Verb != "RCPT" {
		return arg
	}
	colon := strings.IndexByte(arg, ':')
	if colon < 0 {
		return arg
	}
	words := []string{arg}
	if len(t.params) > 0 {
		end := len(arg) - len(strings.TrimLeft(arg[colon+1:], " \t")) + len(t.route) + len(t.address)
		end += strings.IndexAny(arg[end:], "> \t") // past the rest of the address, whose last letters may be a keyword too
		words[0] = arg[:end+strings.Index(arg[end:], t.params[0])]
	}
	switch domain, empty := strings.CutPrefix(t.address, `""@`); {
	case t.Verb == "RCPT" && strings.EqualFold(t.address, "postmaster"):
		words[0] = arg[:colon] + ":<postmaster@localhost>"
	case empty:
		words[0] = arg[:colon] + ":<x@" + domain + ">"
	}
	for _, p := range t.others {
		if len(p) >= len("SIZE=4294967295") && strings.EqualFold(p[:len("SIZE=")], "SIZE=") {
			p = "SIZE=0"
		}
		words = append(words, p)
	}
	return strings.Join(words, " ")
}
