package provider

// The conditions of policies, in a table.
//
// To add a condition: 1. Add it to the table, with the stages at which it can be known. 2. Describe it in
// FORMAT.md. 3. Teach the test how to provoke it.

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/lint"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

// condition is a kind of condition.
type condition struct {
	// args are the possible arguments. It is nil if there are no arguments, if argument decides, or if all are
	// possible.
	args []string

	// least and most bound the number of arguments. If both are 0, there are none; if only most is 0, it is not a
	// bound.
	least, most int

	// argument, if not nil, returns an error if an argument is wrong.
	argument func(string) error

	// stages are those at which the condition can be known. Nil means all.
	stages []mailtest.Stage

	// counts means that the policy has a limit, and that each call of fits counts.
	counts bool

	// rewords reports whether the server itself refuses, and the policy only replaces the text. Nil means no.
	rewords func(args []string) bool

	// fits reports whether the condition holds.
	fits func(t *turn, args []string) bool
}

var (
	fromMail = []mailtest.Stage{mailtest.Mail, mailtest.Rcpt, mailtest.Data, mailtest.Dot}
	atRcpt   = []mailtest.Stage{mailtest.Rcpt}
	atDot    = []mailtest.Stage{mailtest.Dot}
	results  = []string{"none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"}
)

// conditions is the table of conditions, by name.
var conditions = map[string]*condition{
	"always": {fits: func(*turn, []string) bool { return true }},

	// About the client.
	"blocked": {args: []string{"client", "sender"}, least: 1, most: 1, fits: (*turn).blocked},
	"client":  {args: []string{"ipv6", "plain"}, least: 1, most: 1, fits: (*turn).client},
	"dnsbl":   {least: 1, most: 1, argument: checkName, fits: (*turn).dnsbl},
	"ptr":     {fits: (*turn).noPTR},
	"helo":    {args: []string{"empty", "invalid", "unqualified", "unknown"}, least: 1, fits: (*turn).helo},

	// About numbers and times.
	"concurrent": {counts: true, fits: func(t *turn, _ []string) bool { return t.a.Open > t.limit.n }},
	"messages":   {counts: true, stages: []mailtest.Stage{mailtest.Mail}, fits: (*turn).nth},
	"commands":   {counts: true, stages: []mailtest.Stage{mailtest.Unknown}, fits: (*turn).nth},
	"recipients": {args: []string{"message", "connection"}, least: 1, most: 1, counts: true, stages: atRcpt, fits: (*turn).recipients},
	"rate":       {args: []string{"client", "connection", "sender", "domain", "recipient"}, least: 1, most: 1, counts: true, fits: (*turn).rate},
	"new": {least: 1, most: 1, stages: []mailtest.Stage{mailtest.Rcpt, mailtest.Dot}, fits: (*turn).isNew,
		argument: func(arg string) error { _, err := time.ParseDuration(arg); return err }},

	// About the envelope.
	"sender": {args: []string{"null", "local", "foreign", "unresolvable", "not-user", "not-from"}, least: 1, most: 1, stages: fromMail,
		fits: (*turn).sender},
	"recipient": {args: []string{"foreign"}, least: 1, most: 1, stages: atRcpt, fits: (*turn).foreignRecipient},
	"domains":   {stages: atRcpt, fits: (*turn).domains},
	"mailbox": {args: []string{"unknown", "full", "disabled"}, least: 1, most: 1, stages: []mailtest.Stage{mailtest.Rcpt, mailtest.Dot},
		fits: (*turn).mailbox},

	// About the content of the message.
	"size":    {stages: []mailtest.Stage{mailtest.Mail, mailtest.Dot}, fits: (*turn).tooLarge},
	"lint":    {least: 1, argument: checkLint, stages: atDot, fits: (*turn).lint},
	"from":    {args: []string{"missing", "invalid", "raw", "twice", "several"}, least: 1, stages: atDot, fits: (*turn).from},
	"content": {least: 1, stages: atDot, fits: (*turn).content},

	// About the authentication of the message.
	"spf":   {args: results, least: 1, stages: fromMail, fits: func(t *turn, args []string) bool { return contains(args, t.verdict().SPF) }},
	"dkim":  {args: results, least: 1, stages: atDot, fits: func(t *turn, args []string) bool { return contains(args, t.verdict().DKIM) }},
	"dmarc": {args: []string{"fail", "quarantine", "reject"}, least: 1, most: 1, stages: atDot, fits: (*turn).dmarc},
	"unauthenticated": {stages: atDot, fits: func(t *turn, _ []string) bool {
		v := t.verdict()
		return v.SPF != mailauth.Pass && v.DKIM != mailauth.Pass
	}},
	"unaligned": {stages: atDot, fits: func(t *turn, _ []string) bool { return t.verdict().DMARC != mailauth.Pass }},

	// About refusals by the server itself.
	"login": {args: []string{"missing", "clear", "wrong", "off", "malformed"}, least: 1, most: 1,
		stages: []mailtest.Stage{mailtest.Auth, mailtest.Mail, mailtest.Rcpt}, rewords: badLogin, fits: (*turn).login},
	"syntax":          {rewords: always, stages: []mailtest.Stage{mailtest.Mail, mailtest.Rcpt}, fits: refusedWith("501", "553")},
	"sequence":        {rewords: always, stages: []mailtest.Stage{mailtest.Mail, mailtest.Rcpt, mailtest.Data}, fits: refusedWith("503")},
	"unknown-command": {rewords: always, stages: []mailtest.Stage{mailtest.Unknown}, fits: refusedWith("500", "502")},
}

// conditionNames returns the names of the conditions, sorted.
func conditionNames() []string { return slices.Sorted(maps.Keys(conditions)) }

// check returns an error if the arguments are wrong.
func (c *condition) check(args []string) error {
	switch many := c.least > 0 && c.most == 0; {
	case many && len(args) == 0:
		return fmt.Errorf("no arguments; it takes %d or more", c.least)
	case !many && len(args) != c.most:
		return fmt.Errorf("%d arguments; it takes %d", len(args), c.most)
	}
	for _, arg := range args {
		if c.args != nil && !slices.Contains(c.args, arg) {
			return fmt.Errorf("%q is none of %s", arg, strings.Join(c.args, ", "))
		}
		if c.argument != nil {
			if err := c.argument(arg); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLint returns an error if there is no lint rule of that name. "error" stands for all rules whose findings
// make a message malformed.
func checkLint(name string) error {
	if name == "error" || slices.ContainsFunc(lint.Rules(), func(r lint.RuleInfo) bool { return r.Name == name && r.Group != "transport" }) {
		return nil
	}
	return fmt.Errorf("package lint has no rule %q for messages", name)
}

func contains(args []string, r mailauth.Result) bool { return slices.Contains(args, string(r)) }

// refusedWith returns a function that reports whether the server itself refuses, with one of the codes.
func refusedWith(codes ...string) func(*turn, []string) bool {
	return func(t *turn, _ []string) bool {
		return slices.ContainsFunc(codes, func(code string) bool { return strings.HasPrefix(t.own, code) })
	}
}

func (t *turn) client(args []string) bool {
	if args[0] == "plain" {
		return !t.a.Encrypted
	}
	addr, err := netip.ParseAddr(t.a.Client)
	return err == nil && addr.Unmap().Is6()
}

// nth reports whether the command is beyond the limit.
func (t *turn) nth([]string) bool { return t.a.Nth > t.limit.n }

func (t *turn) recipients(args []string) bool {
	if args[0] == "message" {
		return len(t.a.Recipients) >= t.limit.n
	}
	return t.p.count(t.policy, t.connection(), "", t.limit)
}

func (t *turn) rate(args []string) bool {
	key, once := "", ""
	switch args[0] {
	case "client":
		key = t.a.Client
	case "connection":
		key, once = t.a.Client, t.connection()
	case "sender":
		key = strings.ToLower(t.a.From)
	case "domain":
		key = domainOf(t.a.From)
	case "recipient":
		to := []string{t.a.To}
		if t.a.Stage == mailtest.Dot {
			to = t.accepted()
		}
		for _, address := range to {
			if t.p.count(t.policy, strings.ToLower(address), "", t.limit) {
				t.about = address
				return true
			}
		}
		return false
	}
	return t.p.count(t.policy, key, once, t.limit)
}

func (t *turn) isNew(args []string) bool {
	delay, _ := time.ParseDuration(args[0])
	to := []string{t.a.To}
	if t.a.Stage == mailtest.Dot {
		to = t.accepted()
	}
	refused := false
	for _, address := range to { // all of them, since each is known from now on
		if t.p.isNew(t.policy, [3]string{t.a.Client, strings.ToLower(t.a.From), strings.ToLower(address)}, delay) && !refused {
			t.about, refused = address, true
		}
	}
	return refused
}

func (t *turn) sender(args []string) bool {
	if !t.a.HasFrom {
		return false
	}
	from := t.a.From
	switch args[0] {
	case "null":
		return from == ""
	case "local":
		return t.p.serves(domainOf(from))
	case "foreign":
		return from != "" && !t.p.serves(domainOf(from))
	case "unresolvable":
		return from != "" && !t.p.dns.takesMail(domainOf(from))
	case "not-user":
		user, _, _ := strings.Cut(from, "@")
		return t.a.User != "" && !strings.EqualFold(from, t.a.User) && !strings.EqualFold(user, t.a.User)
	}
	return t.a.Message != nil && !slices.ContainsFunc(t.a.Message.From, func(a mailtest.Address) bool { return strings.EqualFold(a.Address, from) })
}

func (t *turn) foreignRecipient([]string) bool {
	return strings.Contains(t.a.To, "@") && !t.p.serves(domainOf(t.a.To)) // <postmaster> has no domain (RFC 5321 §4.5.1)
}

func (t *turn) domains([]string) bool {
	return slices.ContainsFunc(t.accepted(), func(address string) bool { return domainOf(address) != domainOf(t.a.To) })
}

func (t *turn) mailbox(args []string) bool {
	want := map[string]State{"unknown": Unknown, "full": Full, "disabled": Disabled}[args[0]]
	to := []string{t.a.To}
	if t.a.Stage == mailtest.Dot {
		to = t.accepted()
	}
	i := slices.IndexFunc(to, func(address string) bool { return t.p.state(address) == want })
	if i < 0 {
		return false
	}
	t.about = to[i]
	return true
}

func (t *turn) tooLarge([]string) bool {
	size := t.p.sizeOf(t.service)
	if size == 0 {
		return false
	}
	if t.a.Stage == mailtest.Dot {
		return int64(len(t.a.Message.Raw)) > size
	}
	return announced(t.a.Command) > size
}

func (t *turn) lint(args []string) bool {
	l := lint.Linter{Only: args}
	all := slices.Contains(args, "error")
	if all {
		l.Only = []string{"format"}
	}
	for _, f := range l.Check(t.a.Message) {
		if !all || f.Severity == lint.Error {
			t.finding = f.Rule
			return true
		}
	}
	return false
}

// from checks the From field alone, whatever else is wrong with the message.
func (t *turn) from(args []string) bool {
	m := t.a.Message
	var fields []mailtest.Field
	for _, f := range m.Header {
		if strings.EqualFold(f.Name, "From") {
			fields = append(fields, f)
		}
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		switch arg {
		case "missing":
			return len(fields) == 0
		case "invalid":
			return slices.ContainsFunc(fields, invalidFrom)
		case "raw":
			return slices.ContainsFunc(fields, func(f mailtest.Field) bool {
				international := strings.ContainsFunc(f.Raw, func(r rune) bool { return r >= 0x80 })
				return international && !(m.Envelope.SMTPUTF8 && utf8.ValidString(f.Raw))
			})
		case "twice":
			return len(fields) > 1
		}
		return len(m.From) > 1
	})
}

// invalidFrom reports whether a From field has no address, or something that is not an address.
func invalidFrom(f mailtest.Field) bool {
	l := lint.Linter{Only: []string{"from-empty", "address-syntax"}}
	return len(l.Check(mailtest.ParseMessage([]byte(f.Raw+"\r\n")))) > 0
}

func (t *turn) content(args []string) bool {
	m := t.a.Message
	return slices.ContainsFunc(slices.Concat(args, t.p.banned()), func(word string) bool {
		return strings.Contains(m.Subject, word) || strings.Contains(m.Text, word) || strings.Contains(m.HTML, word)
	})
}

func (t *turn) blocked(args []string) bool {
	if args[0] == "client" {
		return t.p.blocks(t.a.Client)
	}
	return t.a.HasFrom && (t.p.blocks(t.a.From) || t.p.blocks(domainOf(t.a.From)))
}

func (t *turn) dmarc(args []string) bool {
	if t.verdict().DMARC != mailauth.Fail {
		return false
	}
	return args[0] == "fail" || t.report.DMARC.Policy == args[0]
}

// always and badLogin report whether the server itself refuses. It refuses an attempt to log in only if it has to
// know the credentials for that.
func always([]string) bool { return true }

func badLogin(args []string) bool { return args[0] != "missing" && args[0] != "clear" }

// login reports whether the client has not proved its identity, in the given way.
func (t *turn) login(args []string) bool {
	switch args[0] {
	case "missing":
		return t.a.User == ""
	case "clear":
		return !t.a.Encrypted
	case "malformed":
		return strings.HasPrefix(t.own, "501")
	case "off":
		return strings.HasPrefix(t.own, "535") && t.p.withoutCode(t.a.User)
	}
	return strings.HasPrefix(t.own, "535")
}
