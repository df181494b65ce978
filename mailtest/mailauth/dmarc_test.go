package mailauth_test

// This file tests DMARC: alignment, policies, the walk up the tree, and what is wrong with records.

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// dmarcCase is a message with its SPF domain and its signatures, and the records that there are.
type dmarcCase struct {
	name    string
	records string // "shop.example p=none; other.example psd=y p=none": domains and what stands behind v=DMARC1
	zone    string // other records
	from    string // the domain in From, or a whole header if it has a colon; empty means shop.example
	spf     string // the domain of MAIL FROM, which passes SPF; with "!" it fails
	dkim    string // the domains that sign, each with "!" if the signature is broken
	want    mailauth.Result
	policy  string // policy and tag, such as "reject p"
	org     string // the organisation; empty means that of no interest
	reason  string // part of the reason
}

func TestDMARC(t *testing.T) {
	t.Parallel()
	const reject = "shop.example p=reject"
	for _, test := range []dmarcCase{
		// alignment
		{name: "no record", spf: "shop.example", want: "none", reason: "no policy record"},
		{name: "nothing passes", records: reject, want: "fail", policy: "reject p", org: "shop.example"},
		{name: "spf", records: reject, spf: "shop.example", want: "pass", policy: "reject p"},
		{name: "dkim", records: reject, dkim: "shop.example", want: "pass"},
		{name: "spf and dkim", records: reject, spf: "shop.example", dkim: "shop.example", want: "pass"},
		{name: "spf fails", records: reject, spf: "!shop.example", want: "fail", reason: "spf=fail for shop.example, aligned"},
		{name: "dkim fails", records: reject, dkim: "!shop.example", want: "fail", reason: "dkim=fail"},
		{name: "spf of another", records: reject, spf: "esp.example", want: "fail", reason: "not aligned"},
		{name: "dkim of another", records: reject, dkim: "esp.example", want: "fail"},
		{name: "dkim of another, and of the author", records: reject, dkim: "esp.example shop.example", want: "pass"},
		{name: "spf of another, dkim of the author", records: reject, spf: "esp.example", dkim: "shop.example", want: "pass"},
		{name: "dkim broken, spf passes", records: reject, spf: "shop.example", dkim: "!shop.example", want: "pass"},
		{name: "relaxed spf, subdomain", records: reject, spf: "bounce.shop.example", want: "pass"},
		{name: "relaxed dkim, subdomain", records: reject, dkim: "mail.shop.example", want: "pass"},
		{name: "relaxed, author below", records: reject, from: "news.shop.example", dkim: "shop.example", want: "pass", policy: "reject p", org: "shop.example"},
		{name: "relaxed, siblings", records: reject, from: "news.shop.example", dkim: "mail.shop.example", want: "pass"},
		{name: "strict spf, same", records: "shop.example p=reject; aspf=s", spf: "shop.example", want: "pass"},
		{name: "strict spf, subdomain", records: "shop.example p=reject; aspf=s", spf: "bounce.shop.example", want: "fail"},
		{name: "strict spf, dkim relaxed", records: "shop.example p=reject; aspf=s", spf: "bounce.shop.example", dkim: "mail.shop.example", want: "pass"},
		{name: "strict dkim, same", records: "shop.example p=reject; adkim=s", dkim: "shop.example", want: "pass"},
		{name: "strict dkim, subdomain", records: "shop.example p=reject; adkim=s", dkim: "mail.shop.example", want: "fail"},
		{name: "not a suffix of letters", records: reject, dkim: "workshop.example", want: "fail"},
		{name: "case and final dot", records: reject, from: "SHOP.Example.", dkim: "Shop.EXAMPLE", want: "pass"},
		{name: "international", records: "xn--bcher-kva.example p=reject", from: "Bücher.example", dkim: "xn--bcher-kva.example", want: "pass"},

		// policies
		{name: "none", records: "shop.example p=none", want: "fail", policy: "none p"},
		{name: "quarantine", records: "shop.example p=quarantine", want: "fail", policy: "quarantine p"},
		{name: "upper case", records: "shop.example P=Reject", want: "fail", policy: "reject p"},
		{name: "sp is not for the domain itself", records: "shop.example p=none; sp=reject", want: "fail", policy: "none p"},
		{name: "sp for a subdomain", records: "shop.example p=none; sp=reject", from: "a.shop.example", zone: "a.shop.example. A 192.0.2.9", want: "fail", policy: "reject sp"},
		{name: "sp without np for one that isn't there", records: "shop.example p=none; sp=reject", from: "a.shop.example", want: "fail", policy: "reject sp"},
		{name: "np for one that isn't there", records: "shop.example p=none; sp=quarantine; np=reject", from: "a.shop.example", want: "fail", policy: "reject np"},
		{name: "np for one with A", records: "shop.example p=none; np=reject", from: "a.shop.example", zone: "a.shop.example. A 192.0.2.9", want: "fail", policy: "none p"},
		{name: "np for one with AAAA", records: "shop.example p=none; np=reject", from: "a.shop.example", zone: "a.shop.example. AAAA 2001:db8::9", want: "fail", policy: "none p"},
		{name: "np for one with MX", records: "shop.example p=none; np=reject", from: "a.shop.example", zone: "a.shop.example. MX 10 b.example.", want: "fail", policy: "none p"},
		{name: "np for one with TXT only", records: "shop.example p=none; np=reject", from: "a.shop.example", zone: `a.shop.example. TXT "x"`, want: "fail", policy: "reject np"},
		{name: "own record before sp", records: "shop.example p=none; sp=reject | a.shop.example p=quarantine", from: "a.shop.example", want: "fail", policy: "quarantine p", org: "shop.example"},
		{name: "sp of a record that isn't the organisation's", records: "shop.example p=none | a.shop.example p=quarantine; sp=none", from: "b.a.shop.example", want: "fail", policy: "none p", org: "shop.example"},
		{name: "testing reject", records: "shop.example p=reject; t=y", want: "fail", policy: "quarantine p"},
		{name: "testing quarantine", records: "shop.example p=quarantine; t=y", want: "fail", policy: "none p"},
		{name: "testing none", records: "shop.example p=none; t=y", want: "fail", policy: "none p"},
		{name: "t=n", records: "shop.example p=reject; t=n", want: "fail", policy: "reject p"},
		{name: "pct is history", records: "shop.example p=reject; pct=0", want: "fail", policy: "reject p"},

		// records
		{name: "no p", records: "shop.example rua=mailto:a@shop.example", want: "fail", policy: "none p"},
		{name: "bad p with rua", records: "shop.example p=refuse; rua=mailto:a@shop.example", want: "fail", policy: "none p"},
		{name: "bad p without rua", records: "shop.example p=refuse", dkim: "shop.example", want: "none", reason: "p=refuse"},
		{name: "bad sp without rua", records: "shop.example p=reject; sp=refuse", want: "none", reason: "sp=refuse"},
		{name: "bad np with bad rua", records: "shop.example p=reject; np=refuse; rua=nobody", want: "none", reason: "np=refuse"},
		{name: "bad sp with rua", records: "shop.example p=reject; sp=; rua=a b, https://shop.example/r!10m", want: "fail", policy: "none p"},
		{name: "unknown tags and rubbish", records: "shop.example p=reject; x; y=1; =; ;; aspf=x", spf: "mail.shop.example", want: "pass", policy: "reject p"},
		{name: "white space", zone: `_dmarc.shop.example. TXT "v = DMARC1\009;\009p =reject\009;"`, want: "fail", policy: "reject p"},
		{name: "several strings", zone: `_dmarc.shop.example. TXT "v=DMA" "RC1; p=rej" "ect"`, want: "fail", policy: "reject p"},
		{name: "tag twice", records: "shop.example p=reject; p=none", want: "fail", policy: "reject p"},
		{name: "version alone", zone: `_dmarc.shop.example. TXT "v=DMARC1"`, want: "fail", policy: "none p"},
		{name: "version in lower case", zone: `_dmarc.shop.example. TXT "v=dmarc1; p=reject"`, want: "none"},
		{name: "version of another year", zone: `_dmarc.shop.example. TXT "v=DMARC10; p=reject"`, want: "none"},
		{name: "version not first", zone: `_dmarc.shop.example. TXT "p=reject; v=DMARC1"`, want: "none"},
		{name: "other text beside it", zone: "_dmarc.shop.example. TXT \"v=spf1 -all\"\n_dmarc.shop.example. TXT \"v=DMARC1; p=reject\"", want: "fail", policy: "reject p"},
		{name: "two records", records: "shop.example p=reject | shop.example p=none", want: "none"},
		{name: "two records, one above", records: "a.shop.example p=reject | a.shop.example p=none | shop.example p=quarantine", from: "a.shop.example", want: "fail", policy: "quarantine p"},
		{name: "by CNAME", zone: "_dmarc.shop.example. CNAME d.host.example.\nd.host.example. TXT \"v=DMARC1; p=reject\"", want: "fail", policy: "reject p"},

		// the tree (RFC 9989 §4.10)
		{name: "highest record is the organisation", records: "a.shop.example p=none | shop.example p=reject", from: "x.a.shop.example", want: "fail", policy: "reject p", org: "shop.example"},
		{name: "psd=n ends the walk", records: "a.shop.example p=none; psd=n | shop.example p=reject", from: "x.a.shop.example", dkim: "shop.example", want: "fail", policy: "none p", org: "a.shop.example"},
		{name: "psd=n aligns below", records: "a.shop.example p=none; psd=n | shop.example p=reject", from: "x.a.shop.example", dkim: "y.a.shop.example", want: "pass", org: "a.shop.example"},
		{name: "psd=y above", records: "example p=reject; psd=y", from: "x.shop.example", dkim: "shop.example", want: "pass", policy: "reject p", org: "shop.example"},
		{name: "psd=y above, another organisation", records: "example p=reject; psd=y", from: "x.shop.example", dkim: "rival.example", want: "fail", policy: "reject p", org: "shop.example"},
		{name: "psd=y above, np", records: "example p=none; np=reject; psd=y", from: "gone.example", want: "fail", policy: "reject np", org: "gone.example"},
		{name: "psd=y above, own record", records: "example p=reject; psd=y | shop.example p=none", want: "fail", policy: "none p", org: "shop.example"},
		{name: "psd=y above, record between", records: "example p=reject; psd=y | a.shop.example p=none", from: "b.a.shop.example", want: "fail", policy: "reject p", org: "shop.example"},
		{name: "author is a public suffix", records: "example p=reject; psd=y", from: "example", want: "fail", policy: "reject p", org: "example"},
		{name: "a record above all without psd", records: "example p=reject", dkim: "rival.example", want: "pass", org: "example"},
		{name: "eight labels", records: "shop.example p=reject", from: "a.b.c.d.e.f.shop.example", dkim: "shop.example", want: "pass", org: "shop.example"},
		{name: "many labels", records: "shop.example p=reject", from: "a.b.c.d.e.f.g.h.i.j.shop.example", dkim: "shop.example", want: "pass", org: "shop.example"},
		{name: "many labels, record skipped", records: "b.c.d.e.f.g.shop.example p=none; psd=n | shop.example p=reject", from: "mail.a.b.c.d.e.f.g.shop.example", want: "fail", policy: "reject p", org: "shop.example"},
		{name: "many labels, own record", records: "a.b.c.d.e.f.g.h.shop.example p=none", from: "a.b.c.d.e.f.g.h.shop.example", dkim: "a.b.c.d.e.f.g.h.shop.example", want: "pass", policy: "none p"},

		// the author
		{name: "no From", from: "X-From: a@shop.example", records: reject, want: "permerror", reason: "no From"},
		{name: "two From fields", from: "From: a@shop.example\r\nFrom: b@shop.example", records: reject, want: "permerror", reason: "more than one From"},
		{name: "two authors, two domains", from: "From: a@shop.example, b@rival.example", records: reject, want: "permerror", reason: "two domains"},
		{name: "two authors, one domain", from: "From: a@shop.example, b@Shop.example", records: reject, dkim: "shop.example", want: "pass"},
		{name: "empty From", from: "From: ", records: reject, want: "permerror", reason: "no address"},
		{name: "no domain", from: "From: bob", records: reject, want: "permerror", reason: "no domain"},
		{name: "domain literal", from: "From: bob@[192.0.2.1]", records: reject, want: "permerror", reason: "no domain"},
		{name: "the address in the name doesn't count", from: `From: "a@shop.example" <a@rival.example>`, records: reject, dkim: "shop.example", want: "none"},
		{name: "encoded word and comment", from: "From: =?utf-8?q?a=40shop.example?= <a(x)@shop.example>", records: reject, dkim: "shop.example", want: "pass"},
		{name: "folded", from: "From: Shop\r\n <a@shop.example>", records: reject, dkim: "shop.example", want: "pass"},

		// the DNS fails
		{name: "no DNS for the policy", zone: "! txt _dmarc.shop.example", dkim: "shop.example", want: "temperror", reason: "policy"},
		{name: "no DNS for SPF", records: reject, zone: "! txt shop.example", spf: "shop.example", want: "temperror", reason: "spf"},
		{name: "no DNS for SPF, but DKIM", records: reject, zone: "! txt shop.example", spf: "shop.example", dkim: "shop.example", want: "pass"},
		{name: "no DNS for the key", records: reject, zone: "! txt test._domainkey.shop.example", dkim: "shop.example", want: "temperror"},
		{name: "no DNS for the organisation of an identifier", records: reject, zone: "! txt _dmarc.esp.example", dkim: "esp.example", want: "temperror"},
		{name: "no DNS for SPF of another", records: reject, zone: "! txt esp.example", spf: "esp.example", want: "fail"},
		{name: "no DNS for np", records: "shop.example p=none; np=reject", from: "a.shop.example", zone: "! a a.shop.example", want: "fail", policy: "none p"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			inet := mxmock.New(t)
			v, why := mailauth.Check(t.Context(), test.build(t, inet), inet.Resolver())
			if v.DMARC != test.want {
				t.Errorf("dmarc = %s, want %s\n%v", v.DMARC, test.want, why)
			}
			d := why.DMARC
			if got := d.Policy + " " + d.Tag; test.policy != "" && got != test.policy {
				t.Errorf("policy = %q, want %q\n%v", got, test.policy, why)
			}
			if test.org != "" && d.Organization != test.org {
				t.Errorf("organisation = %q, want %q\n%v", d.Organization, test.org, why)
			}
			if !strings.Contains(d.Reason, test.reason) {
				t.Errorf("reason = %q, want one with %q", d.Reason, test.reason)
			}
		})
	}
}

// build publishes the records and returns the message.
func (c *dmarcCase) build(t *testing.T, inet *mxmock.Internet) *mailtest.Message {
	t.Helper()
	if c.records != "" {
		for text := range strings.SplitSeq(c.records, " | ") {
			domain, tags, _ := strings.Cut(text, " ")
			zone(t, inet, txt("_dmarc."+domain, "v=DMARC1; "+tags))
		}
	}
	if question, broken := strings.CutPrefix(c.zone, "! "); broken {
		inet.Break(question, mxmock.ServFail)
	} else {
		zone(t, inet, c.zone+"\n")
	}
	header := c.from
	switch {
	case header == "":
		header = "From: a@shop.example"
	case !strings.Contains(header, ":"):
		header = "From: a@" + header
	}
	raw := header + "\r\nSubject: x\r\n\r\nbody\r\n"
	for domain := range strings.FieldsSeq(c.dkim) {
		domain, broken := strings.CutPrefix(domain, "!")
		s := mailauth.Signer{Domain: domain, Algorithm: "ed25519-sha256", Headers: []string{"From"}}
		publish(t, inet, s)
		if broken {
			s.Tags = map[string]string{"bh": "AAAA"}
		}
		raw = sign(t, s, raw)
	}
	msg := &mailtest.Message{Raw: []byte(raw)}
	if c.spf != "" {
		domain, broken := strings.CutPrefix(c.spf, "!")
		record := "v=spf1 ip4:192.0.2.1 -all"
		if broken {
			record = "v=spf1 -all"
		}
		zone(t, inet, txt(domain, record))
		msg.Envelope = mailtest.Envelope{Client: "192.0.2.1:1025", From: "bounce@" + domain}
	}
	return msg
}

// TestWalk has the example of RFC 9989 §4.10 with eight look-ups.
func TestWalk(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	_, why := check(t, inet, "From: a@a.b.c.d.e.f.g.h.i.j.mail.example.com\r\n\r\n")
	want := []string{
		"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com: no record",
		"_dmarc.g.h.i.j.mail.example.com: no record",
		"_dmarc.h.i.j.mail.example.com: no record",
		"_dmarc.i.j.mail.example.com: no record",
		"_dmarc.j.mail.example.com: no record",
		"_dmarc.mail.example.com: no record",
		"_dmarc.example.com: no record",
		"_dmarc.com: no record",
	}
	if !slices.Equal(why.DMARC.Walk, want) {
		t.Errorf("walk = %q, want %q", why.DMARC.Walk, want)
	}
}
