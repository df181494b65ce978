package mailauth

// This file writes reports, for people and for message headers.

import (
	"fmt"
	"strings"
	"time"
)

// String returns the report as text for people: for each check the result, the reason and what it
// is based on.
func (r Report) String() string {
	var b strings.Builder
	r.SPF.write(&b)
	if r.Helo.Sender != r.SPF.Sender {
		r.Helo.write(&b)
	}
	if len(r.Signatures) == 0 {
		b.WriteString("dkim=none: the message has no signature\n")
	}
	for _, s := range r.Signatures {
		s.write(&b)
	}
	if r.Skipped > 0 {
		fmt.Fprintf(&b, "dkim: %d more signatures are not checked\n", r.Skipped)
	}
	r.DMARC.write(&b)
	return strings.TrimSuffix(b.String(), "\n")
}

// detail writes an indented line, if there is a value.
func detail(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "\t%s: %s\n", name, value)
	}
}

func orNone(s string) string {
	if s == "" {
		return "no domain"
	}
	return s
}

func (s SPF) write(b *strings.Builder) {
	fmt.Fprintf(b, "spf=%s for the %s %s: %s\n", s.Result, s.Identity, s.Sender, s.Reason)
	detail(b, "client", s.Client)
	detail(b, "record", s.Record)
	detail(b, "matched", strings.Join(s.Matched, " → "))
	if s.Lookups > 0 {
		fmt.Fprintf(b, "\tlook-ups: %d of %d, %d of %d void\n", s.Lookups, maxLookups, s.Voids, maxVoids)
	}
	detail(b, "explanation", s.Explanation)
}

func (s Signature) write(b *strings.Builder) {
	fmt.Fprintf(b, "dkim=%s for %s", s.Result, orNone(s.Domain))
	if s.Reason != "" {
		b.WriteString(": " + s.Reason)
	}
	b.WriteByte('\n')
	if s.Selector == "" {
		return
	}
	fmt.Fprintf(b, "\tsignature: %s, %s, selector %s, i=%s, h=%s\n", s.Algorithm, s.Canonicalization, s.Selector, s.Identity, strings.Join(s.Headers, ":"))
	detail(b, "oversigned", strings.Join(s.Oversigned, ", "))
	if !s.Expires.IsZero() {
		detail(b, "expires", s.Expires.Format(time.RFC3339))
	}
	if s.Record != "" {
		testing := ""
		if s.Testing {
			testing = ", only for testing (t=y)"
		}
		fmt.Fprintf(b, "\tkey: %d bits%s: %s\n", s.KeyBits, testing, s.Record)
	}
}

func (d DMARC) write(b *strings.Builder) {
	fmt.Fprintf(b, "dmarc=%s for %s: %s\n", d.Result, orNone(d.Domain), d.Reason)
	for _, step := range d.Walk {
		fmt.Fprintf(b, "\t%s\n", step)
	}
	if d.Policy != "" {
		testing := ""
		if d.Testing {
			testing = " and t=y"
		}
		fmt.Fprintf(b, "\tpolicy: %s, from %s=%s of %s\n", d.Policy, d.Tag, testing, d.RecordDomain)
	}
	for _, a := range d.Alignments {
		mode, fit := "relaxed", "not aligned"
		if a.Strict {
			mode = "strict"
		}
		if a.Aligned {
			fit = "aligned"
		}
		fmt.Fprintf(b, "\talignment: %s %s, %s (%s)", a.Method, orNone(a.Domain), fit, mode)
		if a.Organization != "" {
			fmt.Fprintf(b, ", organisations %s and %s", a.Organization, d.Organization)
		}
		b.WriteByte('\n')
	}
}

// AuthenticationResults returns the header field that a receiver named authservID would put on top
// of the message (RFC 8601), folded, with its line end.
func (r Report) AuthenticationResults(authservID string) string {
	var b strings.Builder
	b.WriteString("Authentication-Results: " + value(authservID))
	method := func(name string, result Result, reason string, properties ...string) {
		fmt.Fprintf(&b, ";\r\n\t%s=%s", name, result)
		if result != Pass && result != None && reason != "" {
			b.WriteString("\r\n\t reason=" + quote(reason))
		}
		for i := 0; i < len(properties); i += 2 {
			if properties[i+1] != "" {
				b.WriteString("\r\n\t " + properties[i] + "=" + value(properties[i+1]))
			}
		}
	}
	if r.SPF.Sender != r.Helo.Sender {
		method("spf", r.SPF.Result, r.SPF.Reason, "smtp.mailfrom", r.SPF.Sender)
	}
	method("spf", r.Helo.Result, r.Helo.Reason, "smtp.helo", r.Helo.Domain)
	if len(r.Signatures) == 0 {
		method("dkim", None, "")
	}
	for _, s := range r.Signatures {
		method("dkim", s.Result, s.Reason, "header.d", s.Domain, "header.s", s.Selector, "header.a", s.Algorithm, "header.b", s.Mark)
	}
	method("dmarc", r.DMARC.Result, r.DMARC.Reason, "header.from", r.DMARC.Domain, "policy.dmarc", r.DMARC.Policy)
	return b.String() + "\r\n"
}

// value returns s as a value of RFC 8601 §2.2: an address, a domain name or another token as it is,
// and what is none of these in quotes.
func value(s string) string {
	for _, c := range []byte(s) {
		if !isAlpha(c) && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`{|}~@", c) < 0 {
			return quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// quote returns s as a quoted-string (RFC 5322 §3.2.4), with "?" for what can't stand in one, and with commas for
// semicolons, since there are readers that split the field at each of these.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
		case c == ';':
			c = ','
		case c < ' ' || c > '~':
			c = '?'
		}
		b.WriteRune(c)
	}
	return b.String() + `"`
}
