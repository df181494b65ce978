package lint

// This file checks the commands of a client in an SMTP session (RFC 5321).

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// sessionChecker follows one session turn by turn.
type sessionChecker struct {
	s   *mailtest.Session
	out collector

	encrypted bool
	greeted   bool     // EHLO or HELO was accepted
	esmtp     bool     // it was EHLO
	triedEHLO bool     // and perhaps refused
	offered   []string // the keywords of the reply to EHLO, in upper case
	authed    bool

	mail   bool // MAIL was said
	rcpt   bool // RCPT was said
	params map[string]string
	utf8   bool

	lost   bool // a transaction may have begun in turns that were forgotten
	unsure bool // EHLO may have been said there
}

func (c *sessionChecker) run() {
	for i, t := range c.s.Turns {
		if noted(t, mailtest.TurnsForgotten) {
			c.gap()
		}
		at := place(i, t)
		c.notes(at, t)
		c.turn(at, t)
	}
	c.ending()
}

// place returns the number of a turn before this one in its session. A session that no server has made has no numbers.
func place(i int, t mailtest.Turn) int { return max(i, t.Number-1) }

// gap is where turns were forgotten, in which the client may have done all that it has to.
func (c *sessionChecker) gap() {
	c.clear()
	c.lost, c.unsure, c.greeted, c.encrypted = true, true, true, c.encrypted || c.s.TLS != nil
}

// ok reports whether the server agreed.
func ok(t mailtest.Turn) bool { return t.Code() >= 200 && t.Code() < 400 }

// notes takes what the server has noted about the bytes.
func (c *sessionChecker) notes(i int, t mailtest.Turn) {
	for _, note := range t.Notes {
		switch note.Kind {
		case mailtest.HiddenEnd, mailtest.DotBareLF:
			c.out.add(endSmuggled, "", i, "%s", note)
		case mailtest.LineBareLF, mailtest.LineBareCR: // those of a message have rules of their own
			c.out.add(commandLineEnd, "", i, "%s: %s", note, quote(t.Command))
		case mailtest.LowerCaseHex:
			c.out.add(parameterCase, "", i, "%s: %s", note, quote(t.Command))
		case mailtest.DotNotDoubled:
			c.out.add(dotUndoubled, "", i, "%s", note)
		case mailtest.GreetingNotAwaited, mailtest.ReplyNotAwaited, mailtest.TextInjected:
			note.Text = "" // whatever else the client has said
			c.out.add(pipelining, "", i, "%s: %s", note, quote(t.Command))
		}
	}
}

// noted reports whether a turn has a note of a kind.
func noted(t mailtest.Turn, kind mailtest.NoteKind) bool {
	return slices.ContainsFunc(t.Notes, func(n mailtest.Note) bool { return n.Kind == kind })
}

func (c *sessionChecker) turn(i int, t mailtest.Turn) {
	verb, arg, _ := strings.Cut(t.Command, " ")
	verb, arg = strings.ToUpper(verb), strings.TrimSpace(arg)
	switch t.Stage {
	case mailtest.Handshake, mailtest.Helo, mailtest.Mail, mailtest.Rset, mailtest.XClient:
		c.lost = false
	}
	if c.lost {
		return
	}
	switch t.Stage {
	case mailtest.Handshake:
		if c.s.TLS != nil && !noted(t, mailtest.HandshakeFailed) { // nothing that was said before counts, RFC 3207 §4.2
			c.encrypted, c.greeted, c.authed = true, false, false
			c.clear()
		}
	case mailtest.Helo:
		c.helo(i, t, verb, arg)
	case mailtest.StartTLS:
		switch {
		case c.encrypted:
			c.order(i, t, "TLS is running already")
		case !c.esmtp && !c.unsure:
			c.order(i, t, "EHLO was not said before")
		}
	case mailtest.Auth:
		c.auth(i, t, arg)
	case mailtest.AuthStep:
		c.authed = c.authed || t.Code() == 235
	case mailtest.Mail:
		c.mailFrom(i, t, arg)
	case mailtest.Rcpt:
		if !c.mail {
			c.order(i, t, "MAIL was not said before")
		}
		c.rcpt = true
		c.path(i, t, arg, "TO:")
	case mailtest.Data, mailtest.Bdat:
		if !c.rcpt {
			c.order(i, t, "RCPT was not said before")
		}
	case mailtest.Dot:
		c.dot(i, t)
	case mailtest.Rset:
		if ok(t) {
			c.clear()
		}
	case mailtest.XClient: // begins the session anew
		if ok(t) {
			c.greeted, c.authed = false, false
			c.clear()
		}
	case mailtest.Unknown:
		if t.Command != "***" { // credentials of an AUTH that failed
			c.out.add(commandUnknown, "", i, "%s is not a command", quote(t.Command))
		}
	}
}

// order reports a command that came too early or too late.
func (c *sessionChecker) order(i int, t mailtest.Turn, why string) {
	c.out.add(commandOrder, "", i, "%s: %s", quote(t.Command), why)
}

// clear forgets the transaction.
func (c *sessionChecker) clear() {
	c.mail, c.rcpt, c.params, c.utf8 = false, false, nil, false
}

func (c *sessionChecker) helo(i int, t mailtest.Turn, verb, arg string) {
	name, _, _ := strings.Cut(arg, " ")
	switch {
	case verb != "HELO" && strings.HasPrefix(name, "["):
		if !isLiteral(name) {
			c.out.add(heloSyntax, "", i, "%s is not an address literal", quote(name))
		}
	case name == "":
		c.out.add(heloSyntax, "", i, "%s has no name", quote(t.Command))
	case !isDomain(name) || !isASCII([]byte(name)):
		c.out.add(heloSyntax, "", i, "%s is not a domain", quote(name))
	case strings.Trim(name, "0123456789.") == "":
		c.out.add(heloSyntax, "", i, "the address %s has no brackets", quote(name))
	case !isFull(name):
		c.out.add(heloName, "", i, "%s is not the name of a host on the internet", quote(name))
	}
	if verb == "HELO" && !c.triedEHLO {
		c.out.add(heloOld, "", i, "%s was the first that the client tried", quote(t.Command))
	}
	c.triedEHLO = c.triedEHLO || verb != "HELO"
	if !ok(t) {
		return
	}
	c.clear()
	c.greeted, c.unsure, c.esmtp, c.offered = true, false, verb != "HELO", nil
	for line := range strings.Lines(t.Reply) {
		if len(line) > 4 && c.esmtp {
			word, _, _ := strings.Cut(strings.TrimSpace(line[4:]), " ")
			c.offered = append(c.offered, strings.ToUpper(word))
		}
	}
}

func (c *sessionChecker) auth(i int, t mailtest.Turn, arg string) {
	switch {
	case !c.esmtp || !c.greeted:
		c.order(i, t, "EHLO was not said before")
	case c.authed:
		c.order(i, t, "the client has authenticated already")
	case c.mail:
		c.order(i, t, "a message is under way")
	}
	c.authed = c.authed || t.Code() == 235
	mechanism, initial, _ := strings.Cut(strings.ToUpper(arg), " ")
	switch mechanism {
	case "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER":
		answered := i+1 < len(c.s.Turns) && c.s.Turns[i+1].Stage == mailtest.AuthStep
		if !c.encrypted && (initial != "" || answered) {
			c.out.add(authClear, "", i, "AUTH %s without encryption", mechanism)
		}
	}
}

func (c *sessionChecker) mailFrom(i int, t mailtest.Turn, arg string) {
	switch {
	case !c.greeted:
		c.order(i, t, "EHLO was not said before")
	case c.mail:
		c.order(i, t, "a message is under way")
	}
	params := c.path(i, t, arg, "FROM:")
	if ok(t) || !c.mail {
		c.clear()
		c.mail, c.params = true, params
		_, c.utf8 = params["SMTPUTF8"]
	}
}

// path looks at the argument of MAIL or RCPT, and returns the parameters with their keywords in upper case.
func (c *sessionChecker) path(i int, t mailtest.Turn, arg, prefix string) map[string]string {
	if len(arg) < len(prefix)-1 || !strings.EqualFold(arg[:len(prefix)-1], prefix[:len(prefix)-1]) {
		c.out.add(pathSyntax, "", i, "%s does not say %s", quote(t.Command), prefix)
		return nil
	}
	rest := arg[len(prefix)-1:]
	if trimmed := strings.TrimLeft(rest, " \t"); strings.HasPrefix(trimmed, ":") && (trimmed != rest || strings.TrimLeft(trimmed[1:], " \t") != trimmed[1:]) {
		c.out.add(pathSpace, "", i, "there is a space at the colon of %s", quote(t.Command))
		rest = ":" + strings.TrimLeft(trimmed[1:], " \t")
	}
	rest, colon := strings.CutPrefix(rest, ":")
	if !colon {
		c.out.add(pathSyntax, "", i, "%s does not say %s", quote(t.Command), prefix)
		return nil
	}
	p := mime.ParsePath(rest)
	switch {
	case !p.Bracketed:
		c.out.add(pathBrackets, "", i, "there are no angle brackets: %s", quote(t.Command))
	case !p.Closed:
		c.out.add(pathBrackets, "", i, "the angle bracket is not closed: %s", quote(t.Command))
		return nil
	}
	params := make(map[string]string)
	for word := range strings.FieldsSeq(p.Rest) {
		key, value, _ := strings.Cut(word, "=")
		params[strings.ToUpper(key)] = value
	}
	_, params8 := params["SMTPUTF8"]
	if why := badPath(p.Address, prefix == "FROM:"); why != "" {
		c.out.add(pathSyntax, "", i, "the address %s %s", quote(p.Address), why)
	} else if !isASCII([]byte(p.Address)) && !params8 && !c.utf8 {
		c.out.add(pathSyntax, "", i, "the address %s is beyond ASCII and SMTPUTF8 was not said", quote(p.Address))
	}
	c.extensions(i, params)
	return params
}

// badPath says what is wrong with the address in a path, or nothing.
func badPath(address string, from bool) string {
	local := address
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		local = address[:i]
	}
	switch {
	case address == "" && from, strings.EqualFold(address, "postmaster") && !from:
		return ""
	case address == "":
		return "is empty"
	case !isDotAtom(local) && !(len(local) > 1 && local[0] == '"' && local[len(local)-1] == '"'):
		return "has something wrong before its at sign"
	}
	return badAddress(address)
}

// extensions looks whether the extensions were offered that the parameters belong to.
func (c *sessionChecker) extensions(i int, params map[string]string) {
	for _, p := range [...]struct{ param, extension string }{
		{"SIZE", "SIZE"}, {"BODY", "8BITMIME"}, {"SMTPUTF8", "SMTPUTF8"}, {"REQUIRETLS", "REQUIRETLS"}, {"AUTH", "AUTH"},
		{"RET", "DSN"}, {"ENVID", "DSN"}, {"NOTIFY", "DSN"}, {"ORCPT", "DSN"},
	} {
		value, used := params[p.param]
		if !used {
			continue
		}
		if p.param == "BODY" && strings.EqualFold(value, "BINARYMIME") {
			p.extension = "BINARYMIME"
		}
		if !c.offers(p.extension) {
			c.out.add(parameterNotOffered, "", i, "the parameter %s needs %s, which was not offered", p.param, p.extension)
		}
	}
}

func (c *sessionChecker) offers(extension string) bool {
	return c.unsure || slices.Contains(c.offered, extension)
}

// dot looks at a message that is complete, by DATA or in chunks.
func (c *sessionChecker) dot(i int, t mailtest.Turn) {
	body := strings.ToUpper(c.params["BODY"])
	if at := mime.FirstNonASCII(t.Payload); at >= 0 && body != "8BITMIME" && body != "BINARYMIME" {
		c.out.add(body8Bit, "", i, "the message has bytes beyond ASCII: %s", quote(t.Payload[at:]))
	}
	c.size(i, t)
	c.clear()
}

// size compares the size of the message with what was said.
func (c *sessionChecker) size(i int, t mailtest.Turn) {
	said, err := strconv.ParseInt(c.params["SIZE"], 10, 64)
	if err != nil || said == 0 { // not said, or unknown, RFC 1870 §6.4
		return
	}
	size := int64(len(t.Payload))
	for _, note := range t.Notes { // of a message that is too big, only the beginning is there
		if note.Kind == mailtest.MessageCut {
			size = note.Count
		}
	}
	if size > said || said > 2*size+1024 {
		c.out.add(sizeWrong, "", i, "SIZE said %d, and the message has %d bytes", said, size)
	}
}

// ending looks at how the client left.
func (c *sessionChecker) ending() {
	last := len(c.s.Turns) - 1
	if c.s.End.IsZero() || last < 0 {
		return
	}
	for _, t := range c.s.Turns {
		if t.Stage == mailtest.Quit {
			return
		}
	}
	final := c.s.Turns[last]
	switch kind, at := c.s.Ending.Kind, place(last, final); {
	case kind == mailtest.ClientBroke:
		c.out.add(messageCut, "", at, "%s", c.s.Ending)
	case final.Code() == 421: // the server has said good-bye
	case kind == mailtest.ClientClosed, kind == mailtest.ReadFailed:
		c.out.add(quitMissing, "", at, "%s", c.s.Ending)
	}
}
