package mailauth

// This file checks a message against the wishes of its author's domain (RFC 9989).

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// DMARC is the result of checking the author's domain by RFC 9989, which replaced RFC 7489 in May
// 2026: organizational domains are found by a walk up the DNS tree instead of a list of public
// suffixes; pct= is gone; np=, psd= and t= are new.
type DMARC struct {
	// Result is [Pass] if SPF or a signature passes for a domain that is aligned with Domain, and
	// otherwise [Fail]. It is [None] if there is no record, [TempError] if DNS look-ups failed, and
	// [PermError] if the From field does not name exactly one domain.
	Result Result

	// Reason says why, in a sentence.
	Reason string

	// Domain is the author's domain: that of the From field, with A-labels. Organization is its
	// organizational domain.
	Domain, Organization string

	// Walk lists what the look-ups for the policy found, in order, such as "_dmarc.shop.example: no
	// record".
	Walk []string

	// Record is the policy record that applies, and RecordDomain the domain that has published it: Domain,
	// Organization, or a public suffix above it. Empty if there is none.
	Record, RecordDomain string

	// Policy is what the owner wants to be done with mail that fails: "none", "quarantine" or
	// "reject"; it is empty without a record. Tag is where it is from: "p", "sp" for subdomains, or
	// "np" for subdomains that don't exist.
	Policy, Tag string

	// Testing reports whether the record has t=y. Policy is then one step milder than published.
	Testing bool

	// Alignments are the identifiers, whether they passed or not: that of SPF, if it was checked,
	// and that of each signature.
	Alignments []Alignment
}

// Alignment compares one identifier with the author's domain (RFC 9989 §4.4).
type Alignment struct {
	// Method is "spf" or "dkim", Domain is the domain that it authenticates, and Result is its
	// outcome.
	Method string
	Domain string
	Result Result

	// Strict reports whether the record requires identical domains (aspf=s, adkim=s), instead of
	// domains of the same organization.
	Strict bool

	// Organization is the organizational domain of Domain. It is empty if Strict is set or if the
	// domain could not be found.
	Organization string

	// Aligned reports whether the domains match, whether or not the method passed.
	Aligned bool
}

// dmarcRecord is one policy record (RFC 9989 §4.7).
type dmarcRecord struct {
	text                  string
	domain                string
	p, sp, np             string // in lower case, "" where absent
	invalid               string // the first of these that has another value than it may, as written
	rua                   bool   // has a valid address for reports
	psd                   string // "y", "n" or "u"
	testing               bool
	strictSPF, strictDKIM bool
}

// parseDMARC reads a TXT record. It returns nil if that is not a policy record, which must begin with v=DMARC1. It
// ignores mistakes after that. If a tag comes twice, the first one counts.
func parseDMARC(text string) *dmarcRecord {
	version, rest, _ := strings.Cut(text, ";")
	name, value, _ := strings.Cut(version, "=")
	if lower(strings.TrimRight(name, " \t")) != "v" || strings.Trim(value, " \t") != "DMARC1" {
		return nil
	}
	tags := make(map[string]string)
	for part := range strings.SplitSeq(rest, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = lower(strings.Trim(name, " \t"))
		if _, twice := tags[name]; ok && !twice {
			tags[name] = strings.Trim(value, " \t")
		}
	}
	r := &dmarcRecord{
		text: text, psd: "u", rua: hasURI(tags["rua"]), testing: lower(tags["t"]) == "y",
		strictSPF: lower(tags["aspf"]) == "s", strictDKIM: lower(tags["adkim"]) == "s",
	}
	if psd := lower(tags["psd"]); psd == "y" || psd == "n" {
		r.psd = psd
	}
	for _, t := range []struct {
		name string
		to   *string
	}{{"p", &r.p}, {"sp", &r.sp}, {"np", &r.np}} {
		value, ok := tags[t.name]
		switch policy := lower(value); {
		case policy == "none" || policy == "quarantine" || policy == "reject":
			*t.to = policy
		case ok && r.invalid == "":
			r.invalid = t.name + "=" + clip(value)
		}
	}
	return r
}

// hasURI reports whether a list of addresses for reports has one that is valid.
func hasURI(list string) bool {
	for text := range strings.SplitSeq(list, ",") {
		text, _, _ = strings.Cut(strings.Trim(text, " \t"), "!") // once a limit of size
		if u, err := url.Parse(text); err == nil && u.Scheme != "" && (u.Opaque != "" || u.Host != "") {
			return true
		}
	}
	return false
}

// checkDMARC checks the author's domain.
func checkDMARC(dns *lookup, fields []field, why *Report) DMARC {
	var d DMARC
	if d.Domain, d.Reason = author(fields); d.Domain == "" {
		d.Result = PermError
		return d
	}
	record, err := d.findRecord(dns)
	if err != nil {
		d.Result, d.Reason = TempError, fmt.Sprintf("the policy can't be had: %v", err)
		return d
	}
	if record == nil {
		d.Result, d.Reason = None, "there is no policy record for "+d.Domain
		return d
	}
	d.Record, d.RecordDomain = record.text, record.domain
	if record.invalid != "" && !record.rua {
		d.Result = None
		d.Reason = fmt.Sprintf("the record of %s has no valid policy (%s) nor an address for reports: it doesn't count", record.domain, record.invalid)
		return d
	}
	d.choosePolicy(dns, record)
	d.align(dns, record, why)
	return d
}

// author returns the domain of the From field, or an error if there is no such domain (RFC 9989 §5.3.1).
func author(fields []field) (domain, problem string) {
	seen := false
	for _, f := range fields {
		if f.name != "from" {
			continue
		}
		if seen {
			return "", "there is more than one From field"
		}
		seen = true
		for _, a := range mailtest.ParseMessage(append(f.raw[:len(f.raw):len(f.raw)], "\r\n"...)).From {
			at := strings.LastIndexByte(a.Address, '@')
			d := strings.TrimSuffix(ascii(a.Address[at+1:]), ".")
			switch {
			case at < 0 || !isHostName(d):
				return "", fmt.Sprintf("the From field has no domain in %q", clip(a.Address))
			case domain != "" && d != domain:
				return "", fmt.Sprintf("the From field has addresses of two domains, %s and %s", domain, d)
			}
			domain = d
		}
	}
	switch {
	case !seen:
		return "", "there is no From field"
	case domain == "":
		return "", "the From field has no address"
	}
	return domain, ""
}

// isHostName reports whether a name is made of letters, digits, hyphens and underscores.
func isHostName(name string) bool {
	for _, c := range []byte(name) {
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return validName(name)
}

// walk goes up the DNS tree from a domain, and returns the records on the way (RFC 9989 §4.10). It calls visit for
// each step.
func walk(dns *lookup, domain string, visit func(name, found string)) (records []*dmarcRecord, err error) {
	const most = 8 // look-ups
	for at := domain; ; {
		name := "_dmarc." + at
		record, found, err := lookupDMARC(dns, name, at)
		if err != nil {
			return nil, err
		}
		visit(name, found)
		if record != nil {
			records = append(records, record)
			if record.psd != "u" {
				return records, nil
			}
		}
		labels := strings.Split(at, ".")
		labels = labels[max(1, len(labels)-most+1):]
		if at = strings.Join(labels, "."); at == "" {
			return records, nil
		}
	}
}

// lookupDMARC gets the record of one name. Several records count as none.
func lookupDMARC(dns *lookup, name, domain string) (record *dmarcRecord, found string, err error) {
	txts, err := dns.txt(name)
	if err != nil {
		return nil, "", err
	}
	found = "no record"
	n := 0
	for _, txt := range txts {
		if r := parseDMARC(txt); r != nil {
			record, found = r, txt
			record.domain = domain
			n++
		}
	}
	if n > 1 {
		return nil, fmt.Sprintf("%d records, which count as none", n), nil
	}
	return record, found, nil
}

// organization picks the organisational domain from what a walk has found (RFC 9989 §4.10.2).
func organization(domain string, records []*dmarcRecord) string {
	if len(records) == 0 {
		return domain
	}
	// The walk has ended at the first record with psd=, so only the last one can have it.
	last := records[len(records)-1]
	if last.psd == "y" && last.domain != domain {
		below := strings.TrimSuffix(domain, "."+last.domain)
		return below[strings.LastIndexByte(below, '.')+1:] + "." + last.domain
	}
	return last.domain
}

// findRecord finds the record that applies: that of the domain, of its organisation, or of the public
// suffix above (RFC 9989 §4.10.1).
func (d *DMARC) findRecord(dns *lookup) (*dmarcRecord, error) {
	records, err := walk(dns, d.Domain, func(name, found string) {
		d.Walk = append(d.Walk, name+": "+found)
	})
	if err != nil || len(records) == 0 {
		return nil, err
	}
	d.Organization = organization(d.Domain, records)
	for _, want := range []string{d.Domain, d.Organization} {
		for _, r := range records {
			if r.domain == want {
				return r, nil
			}
		}
	}
	return records[len(records)-1], nil // of the public suffix: the organisation has none
}

// choosePolicy sets what the owner wants.
func (d *DMARC) choosePolicy(dns *lookup, r *dmarcRecord) {
	d.Tag, d.Policy, d.Testing = "p", r.p, r.testing
	if d.Domain != r.domain {
		if r.sp != "" {
			d.Tag, d.Policy = "sp", r.sp
		}
		if r.np != "" && !exists(dns, d.Domain) {
			d.Tag, d.Policy = "np", r.np
		}
	}
	if d.Policy == "" || r.invalid != "" {
		d.Tag, d.Policy = "p", "none"
	}
	if d.Testing {
		switch d.Policy {
		case "quarantine":
			d.Policy = "none"
		case "reject":
			d.Policy = "quarantine"
		}
	}
}

// exists reports whether a domain has addresses or mail exchangers (RFC 9989 §3.2). What can't be
// asked is taken to exist.
func exists(dns *lookup, domain string) bool {
	for _, network := range []string{"ip4", "ip6"} {
		if addrs, err := dns.addr(network, domain); err != nil || len(addrs) > 0 {
			return true
		}
	}
	hosts, err := dns.mx(domain)
	return err != nil || len(hosts) > 0
}

// align sets the identifiers beside the domain, and decides.
func (d *DMARC) align(dns *lookup, r *dmarcRecord, why *Report) {
	if why.SPF.Client != "" {
		d.Alignments = append(d.Alignments, Alignment{Method: "spf", Domain: why.SPF.Domain, Result: why.SPF.Result, Strict: r.strictSPF})
	}
	for _, s := range why.Signatures {
		if s.Domain == "" {
			continue
		}
		d.Alignments = append(d.Alignments, Alignment{Method: "dkim", Domain: s.Domain, Result: s.Result, Strict: r.strictDKIM})
	}
	var unknown error
	for i := range d.Alignments {
		a := &d.Alignments[i]
		if err := a.compare(dns, d.Domain, d.Organization); err != nil && (a.Result == Pass || a.Result == TempError) {
			unknown = err
		}
		switch {
		case !a.Aligned || d.Result == Pass:
		case a.Result == Pass:
			d.Result, d.Reason = Pass, fmt.Sprintf("%s passes for %s, which is aligned with %s", a.Method, a.Domain, d.Domain)
		case a.Result == TempError:
			unknown = fmt.Errorf("%s for %s has no result", a.Method, a.Domain)
		}
	}
	switch {
	case d.Result == Pass:
	case unknown != nil:
		d.Result, d.Reason = TempError, fmt.Sprintf("nothing is known to pass, but not all is known: %v", unknown)
	default:
		d.Result, d.Reason = Fail, d.shortfall()
	}
}

// compare decides whether an identifier is aligned with the author's domain.
func (a *Alignment) compare(dns *lookup, domain, org string) error {
	a.Aligned = a.Domain == domain
	if a.Strict || !isHostName(a.Domain) {
		return nil
	}
	records, err := walk(dns, a.Domain, func(string, string) {})
	if err != nil {
		return err
	}
	a.Organization = organization(a.Domain, records)
	a.Aligned = a.Aligned || a.Organization == org
	return nil
}

// shortfall says what is missing for a pass.
func (d *DMARC) shortfall() string {
	if len(d.Alignments) == 0 {
		return "there is neither a signature nor a client to check"
	}
	parts := make([]string, len(d.Alignments))
	for i, a := range d.Alignments {
		fit := "not aligned with"
		if a.Aligned {
			fit = "aligned with"
		}
		parts[i] = fmt.Sprintf("%s=%s for %s, %s %s", a.Method, a.Result, orNone(a.Domain), fit, d.Domain)
	}
	return strings.Join(parts, "; ")
}
