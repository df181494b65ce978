package provider

// The types of a definition, and the checks of a definition as a whole. FORMAT.md describes the format.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/text/encoding"

	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// definition is the content of a file.
type definition struct {
	name     string // "qq.com"
	about    string
	domains  []domain
	records  []string // in master format, one a line
	services []*service
	policies []*policy
}

// origin is the source of a text.
type origin struct {
	confidence string // one of confidences
	date       string // 2026, 2026-09 or 2026-09-10; empty if unknown
	text       string
	notes      []string
}

// confidences say how well a text is known, the best first.
var confidences = [...]string{"capture", "log", "documentation", "guess"}

// domain has the DNS records of one or several domains.
type domain struct {
	line   int
	names  []string // "*" stands for the domains of customers
	mx     []string // "10 mx1.qq.com"
	spf    string
	dmarc  string
	sts    *stsPolicy
	origin origin
}

// service has the replies of hosts on some of their ports.
type service struct {
	line   int
	name   string // "mx", "submission", or one of these with "-" and something after it
	hosts  []string
	ports  []int
	size   int64 // 0: no limit is announced
	token  *token
	words  map[string]string // by the key of the file: "greeting", "ehlo" …; lines joined by "\n"
	origin origin
}

// policy is a refusal: its service and stages, its conditions, and its reply.
type policy struct {
	line    int
	name    string
	on      string // the name of a service; also of those whose names begin with it and "-"
	at      []mailtest.Stage
	when    []test
	reply   string
	charset encoding.Encoding // of the reply; nil is UTF-8
	closes  bool
	off     bool // until it is switched on
	limit   limit
	origin  origin
}

// limit is a number in a period. If per is 0, the period has no end.
type limit struct {
	n   int
	per time.Duration
}

// test is one condition of a policy, with its arguments.
type test struct {
	name string
	args []string
	*condition
}

// stages maps the names of stages in a file to stages. A refusal at auth replaces the reply to AUTH.
var stages = map[string]mailtest.Stage{
	"connect": mailtest.Greeting, "helo": mailtest.Helo, "auth": mailtest.Auth, "mail": mailtest.Mail, "rcpt": mailtest.Rcpt,
	"data": mailtest.Data, "dot": mailtest.Dot, "command": mailtest.Unknown,
}

// stageName returns the name of a stage in a file.
func stageName(s mailtest.Stage) string {
	for name, stage := range stages {
		if stage == s {
			return name
		}
	}
	return s.String()
}

// serves reports whether the policy applies to a service.
func (p *policy) serves(s *service) bool {
	return s.name == p.on || strings.HasPrefix(s.name, p.on+"-")
}

// rewords reports whether the policy only replaces the text of a refusal by the server.
func (p *policy) rewords() bool {
	return slices.ContainsFunc(p.when, func(t test) bool { return t.condition.rewords != nil && t.condition.rewords(t.args) })
}

// answersTo reports whether a name means the policy: it is its own, or that of one of its conditions.
func (p *policy) answersTo(name string) bool {
	if p.name == name {
		return true
	}
	for _, t := range p.when {
		if t.name == name {
			return true
		}
	}
	return false
}

// check looks for mistakes in a definition as a whole.
func (d *definition) check(fail func(line int, format string, args ...any)) {
	if d.name == "" {
		fail(1, "no provider: begin with a line such as \"provider qq.com\"")
	}
	if len(d.domains) == 0 {
		fail(1, "no domain: add a block such as \"domain qq.com\", with its mx lines")
	}
	seen := make(map[string]int)
	once := func(line int, what, name string) {
		if first := seen[what+" "+name]; first != 0 {
			fail(line, "%s %s is there already, on line %d", what, name, first)
		}
		seen[what+" "+name] = line
	}
	for _, s := range d.services {
		once(s.line, "service", s.name)
		for _, host := range s.hosts {
			for _, port := range s.ports {
				once(s.line, "service at", fmt.Sprintf("%s:%d", host, port))
			}
		}
	}
	for _, dom := range d.domains {
		for _, name := range dom.names {
			once(dom.line, "domain", name)
		}
		for _, host := range dom.exchangers() {
			if seen[fmt.Sprintf("service at %s:25", host)] == 0 {
				fail(dom.line, "no service is at %s:25, where the mail of %s goes", host, strings.Join(dom.names, " "))
			}
		}
	}
	for _, p := range d.policies {
		once(p.line, "policy", p.name)
		if !d.anyServes(p) {
			fail(p.line, "policy %s is on %s, and there is no such service", p.name, p.on)
		}
	}
}

func (d *definition) anyServes(p *policy) bool {
	for _, s := range d.services {
		if p.serves(s) {
			return true
		}
	}
	return false
}

// exchangers returns the hosts that take the mail of a domain: the domain itself if it has no MX record (RFC 5321
// §5.1), and none if its MX is null.
func (d *domain) exchangers() []string {
	if len(d.mx) == 0 {
		if d.names[0] == "*" {
			return nil
		}
		return d.names
	}
	var hosts []string
	for _, mx := range d.mx {
		if _, host, _ := strings.Cut(mx, " "); host != "." {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// checkRecord returns an error if a line of a master file is wrong.
func checkRecord(text string) error {
	_, err := zone.Parse(text, ".", "")
	var parse *zone.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("column %d: %w: %q", parse.Column, parse.Err, parse.Text)
	}
	return err
}

// checkName returns an error if the name of a host or a domain is wrong.
func checkName(name string) error {
	if labels, ok := dns.IsDomainName(name); !ok || labels < 2 || strings.ContainsFunc(name, notInName) {
		return fmt.Errorf("%q is not a domain name of two labels or more", name)
	}
	return nil
}

// notInName reports whether host names exclude a character (RFC 1123 §2.1); the underscore is allowed.
func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
}
