package provider

// The installation of a definition: it becomes the records and hosts of an internet.

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/sasl"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// install adds a provider to an internet.
func install(inet *mxmock.Internet, d *definition, customers []string) (*Provider, error) {
	p := &Provider{
		Name: d.name, def: d, dns: resolver{inet.Resolver()},
		mailboxes: make(map[string]State), block: make(map[string]bool), on: make(map[*policy]bool), limits: make(map[*policy]limit),
		counters: make(map[counterKey]*counter), first: make(map[newKey]time.Time),
	}
	domains, err := withCustomers(d, customers)
	if err != nil {
		return nil, err
	}
	for _, dom := range domains {
		p.Domains = append(p.Domains, dom.names...)
	}
	for _, s := range d.services {
		if err := p.serve(inet, s); err != nil {
			return nil, err
		}
	}
	records := slices.Clone(d.records)
	for _, dom := range domains {
		for _, name := range dom.names {
			hosts := inet.MX(name, dom.mx...)
			if len(dom.mx) == 0 {
				hosts = []*mxmock.Host{inet.Host(name)}
			}
			if len(p.MX) == 0 {
				p.MX = slices.DeleteFunc(slices.Clone(hosts), func(h *mxmock.Host) bool { return h == nil })
			}
			if dom.spf != "" {
				records = append(records, txt(name, dom.spf))
			}
			if dom.dmarc != "" {
				records = append(records, txt("_dmarc."+name, dom.dmarc))
			}
			if dom.sts != nil {
				if err := dom.sts.publish(inet, name); err != nil {
					return nil, err
				}
			}
		}
	}
	return p, inet.AddZone(strings.Join(records, "\n") + "\n")
}

// withCustomers returns the domains of a definition, with the customers in place of "*".
func withCustomers(d *definition, customers []string) ([]domain, error) {
	var domains []domain
	template := false
	customers = slices.Clone(customers)
	for i, name := range customers {
		customers[i] = domainOf(name)
	}
	for _, dom := range d.domains {
		if dom.names[0] != "*" {
			domains = append(domains, dom)
			continue
		}
		template = true
		if len(customers) > 0 {
			dom.names = customers
			domains = append(domains, dom)
		}
	}
	if len(customers) > 0 && !template {
		return nil, fmt.Errorf("it has no customers with domains of their own, and so not %s", strings.Join(customers, " "))
	}
	for _, name := range customers {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	if len(domains) == 0 {
		return nil, errors.New("it serves the domains of customers; name at least one")
	}
	return domains, nil
}

// serve sets up a service on its hosts.
func (p *Provider) serve(inet *mxmock.Internet, s *service) error {
	submission := strings.HasPrefix(s.name, "submission")
	for _, name := range s.hosts {
		host := inet.Host(name)
		if submission && p.Submission == nil {
			p.Submission = host
		}
		for _, port := range s.ports {
			server := host.Server(port)
			if server.Reword != nil {
				return fmt.Errorf("%s:%d is that of a provider that was added before; each can be added once", name, port)
			}
			r := role{p, s, name, port}
			server.Rules, server.Reword = r.rules(), r.reword
			server.StartTLS = s.offers("STARTTLS")
			server.Mechanisms = s.mechanisms()
			if server.MaxSize = s.size; p.refusesBySize(s) {
				server.MaxSize = math.MaxInt64 // the policy refuses large messages
			}
			if submission {
				p.servers = append(p.servers, server)
			}
		}
	}
	return nil
}

// refusesBySize reports whether a policy decides what is too large for a service. The service must have an EHLO
// reply of its own; otherwise that of the server would announce the limit of the server.
func (p *Provider) refusesBySize(s *service) bool {
	return s.words["ehlo"] != "" && slices.ContainsFunc(p.def.policies, func(pol *policy) bool {
		return pol.serves(s) && pol.answersTo("size")
	})
}

// offers reports whether the EHLO reply has a keyword.
func (s *service) offers(keyword string) bool {
	for line := range strings.Lines(s.words["ehlo"]) {
		if len(line) > 4 && strings.EqualFold(strings.TrimSpace(line[4:]), keyword) {
			return true
		}
	}
	return false
}

// mechanisms returns the mechanisms of AUTH, before or after STARTTLS, as far as a server can offer them; the EHLO reply
// names the others too. They are never nil, which would mean the defaults.
func (s *service) mechanisms() []string {
	mechanisms := []string{}
	for line := range strings.Lines(s.words["ehlo"] + "\n" + s.words["ehlo-tls"]) {
		fields := strings.Fields(line[min(4, len(line)):])
		if len(fields) > 1 && strings.EqualFold(fields[0], "AUTH") {
			for _, m := range fields[1:] {
				if slices.Contains(sasl.Mechanisms(sasl.Users{}), m) && !slices.Contains(mechanisms, m) {
					mechanisms = append(mechanisms, m)
				}
			}
		}
	}
	return mechanisms
}

// txt returns a TXT record in master format, in strings of at most 255 bytes (RFC 1035 §3.3).
func txt(name, text string) string {
	var b strings.Builder
	b.WriteString(dns.Fqdn(name) + " TXT")
	for chunk := range slices.Chunk([]byte(text), 255) {
		fmt.Fprintf(&b, " \"%s\"", strings.NewReplacer(`\`, `\\`, `"`, `\"`, ";", `\;`).Replace(string(chunk)))
	}
	return b.String()
}
