package mailauth

// This file decides whether a client may send for a domain (RFC 7208 §4).

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// SPF is the result of checking one identity.
type SPF struct {
	// Result is any of the outcomes except [Policy].
	Result Result

	// Reason says why, in a sentence.
	Reason string

	// Identity is "mailfrom" or "helo", and Sender is that identity in full. The identity of a
	// message with the null sender is "postmaster@" and the HELO name (RFC 7208 §2.4).
	Identity string
	Sender   string

	// Domain is the domain whose record was looked up.
	Domain string

	// Client is the address of the client. It is empty if the message did not come by SMTP.
	Client string

	// Record is the SPF record of Domain. It is empty if there is none.
	Record string

	// Matched lists the terms that matched, each with the domain whose record has it:
	// "shop.example: include:esp.example", then "esp.example: ip4:192.0.2.0/24". It is empty if
	// nothing matched.
	Matched []string

	// Lookups is the number of terms that required DNS look-ups, of which 10 are allowed, and Voids
	// is the number of look-ups that found nothing, of which 2 are allowed (RFC 7208 §4.6.4). The
	// evaluation ends when a limit is exceeded.
	Lookups int
	Voids   int

	// Explanation is the domain's explanation of a Fail (RFC 7208 §6.2), or empty. It is untrusted
	// text; one of more than 4096 bytes is ignored.
	Explanation string
}

// The limits of RFC 7208 §4.6.4: of terms that look something up, of look-ups that find nothing, and
// of names that one mx, or one ptr, may have.
const (
	maxLookups = 10
	maxVoids   = 2
	maxNames   = 10
)

// maxIdentity bounds an identity, in bytes: several times what RFC 5321 §4.5.3.1 allows, and little
// enough for a record that is full of macros.
const maxIdentity = 1000

// maxExplanation bounds an explanation, in bytes: nobody would read a longer one, nor is there an
// SMTP reply for it.
const maxExplanation = 4096

// spfCheck is one evaluation.
type spfCheck struct {
	dns            *lookup
	client         netip.Addr
	local, sender  string // the two sides of the identity
	helo           string
	lookups, voids int
	names          []string // what the client is called, and what that was confirmed for
	named          bool     // names is set
}

// outcome is the result for one domain.
type outcome struct {
	result  Result
	reason  string
	matched []string
	record  string
	exp     string // exp= of the record that decided
	domain  string // and its domain
}

// checkSPF checks both identities.
func checkSPF(dns *lookup, e *mailtest.Envelope) (mailFrom, helo SPF) {
	helo = checkIdentity(dns, e, "helo", "postmaster@"+e.Helo)
	if e.From == "" {
		mailFrom = helo
		mailFrom.Identity = "mailfrom"
		return mailFrom, helo
	}
	return checkIdentity(dns, e, "mailfrom", e.From), helo
}

// checkIdentity checks a sender.
func checkIdentity(dns *lookup, e *mailtest.Envelope, identity, sender string) SPF {
	s := SPF{Result: None, Identity: identity, Sender: sender}
	at := strings.LastIndexByte(sender, '@')
	s.Domain = strings.TrimSuffix(ascii(sender[at+1:]), ".")
	if len(sender) > maxIdentity {
		s.Reason = fmt.Sprintf("the identity has %d bytes, which is no address", len(sender))
		return s
	}
	peer, err := netip.ParseAddrPort(e.Client)
	if err != nil {
		s.Reason = "the message has no client address: it did not come by SMTP"
		return s
	}
	client := peer.Addr().Unmap().WithZone("")
	s.Client = client.String()
	c := &spfCheck{dns: dns, client: client, local: sender[:max(at, 0)], sender: s.Domain, helo: e.Helo[:min(len(e.Helo), maxIdentity)]}
	if c.local == "" {
		c.local = "postmaster" // RFC 7208 §4.3
	}
	o := c.host(s.Domain)
	s.Result, s.Reason, s.Record, s.Matched = o.result, o.reason, o.record, o.matched
	s.Lookups, s.Voids = c.lookups, c.voids
	if o.result == Fail && o.exp != "" {
		s.Explanation = c.explain(o.exp, o.domain)
	}
	return s
}

// host is the function check_host of RFC 7208 §4.
func (c *spfCheck) host(domain string) (o outcome) {
	o = outcome{result: None, domain: domain}
	if !validName(domain) || !strings.Contains(domain, ".") {
		o.reason = fmt.Sprintf("%q is not a domain name with a dot", clip(domain))
		return o
	}
	txts, err := c.dns.txt(domain)
	if err != nil {
		o.result, o.reason = TempError, fmt.Sprintf("the SPF record of %s can't be had: %v", domain, err)
		return o
	}
	txts = slices.DeleteFunc(slices.Clone(txts), func(txt string) bool { return !isSPF(txt) })
	switch len(txts) {
	case 0:
		o.reason = domain + " has no SPF record"
		return o
	case 1:
		o.record = txts[0]
	default:
		o.result, o.reason = PermError, fmt.Sprintf("%s has %d SPF records", domain, len(txts))
		return o
	}
	record, err := parseSPF(o.record)
	if err != nil {
		o.result, o.reason = PermError, fmt.Sprintf("the SPF record of %s is malformed: %v", domain, err)
		return o
	}
	for _, d := range record.directives {
		hit, inner, err := c.match(d, domain)
		if err != nil {
			o.result, o.reason = err.result, fmt.Sprintf("%s of %s: %s", d.text, domain, err.reason)
			return o
		}
		if hit {
			o.result, o.exp = d.result, record.exp
			o.matched = append([]string{domain + ": " + d.text}, inner...)
			o.reason = fmt.Sprintf("%v matches %s of %s", c.client, d.text, domain)
			return o
		}
	}
	if record.redirect == "" {
		o.result, o.reason = Neutral, fmt.Sprintf("%v matches nothing in the record of %s", c.client, domain)
		return o
	}
	return c.redirect(record.redirect, o)
}

// redirect goes on with the record of another domain (RFC 7208 §6.1).
func (c *spfCheck) redirect(spec string, o outcome) outcome {
	term := "redirect=" + spec
	if err := c.count(); err != nil {
		o.result, o.reason = err.result, fmt.Sprintf("%s of %s: %s", term, o.domain, err.reason)
		return o
	}
	next := c.host(c.expandDomain(spec, o.domain))
	if next.result == None {
		next.result, next.reason = PermError, fmt.Sprintf("%s of %s: %s", term, o.domain, next.reason)
	}
	if next.matched != nil {
		next.matched = append([]string{o.domain + ": " + term}, next.matched...)
	}
	next.record = o.record
	return next
}

// spfError ends an evaluation.
type spfError struct {
	result Result
	reason string
}

// count counts a term that looks something up.
func (c *spfCheck) count() *spfError {
	if c.lookups++; c.lookups > maxLookups {
		return &spfError{PermError, fmt.Sprintf("more than %d terms with look-ups", maxLookups)}
	}
	return nil
}

// found checks what a look-up came to, and counts those that found nothing.
func (c *spfCheck) found(n int, err error) *spfError {
	if err != nil {
		return &spfError{TempError, err.Error()}
	}
	if n > 0 {
		return nil
	}
	if c.voids++; c.voids > maxVoids {
		return c.tooManyVoids()
	}
	return nil
}

// tooManyVoids is what found says about one void look-up too many.
func (c *spfCheck) tooManyVoids() *spfError {
	return &spfError{PermError, fmt.Sprintf("more than %d look-ups that found nothing", maxVoids)}
}

// match reports whether the client matches a mechanism (RFC 7208 §5). For include, inner is what
// matched there.
func (c *spfCheck) match(d directive, domain string) (hit bool, inner []string, fault *spfError) {
	switch d.mechanism {
	case "all":
		return true, nil, nil
	case "ip4", "ip6":
		return d.network.Contains(c.client), nil, nil
	}
	if fault = c.count(); fault != nil {
		return false, nil, fault
	}
	target := c.expandDomain(d.domain, domain)
	switch d.mechanism {
	case "include":
		return c.include(target)
	case "a":
		hit, fault = c.matchAddr(target, d)
	case "mx":
		hit, fault = c.matchMX(target, d)
	case "exists":
		addrs, err := c.dns.addr("ip4", target)
		hit, fault = len(addrs) > 0, c.found(len(addrs), err)
	case "ptr":
		target = lower(target)
		for _, name := range c.clientNames() {
			hit = hit || within(name, target)
		}
		if c.voids > maxVoids {
			fault = c.tooManyVoids()
		}
	}
	return hit, nil, fault
}

// include evaluates the record of another domain (RFC 7208 §5.2).
func (c *spfCheck) include(target string) (hit bool, inner []string, fault *spfError) {
	switch o := c.host(target); o.result {
	case Pass:
		return true, o.matched, nil
	case TempError:
		return false, nil, &spfError{TempError, o.reason}
	case None, PermError:
		return false, nil, &spfError{PermError, o.reason}
	}
	return false, nil, nil
}

// matchAddr reports whether a name has the client's address, or one of the same network.
func (c *spfCheck) matchAddr(name string, d directive) (bool, *spfError) {
	network, length := "ip4", d.cidr4
	if c.client.Is6() {
		network, length = "ip6", d.cidr6
	}
	addrs, err := c.dns.addr(network, name)
	for _, a := range addrs {
		if prefix, err := a.Prefix(length); err == nil && prefix.Contains(c.client) {
			return true, nil
		}
	}
	return false, c.found(len(addrs), err)
}

// matchMX reports whether one of the mail exchangers of a name is the client.
func (c *spfCheck) matchMX(name string, d directive) (bool, *spfError) {
	hosts, err := c.dns.mx(name)
	if fault := c.found(len(hosts), err); fault != nil {
		return false, fault
	}
	if len(hosts) > maxNames {
		return false, &spfError{PermError, fmt.Sprintf("%s has %d mail exchangers, more than %d", name, len(hosts), maxNames)}
	}
	for _, host := range hosts {
		if hit, fault := c.matchAddr(host, d); hit || fault != nil {
			return hit, fault
		}
	}
	return false, nil
}

// clientNames returns the names of the client that have its address in turn (RFC 7208 §5.5). What can't be
// looked up is passed over.
func (c *spfCheck) clientNames() []string {
	if c.named {
		return c.names
	}
	c.named = true
	names, err := c.dns.ptr(c.client)
	if c.found(len(names), err) != nil {
		return nil
	}
	network := "ip4"
	if c.client.Is6() {
		network = "ip6"
	}
	for _, name := range names[:min(len(names), maxNames)] {
		addrs, err := c.dns.addr(network, name)
		if c.found(len(addrs), err) != nil {
			continue
		}
		if slices.Contains(addrs, c.client) {
			c.names = append(c.names, strings.TrimSuffix(lower(name), "."))
		}
	}
	return c.names
}

// clientName is the macro %{p}: the domain itself if the client has that name, or else a name
// below it, or else any (RFC 7208 §7.3).
func (c *spfCheck) clientName(domain string) string {
	names := c.clientNames()
	if slices.Contains(names, lower(domain)) {
		return domain
	}
	for _, name := range names {
		if within(name, lower(domain)) {
			return name
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return "unknown"
}

// explain returns the explanation of a fail, or "" if it can't be had for any reason (RFC 7208 §6.2).
func (c *spfCheck) explain(spec, domain string) string {
	txts, err := c.dns.txt(c.expandDomain(spec, domain))
	if err != nil || len(txts) != 1 || checkMacros(txts[0], true) != nil {
		return ""
	}
	if text := c.expand(txts[0], domain, true); len(text) <= maxExplanation {
		return text
	}
	return ""
}
