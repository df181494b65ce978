package provider

// The reader of the policies of a definition.

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func (p *parser) policy(d *definition, b block) {
	if !p.heading(b, 1, 1) {
		return
	}
	pol := &policy{line: b.line, name: b.args[0], on: "mx"}
	p.each(b, p.withOrigin(&pol.origin, map[string]func(prop){
		"at": func(pr prop) {
			for name := range strings.FieldsSeq(pr.value) {
				stage := stages[name]
				if stage == 0 {
					p.fail(pr.line, "there is no stage %q; there are connect, helo, auth, mail, rcpt, data, dot and command", name)
				}
				pol.at = append(pol.at, stage)
			}
		},
		"on":    func(pr prop) { pol.on = pr.value },
		"when+": func(pr prop) { p.when(pol, pr) },
		"reply+": func(pr prop) {
			pol.reply = join(pol.reply, pr.value)
		},
		"charset": func(pr prop) {
			enc, err := htmlindex.Get(pr.value)
			if err != nil {
				p.fail(pr.line, "the charset %q is not known", pr.value)
			}
			pol.charset = enc
		},
		"close": func(prop) { pol.closes = true },
		"default": func(pr prop) {
			if pr.value != "off" {
				p.fail(pr.line, "a default is \"off\", not %q; without that line the policy is on", pr.value)
			}
			pol.off = true
		},
		"limit": func(pr prop) { pol.limit = p.limit(pr) },
	}))
	p.checkPolicy(b, pol)
	p.needsOrigin(b, pol.origin)
	d.policies = append(d.policies, pol)
}

// when reads a condition and its arguments.
func (p *parser) when(pol *policy, pr prop) {
	fields := strings.Fields(pr.value)
	if len(fields) == 0 {
		p.fail(pr.line, "a condition must follow when")
		return
	}
	c := conditions[fields[0]]
	if c == nil {
		p.fail(pr.line, "there is no condition %q; there are %s", fields[0], strings.Join(conditionNames(), ", "))
		return
	}
	t := test{fields[0], fields[1:], c}
	if err := c.check(t.args); err != nil {
		p.fail(pr.line, "%s: %v", t.name, err)
	}
	pol.when = append(pol.when, t)
}

// limit reads "100 1h", or "100" without a period.
func (p *parser) limit(pr prop) limit {
	fields := strings.Fields(pr.value)
	var l limit
	var err error
	if len(fields) > 0 {
		l.n, err = strconv.Atoi(fields[0])
	}
	if len(fields) > 1 && err == nil {
		l.per, err = time.ParseDuration(fields[1])
	}
	if err != nil || len(fields) == 0 || len(fields) > 2 || l.n < 1 || l.per < 0 {
		p.fail(pr.line, "%q is not a number, or a number and a time such as \"100 1h\"", pr.value)
	}
	return l
}

// checkPolicy checks that the parts of a policy go together.
func (p *parser) checkPolicy(b block, pol *policy) {
	for _, key := range [...]string{"at", "when", "reply"} {
		if p.lineOf(b, key) == b.line {
			p.fail(b.line, "policy %s has no %s", pol.name, key)
		}
	}
	if conditions[pol.name] != nil {
		p.fail(b.line, "%s is the name of a condition, and so can't be that of a policy", pol.name)
	}
	if pol.reply != "" {
		p.reply(p.lineOf(b, "reply"), pol.reply)
		if c := pol.reply[0]; c != '4' && c != '5' {
			p.fail(p.lineOf(b, "reply"), "a policy refuses, so its reply begins with 4 or 5")
		}
		pol.closes = pol.closes || strings.HasPrefix(pol.reply, "421")
		if pol.charset != nil {
			if _, err := pol.charset.NewEncoder().String(pol.reply); err != nil {
				p.fail(p.lineOf(b, "charset"), "the reply has characters that are not in the charset")
			}
		}
	}
	counts := false
	for i, t := range pol.when {
		for _, stage := range pol.at {
			if len(t.stages) > 0 && !slices.Contains(t.stages, stage) {
				p.fail(b.line, "%s can't be known at %s", t.name, stageName(stage))
			}
		}
		if t.counts && i < len(pol.when)-1 {
			p.fail(b.line, "%s has to be the last condition", t.name)
		}
		counts = counts || t.counts
	}
	switch limited := pol.limit.n != 0; {
	case limited && !counts:
		p.fail(b.line, "there is a limit, and nothing is counted")
	case counts && !limited:
		p.fail(b.line, "something is counted, and there is no limit")
	}
}

// replyLine matches a line of a reply (RFC 5321 §4.2).
var replyLine = regexp.MustCompile(`^[2-5][0-9]{2}([ -].*)?$`)

// reply checks the form of a reply and its placeholders.
func (p *parser) reply(line int, reply string) {
	lines := strings.Split(reply, "\n")
	for i, l := range lines {
		switch {
		case !replyLine.MatchString(l):
			p.fail(line, "%q is not a line of a reply", l)
			return
		case l[:3] != lines[0][:3]:
			p.fail(line, "the code of %q differs from that of the first line", l)
		case strings.HasPrefix(l[3:], "-") != (i < len(lines)-1):
			p.fail(line, "%q: a hyphen must follow the code on all lines of a reply but the last", l)
		case len(l) > 1024:
			p.fail(line, "a line of the reply is longer than 1024 bytes")
		case strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r == 0x7f }):
			p.fail(line, "%q has a control character in it", l)
		}
	}
	for _, name := range placeholder.FindAllString(reply, -1) {
		if placeholders[strings.ToLower(name)] == nil {
			p.fail(line, "there is no placeholder %s; there are %s", name, strings.Join(placeholderNames(), " "))
		}
	}
}

// atStage reports whether a policy acts at a stage.
func (p *policy) atStage(s mailtest.Stage) bool {
	if s == mailtest.AuthStep {
		s = mailtest.Auth
	}
	return slices.Contains(p.at, s)
}
