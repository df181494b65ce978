package provider

// Turns as the policies of a provider see them, and the rules by which a server asks the policies.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

// role is a provider on one port of one host.
type role struct {
	p       *Provider
	service *service
	host    string
	port    int
}

// turn is a turn of a client at a role.
type turn struct {
	role
	a      *mailtest.Attempt
	policy *policy // the policy that is being checked
	limit  limit
	own    string // the refusal of the server itself, or empty

	about    string // the address that the refusal is about
	finding  string // the lint rule that it is about
	report   *mailauth.Report
	verdicts mailauth.Verdict
}

// connection returns a name that is unique among the connections of the provider.
func (t *turn) connection() string { return fmt.Sprintf("%s:%d#%d", t.host, t.port, t.a.Session) }

// accepted returns the recipients so far.
func (t *turn) accepted() []string {
	to := make([]string, len(t.a.Recipients))
	for i, r := range t.a.Recipients {
		to[i] = r.Address
	}
	return to
}

// verdict returns the verdict of mailauth on the message or, before there is one, on the sender.
func (t *turn) verdict() mailauth.Verdict {
	if t.report == nil {
		v, report := t.p.dns.authenticate(t.a)
		t.verdicts, t.report = v, &report
	}
	return t.verdicts
}

// refusal returns the first policy that refuses the turn, or nil.
func (t *turn) refusal() *policy {
	for _, pol := range t.p.def.policies {
		if !pol.atStage(t.a.Stage) || !pol.serves(t.service) || pol.rewords() != (t.own != "") {
			continue
		}
		on, l := t.p.isOn(pol)
		if !on {
			continue
		}
		t.policy, t.limit, t.about = pol, l, ""
		if !slices.ContainsFunc(pol.when, func(c test) bool { return !c.fits(t, c.args) }) {
			return pol
		}
	}
	return nil
}

// rules returns the rules by which a server asks the policies. For each stage there are two: one for the policies
// that end the connection, and one for the others.
func (r role) rules() []mailtest.Rule {
	var pending sync.Map // *mailtest.Attempt → the reply to it, from When to Answer
	answer := func(a *mailtest.Attempt) string {
		reply, _ := pending.LoadAndDelete(a)
		return reply.(string)
	}
	var rules []mailtest.Rule
	for _, stage := range [...]mailtest.Stage{
		mailtest.Greeting, mailtest.Helo, mailtest.Auth, mailtest.Mail, mailtest.Rcpt, mailtest.Data, mailtest.Dot, mailtest.Unknown,
	} {
		if !slices.ContainsFunc(r.p.def.policies, func(pol *policy) bool { return pol.atStage(stage) && pol.serves(r.service) }) {
			continue
		}
		rules = append(rules, mailtest.Rule{At: stage, Drop: mailtest.Close, AfterReply: true, ReplyFunc: answer,
			When: func(a *mailtest.Attempt) bool {
				t := &turn{role: r, a: a}
				pol := t.refusal()
				if pol == nil {
					return false
				}
				pending.Store(a, t.encode(pol))
				return pol.closes
			},
		}, mailtest.Rule{At: stage, ReplyFunc: answer, When: func(a *mailtest.Attempt) bool {
			_, refused := pending.Load(a)
			return refused
		}})
	}
	return rules
}

// reword returns the words of the provider for a reply of the server.
func (r role) reword(a *mailtest.Attempt, reply string) string {
	t := &turn{role: r, a: a}
	if reply[0] != '2' && reply[0] != '3' {
		t.own = reply
		if pol := t.refusal(); pol != nil {
			return t.encode(pol)
		}
		return r.plain(reply)
	}
	words := r.service.words[r.saying(a, reply)]
	switch {
	case words == "":
		return r.plain(reply)
	case a.Stage == mailtest.Helo && a.Encrypted:
		words = without(words, "STARTTLS")
	}
	return t.fill(words)
}

// saying returns the key of the provider's words for a positive reply.
func (r role) saying(a *mailtest.Attempt, reply string) string {
	switch a.Stage {
	case mailtest.Greeting:
		return "greeting"
	case mailtest.Helo:
		switch {
		case len(a.Command) >= 4 && strings.EqualFold(a.Command[:4], "HELO"):
			return "helo"
		case a.Encrypted && r.service.words["ehlo-tls"] != "":
			return "ehlo-tls"
		}
		return "ehlo"
	case mailtest.Auth, mailtest.AuthStep:
		switch {
		case strings.HasPrefix(reply, "235"):
			return "auth"
		case strings.EqualFold(reply, "334 VXNlcm5hbWU6"): // "Username:"
			return "prompt-user"
		case strings.EqualFold(reply, "334 UGFzc3dvcmQ6"): // "Password:"
			return "prompt-password"
		}
		return ""
	}
	return strings.ToLower(a.Stage.String())
}

// plain removes the enhanced codes from a reply of the server if the provider does not offer them (RFC 2034 §4).
func (r role) plain(reply string) string {
	if strings.Contains(r.service.words["ehlo"], "ENHANCEDSTATUSCODES") {
		return reply
	}
	var out strings.Builder
	for line := range strings.Lines(reply) {
		if code, rest, ok := strings.Cut(line[min(4, len(line)):], " "); ok && strings.Count(code, ".") == 2 && strings.Trim(code, "0123456789.") == "" {
			line = line[:4] + rest
		}
		out.WriteString(line)
	}
	return out.String()
}

// without removes the line with a keyword from an EHLO reply.
func without(reply, keyword string) string {
	lines := strings.Split(reply, "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return len(line) > 4 && strings.EqualFold(line[4:], keyword) })
	for i := range lines {
		if i == len(lines)-1 && len(lines[i]) > 3 {
			lines[i] = lines[i][:3] + " " + lines[i][4:]
		}
	}
	return strings.Join(lines, "\n")
}

// announced returns the SIZE parameter of a MAIL command (RFC 1870), or 0 if there is none.
func announced(command string) int64 {
	for param := range strings.FieldsSeq(command) {
		if key, value, _ := strings.Cut(param, "="); strings.EqualFold(key, "SIZE") {
			n, err := strconv.ParseInt(value, 10, 64)
			if err == nil {
				return n
			}
		}
	}
	return 0
}
