package mxmock

// The check of the whole internet, which finds records and hosts that disagree.

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// Check looks for records and hosts that disagree. It returns nil if there are none, and otherwise
// an error that lists each on a line of its own, with the RFC section that it violates:
//
//   - MX and SRV records whose target has no address, is an alias, is an address itself, or is not
//     a host that listens on that port
//   - a null MX beside others, or with a preference other than 0
//   - hosts whose addresses differ from those in the DNS, and addresses whose PTR record names
//     something else
//   - aliases whose target does not exist
//   - two SPF, DMARC, MTA-STS or TLS-RPT records at one name, an SPF record without a space
//     after its version, as from a text in pieces, MTA-STS without its web server
//   - MX hosts that the domain's own MTA-STS policy does not name
//   - TLSA records that do not match the key of the mail server
//   - mail servers without STARTTLS that have TLSA records or an MTA-STS policy to enforce: senders
//     that know these deliver nothing there
//
// Check is useful in tests that write zones by hand, and not in those that break the world on
// purpose.
func (n *Internet) Check() error {
	c := &checker{inet: n}
	sets := make(map[string][]dns.RR)
	for _, rr := range n.db.Records() {
		key := strings.ToLower(rr.Header().Name) + " " + dns.Type(rr.Header().Rrtype).String()
		sets[key] = append(sets[key], rr)
	}
	for _, rrs := range sets {
		c.set(rrs)
	}
	for _, h := range n.Hosts() {
		c.host(h)
	}
	slices.Sort(c.found)
	errs := make([]error, len(c.found))
	for i, text := range c.found {
		errs[i] = errors.New("mxmock: " + text)
	}
	return errors.Join(errs...)
}

// checker collects the disagreements.
type checker struct {
	inet  *Internet
	found []string
}

func (c *checker) wrong(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// set checks the records of one name and type.
func (c *checker) set(rrs []dns.RR) {
	name := strings.TrimSuffix(rrs[0].Header().Name, ".")
	for _, rr := range rrs {
		switch rr := rr.(type) {
		case *dns.MX:
			c.mx(name, rr, len(rrs))
		case *dns.SRV:
			c.target(name+" SRV", rr.Target, int(rr.Port), "RFC 2782")
		case *dns.CNAME:
			c.alias(name, rr.Target)
		case *dns.TLSA:
			c.tlsa(name, rr)
		}
	}
	for _, rr := range rrs {
		txt, ok := rr.(*dns.TXT)
		switch {
		case !ok || !strings.HasPrefix(strings.Join(txt.Txt, ""), "v=spf1") || isVersion(rr, "v=spf1"):
		case len(txt.Txt) == 1:
			c.wrong("%s TXT: %q is not an SPF record, though it begins like one; there is no space after the version (RFC 7208 §4.5)", name, txt.Txt[0])
		default:
			c.wrong("%s TXT: %q is not an SPF record, though it begins like one; the strings of a record are joined without spaces, so put "+
				"the whole text in quotation marks (RFC 7208 §3.3)", name, strings.Join(txt.Txt, ""))
		}
	}
	for _, version := range []string{"v=spf1", "v=DMARC1;", "v=STSv1;", "v=TLSRPTv1;"} {
		count := 0
		for _, rr := range rrs {
			if isVersion(rr, version) {
				count++
			}
		}
		if count > 1 {
			c.wrong("%s: %d TXT records with %s, and so none counts (RFC 7208 §4.5, RFC 9989 §4.10, RFC 8461 §3.1, RFC 8460 §3)", name, count, version)
		}
		if domain, ok := strings.CutPrefix(name, "_mta-sts."); ok && count == 1 && version == "v=STSv1;" {
			c.target(name+" TXT", "mta-sts."+domain+".", 443, mtaSTS)
		}
	}
}

func (c *checker) mx(name string, mx *dns.MX, count int) {
	switch {
	case mx.Mx != ".":
		c.target(name+" MX", mx.Mx, 25, "RFC 5321 §5.1")
		c.policy(name+" MX", c.inet.policyOf(name), mx.Mx)
	case count > 1:
		c.wrong("%s: a null MX beside other MX records (RFC 7505 §3)", name)
	case mx.Preference != 0:
		c.wrong("%s: a null MX with preference %d, want 0 (RFC 7505 §3)", name, mx.Preference)
	}
}

// mtaSTS is the section about policy hosts, which are the only hosts that may be aliases (RFC 8461 §8.2).
const mtaSTS = "RFC 8461 §3.3"

// target checks that a host that a record names exists and listens.
func (c *checker) target(what, target string, port int, section string) {
	if target == "." {
		return
	}
	host := strings.TrimSuffix(target, ".")
	if isAddress(host) {
		c.wrong("%s: %s is an address, want the name of a host (%s)", what, host, section)
		return
	}
	if section != mtaSTS && c.inet.canonical(target) != target {
		c.wrong("%s: %s is an alias (RFC 2181 §10.3)", what, host)
	}
	addrs := c.inet.addresses(target)
	if len(addrs) == 0 {
		c.wrong("%s: %s has no address (%s)", what, host, section)
	}
	for _, addr := range addrs {
		switch h := c.inet.hostWith(addr); {
		case h == nil:
			c.wrong("%s: %s has the address %v, which is that of no host", what, host, addr)
		case h.service(port) == nil:
			c.wrong("%s: nobody listens on port %d of %s (%v)", what, port, host, addr)
		}
	}
}

// hostWith returns the host with an address, or nil.
func (n *Internet) hostWith(addr netip.Addr) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byAddr[addr]
}

func (c *checker) alias(name, target string) {
	r := c.inet.db.LookUp(target, dns.TypeA)
	if r.Rcode != dns.RcodeSuccess {
		c.wrong("%s: the alias leads to %s, for which the answer is %s", name, strings.TrimSuffix(target, "."), dns.RcodeToString[r.Rcode])
	}
}

// tlsa compares a TLSA record with the key of the mail server.
func (c *checker) tlsa(name string, rr *dns.TLSA) {
	port, proto, host := 0, "", ""
	if n, _ := fmt.Sscanf(strings.Replace(name, ".", " ", 2), "_%d _%s %s", &port, &proto, &host); n != 3 || proto != "tcp" {
		return
	}
	h := c.inet.hostNamed(c.inet.canonical(host + ".")) // an alias can have TLSA records (RFC 7672 §2.2.3)
	if h == nil {
		c.wrong("%s: there is no host %s", name, host)
		return
	}
	if port == 25 {
		c.startTLS(name, h, "a TLSA record requires (RFC 7672 §2.2)")
	}
	if _, ok := h.service(port).(*mailService); !ok || rr.Usage != 3 || rr.Selector != 1 || rr.MatchingType != 1 {
		return
	}
	if hash, err := h.keyHash(host, port); err == nil && !strings.EqualFold(hash, rr.Certificate) {
		c.wrong("%s: the server on port %d of %s has another key (RFC 6698 §2.1)", name, port, host)
	}
}

// policy checks that an MTA-STS policy names an MX host of its domain and, if it is to be enforced, that the host offers
// STARTTLS.
func (c *checker) policy(what string, p policy, exchanger string) {
	mode, patterns := p.read()
	if mode == "enforce" {
		c.startTLS(what, c.inet.hostNamed(exchanger), "an MTA-STS policy requires (RFC 8461 §5)")
	}
	host := strings.TrimSuffix(exchanger, ".")
	names := func(pattern string) bool {
		if parent, ok := strings.CutPrefix(pattern, "*."); ok {
			_, rest, _ := strings.Cut(host, ".")
			return strings.EqualFold(rest, parent)
		}
		return strings.EqualFold(host, pattern)
	}
	if p.text != "" && mode != "" && mode != "none" && !slices.ContainsFunc(patterns, names) {
		c.wrong("%s: the MTA-STS policy does not name %s (RFC 8461 §4.1)", what, host)
	}
}

// startTLS checks that a host, if there is one, offers on port 25 what something requires.
func (c *checker) startTLS(name string, h *Host, requires string) {
	mail, ok := h.service(25).(*mailService)
	if !ok {
		return
	}
	if s := mail.server(); !s.StartTLS && !s.ImplicitTLS {
		c.wrong("%s: the mail server of %s does not offer STARTTLS, which %s", name, h.name, requires)
	}
}

// host compares the addresses of a host with those in the DNS.
func (c *checker) host(h *Host) {
	c.inet.mu.Lock()
	addrs := slices.Clone(h.addrs)
	c.inet.mu.Unlock()
	known := c.inet.addresses(h.fqdn)
	for _, addr := range known {
		if !slices.Contains(addrs, addr) {
			c.wrong("%s: the DNS has the address %v, which the host does not have", h.name, addr)
		}
	}
	for _, addr := range addrs {
		if !slices.Contains(known, addr) {
			c.wrong("%s: the DNS does not have the address %v of the host", h.name, addr)
		}
		names := c.inet.records(dnstext.ReverseName(addr), dns.TypePTR)
		if len(names) == 0 {
			c.wrong("%s: there is no PTR record for %v (RFC 1912 §2.1)", h.name, addr)
		}
		for _, rr := range names {
			name := rr.(*dns.PTR).Ptr
			if !slices.Contains(c.inet.addresses(name), addr) {
				c.wrong("%s: the PTR record for %v says %s, which does not have that address (RFC 1912 §2.1)", h.name, addr, strings.TrimSuffix(name, "."))
			}
		}
	}
}
