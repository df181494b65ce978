package inspect

// The JSON API: adding and removing rules.

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/ruletext"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// dnsPlace stands for the DNS where rules name a host.
const dnsPlace = "dns"

// addedRule is a rule that was added by the API.
type addedRule struct {
	host string
	text string
	add  func()
}

// mostRules is the maximum size in bytes of the rules in a request.
const mostRules = 1 << 20

func (p *Page) listRules(*http.Request) (any, *failure) {
	p.rulesMu.Lock()
	defer p.rulesMu.Unlock()
	return rulesOf(p.rules), nil
}

func (p *Page) addRules(r *http.Request) (any, *failure) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, mostRules))
	if err != nil {
		return nil, fail(http.StatusBadRequest, "reading the rules: %v", err)
	}
	var added []addedRule
	err = ruletext.Read("rules", body, func(line ruletext.Line) error {
		rule, err := p.readRule(line)
		added = append(added, rule)
		return err
	})
	switch {
	case err != nil:
		return nil, fail(http.StatusBadRequest, "%v", err)
	case len(added) == 0:
		return nil, fail(http.StatusBadRequest, `there is no rule; want one on each line, such as: mx1.qq.com At: Rcpt, Reply: "451 4.7.1 Later"`)
	}
	p.rulesMu.Lock()
	defer p.rulesMu.Unlock()
	for _, rule := range added {
		rule.add()
	}
	p.rules = append(p.rules, added...)
	return rulesOf(p.rules), nil
}

// readRule reads a rule of a host or of the DNS.
func (p *Page) readRule(line ruletext.Line) (addedRule, error) {
	if line.Place == dnsPlace {
		inet, ok := p.Source.(*mxmock.Internet)
		if !ok {
			return addedRule{}, errors.New("there is no DNS that could have rules")
		}
		var rule mxmock.DNSRule
		if err := rule.UnmarshalText(line.Rule); err != nil {
			return addedRule{}, err
		}
		text, err := rule.MarshalText()
		return addedRule{dnsPlace, string(text), func() { inet.AddDNSRules(rule) }}, err
	}
	var rule mailtest.Rule
	if err := rule.UnmarshalText(line.Rule); err != nil {
		return addedRule{}, err
	}
	text, err := rule.MarshalText()
	if err != nil {
		return addedRule{}, err
	}
	hosts := hostsOf(p.Source)
	names := make([]string, len(hosts))
	for i, h := range hosts {
		if h.name == line.Place || line.Place == "" && len(hosts) == 1 {
			return addedRule{h.name, string(text), func() { h.server.AddRules(rule) }}, nil
		}
		names[i] = h.name
	}
	if line.Place == "" {
		return addedRule{}, errors.New("a rule must begin with a host; there are " + strings.Join(names, ", "))
	}
	return addedRule{}, errors.New("there is no mail server " + line.Place + "; there are " + strings.Join(names, ", "))
}

func (p *Page) deleteRules(*http.Request) (any, *failure) {
	p.rulesMu.Lock()
	defer p.rulesMu.Unlock()
	for _, h := range hostsOf(p.Source) {
		h.server.RemoveRules()
	}
	if inet, ok := p.Source.(*mxmock.Internet); ok {
		inet.RemoveDNSRules()
	}
	p.rules = nil
	return rulesOf(nil), nil
}
