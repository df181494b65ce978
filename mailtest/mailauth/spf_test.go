package mailauth_test

// This file tests SPF: a table, the identities, and the DNS failing.

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"blitiri.com.ar/go/spf"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// from is a message that came from an address.
func from(client, helo, sender string) *mailtest.Message {
	return &mailtest.Message{Raw: []byte(mail), Envelope: mailtest.Envelope{
		Client: net.JoinHostPort(client, "1025"), Helo: helo, From: sender,
	}}
}

// spfCase is a line of testdata/spf.txt.
type spfCase struct {
	line, domain, record, client, result, counts, report string
}

// spfCases reads testdata/spf.txt and publishes its records.
func spfCases(t *testing.T, inet *mxmock.Internet) (cases []spfCase) {
	t.Helper()
	zone(t, inet, read(t, "spf.zone"))
	for i, line := range strings.Split(read(t, "spf.txt"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		columns := strings.Split(line, "|")
		if len(columns) != 5 {
			t.Fatalf("line %d has %d columns, want 5", i+1, len(columns))
		}
		for i := range columns[1:] {
			columns[i+1] = strings.TrimSpace(columns[i+1])
		}
		record, ok := strings.CutPrefix(columns[0], "!")
		if !ok {
			record = "v=spf1 " + record
		}
		c := spfCase{fmt.Sprintf("line %d: %s", i+1, line), fmt.Sprintf("c%d.test.example", i+1), strings.TrimSuffix(record, " "), columns[1], columns[2], columns[3], columns[4]}
		zone(t, inet, txt(c.domain, c.record))
		cases = append(cases, c)
	}
	if len(cases) < 80 {
		t.Fatalf("%d cases, want at least 80", len(cases))
	}
	return cases
}

func TestSPFTable(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	for _, c := range spfCases(t, inet) {
		v, why := mailauth.Check(t.Context(), from(c.client, "mx.client.example", "bob@"+c.domain), inet.Resolver())
		if string(v.SPF) != c.result {
			t.Errorf("%s\nspf = %s, want %s\n%v", c.line, v.SPF, c.result, why)
		}
		if got := fmt.Sprintf("%d/%d", why.SPF.Lookups, why.SPF.Voids); got != c.counts {
			t.Errorf("%s\nlook-ups = %s, want %s\n%v", c.line, got, c.counts, why)
		}
		if !strings.Contains(why.String(), c.report) {
			t.Errorf("%s\nreport lacks %q:\n%v", c.line, c.report, why)
		}
	}
}

// TestBlitiri compares with another implementation of SPF, and lists where it is more lenient than the RFC.
func TestBlitiri(t *testing.T) {
	t.Parallel()
	const late = "it stops at the term that matches, where RFC 7208 §4.6 wants errors anywhere found first"
	lenient := map[string]string{
		"v=spf1 -all nonsense":                            late,
		"v=spf1 -all ip4:300.1.1.1":                       late,
		"v=spf1 -all exp=exp.w.example exp=exp.w.example": late,
		"v=spf1 moo.m-m_1=%{c} -all":                      "it does not look into unknown modifiers",
		"v=spf1 ip4:192.0.2.1/024 -all":                   "it takes leading zeros",
		"v=spf1 ip4:2001:db8::1 -all":                     "it takes addresses of the other family",
		"v=spf1 ip6:192.0.2.1 -all":                       "it takes addresses of the other family",
		"v=spf1 a:localhost -all":                         "it takes names without a dot",
		"v=spf1 a:192.0.2.1 -all":                         "it takes top-level names of digits",
	}
	inet := mxmock.New(t)
	for _, c := range spfCases(t, inet) {
		got, err := spf.CheckHostWithSender(net.ParseIP(c.client), "mx.client.example", "bob@"+c.domain, spf.WithContext(t.Context()), spf.WithResolver(inet.Resolver()))
		if lenient[c.record] == "" && string(got) != c.result {
			t.Errorf("%s\nblitiri = %s (%v), want %s", c.line, got, err, c.result)
		}
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zone(t, inet, `
shop.example.    TXT "v=spf1 ip4:192.0.2.1 -all"
mx.shop.example. TXT "v=spf1 a -all"
mx.shop.example. A   192.0.2.1
other.example.   TXT "v=spf1 -all"
xn--bcher-kva.example. TXT "v=spf1 ip4:192.0.2.1 -all"
`)
	for _, test := range []struct {
		name, client, helo, sender string
		want, helos                mailauth.Result
		domain                     string
	}{
		{"both", "192.0.2.1", "mx.shop.example", "bob@shop.example", "pass", "pass", "shop.example"},
		{"another client", "192.0.2.2", "mx.shop.example", "bob@shop.example", "fail", "fail", "shop.example"},
		{"helo fails", "192.0.2.1", "other.example", "bob@shop.example", "pass", "fail", "shop.example"},
		{"null sender", "192.0.2.1", "mx.shop.example", "", "pass", "pass", "mx.shop.example"},
		{"null sender fails", "192.0.2.1", "other.example", "", "fail", "fail", "other.example"},
		{"helo is an address", "192.0.2.1", "[192.0.2.1]", "", "none", "none", "[192.0.2.1]"},
		{"helo is no name", "192.0.2.1", "localhost", "", "none", "none", "localhost"},
		{"no helo", "192.0.2.1", "", "", "none", "none", ""},
		{"sender without a domain", "192.0.2.1", "mx.shop.example", "postmaster", "none", "pass", "postmaster"},
		{"upper case and final dot", "192.0.2.1", "MX.Shop.Example.", "Bob@SHOP.example", "pass", "pass", "shop.example"},
		{"two @", "192.0.2.1", "mx.shop.example", `"a@b"@shop.example`, "pass", "pass", "shop.example"},
		{"international domain", "192.0.2.1", "mx.shop.example", "bob@Bücher.example", "pass", "pass", "xn--bcher-kva.example"},
		{"label too long", "192.0.2.1", "mx.shop.example", "bob@" + strings.Repeat("a", 64) + ".example", "none", "pass", strings.Repeat("a", 64) + ".example"},
		{"sender of 1001 bytes", "192.0.2.1", "mx.shop.example", strings.Repeat("a", 988) + "@shop.example", "none", "pass", "shop.example"},
		{"helo of 2000 bytes", "192.0.2.1", strings.Repeat("a", 2000), "bob@shop.example", "pass", "none", "shop.example"},
		{"no such domain", "192.0.2.1", "mx.shop.example", "bob@gone.example", "none", "pass", "gone.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v, why := mailauth.Check(t.Context(), from(test.client, test.helo, test.sender), inet.Resolver())
			if v.SPF != test.want || why.Helo.Result != test.helos || why.SPF.Domain != test.domain {
				t.Errorf("spf = %s, helo = %s, domain = %q, want %s, %s, %q\n%v", v.SPF, why.Helo.Result, why.SPF.Domain, test.want, test.helos, test.domain, why)
			}
			if why.SPF.Identity != "mailfrom" || why.Helo.Identity != "helo" {
				t.Errorf("identities = %q, %q", why.SPF.Identity, why.Helo.Identity)
			}
		})
	}
	t.Run("no client", func(t *testing.T) {
		v, why := check(t, inet, mail)
		if v.SPF != mailauth.None || !strings.Contains(why.SPF.Reason, "SMTP") {
			t.Errorf("spf = %s (%s), want none, because it did not come by SMTP", v.SPF, why.SPF.Reason)
		}
	})
}

// TestBrokenDNS asks a DNS that fails, in virtual time: some of its failures take ten seconds.
func TestBrokenDNS(t *testing.T) {
	t.Parallel()
	for _, fault := range []mxmock.Fault{mxmock.ServFail, mxmock.Refused, mxmock.Silent} {
		for _, question := range []string{"txt shop.example", "a a.shop.example", "mx shop.example", "txt esp.example"} {
			synctest.Test(t, func(t *testing.T) {
				inet := mxmock.New(t)
				zone(t, inet, `
shop.example.   TXT "v=spf1 a:a.shop.example mx include:esp.example -all"
shop.example.   MX  10 a.shop.example.
a.shop.example. A   192.0.2.2
esp.example.    TXT "v=spf1 -all"
`)
				inet.Break(question, fault)
				start := time.Now()
				v, why := mailauth.Check(t.Context(), from("192.0.2.1", "mx.client.example", "bob@shop.example"), inet.Resolver())
				if v.SPF != mailauth.TempError {
					t.Errorf("%v for %s: spf = %s, want temperror\n%v", fault, question, v.SPF, why)
				}
				if took := time.Since(start); (fault == mxmock.Silent) != (took > 0) {
					t.Errorf("%v for %s: took %v", fault, question, took)
				}
			})
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	s := mailauth.Signer{Domain: "shop.example"}
	publish(t, inet, s)
	msg := from("192.0.2.1", "mx.client.example", "bob@shop.example")
	msg.Raw = []byte(sign(t, s, mail))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v, why := mailauth.Check(ctx, msg, inet.Resolver())
	if want := (mailauth.Verdict{SPF: "temperror", DKIM: "temperror", DMARC: "temperror"}); v != want {
		t.Errorf("verdict = %+v, want %+v\n%v", v, want, why)
	}
}

// oddResolver knows one name, of the kind that net.Resolver does not ask for.
type oddResolver struct {
	*net.Resolver
	name string
}

func (r oddResolver) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if host == r.name && network == "ip4" {
		return []netip.Addr{netip.MustParseAddr("1.2.3.4")}, nil
	}
	return nil, nil
}

func (r oddResolver) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: r.name}}, nil
}

// TestOddNames has the cases of the test suite that are listed as refused, with a resolver that
// isn't so strict.
func TestOddNames(t *testing.T) {
	t.Parallel()
	for record, name := range map[string]string{
		"v=spf1 a:foo:bar/baz.example.com":                                    "foo:bar/baz.example.com.",
		"v=spf1 mx:foo:bar/baz.example.com":                                   "foo:bar/baz.example.com.",
		"v=spf1 a:macro%%percent%_%_space%-url-space.example.com -all":        "macro%percent  space%20url-space.example.com.",
		"v=spf1 a:macro%%percent%_%_space%-url-space.example.com/24//64 -all": "macro%percent  space%20url-space.example.com.",
	} {
		inet := mxmock.New(t)
		zone(t, inet, txt("shop.example", record))
		for _, client := range []string{"1.2.3.4", "::ffff:1.2.3.4"} {
			v, why := mailauth.Check(t.Context(), from(client, "x.example", "a@shop.example"), oddResolver{inet.Resolver(), name})
			if v.SPF != mailauth.Pass {
				t.Errorf("%s: spf = %s, want pass\n%v", record, v.SPF, why)
			}
		}
	}
}

// TestMacroBomb has a record and a sender that together would make a name of many megabytes.
func TestMacroBomb(t *testing.T) {
	t.Parallel()
	msg := from("192.0.2.1", "mx.client.example", strings.Repeat("a.", 400)+"a@shop.example")
	for _, term := range []string{"exists:", "exp=", "redirect=", "x="} {
		record := "v=spf1 " + term + strings.Repeat("%{S99r.+}", 7000) + ".example -all"
		v, why := mailauth.Check(t.Context(), msg, oneText{text: record})
		if v.SPF == "" || len(why.SPF.Explanation) > 0 {
			t.Errorf("%s: spf = %s, explanation of %d bytes", term, v.SPF, len(why.SPF.Explanation))
		}
	}
}

// TestSearchList: every name is asked for with a final dot, whatever resolver it is.
func TestSearchList(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	zone(t, inet, `shop.example. TXT "v=spf1 mx a exists:%{i}.shop.example ptr include:esp.example -all"`)
	mailauth.Check(t.Context(), from("192.0.2.1", "mx.client.example", "bob@shop.example"), inet.Resolver())
	var names []string
	for _, q := range inet.Queries() {
		names = append(names, q.Type+" "+q.Name)
	}
	want := []string{
		"TXT mx.client.example.", "TXT shop.example.", "MX shop.example.", "A shop.example.", "A 192.0.2.1.shop.example.",
		"TXT _dmarc.shop.example.", "TXT _dmarc.example.",
	}
	if !slices.Equal(names, want) {
		t.Errorf("questions = %q, want %q", names, want)
	}
}
