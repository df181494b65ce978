package mailauth_test

// This file tests the verdict as a whole, and how it is written.

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-msgauth/authres"
	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// trusted is a world in which a message from shop.example passes everything, and that message.
func trusted(t *testing.T) (*mxmock.Internet, mailauth.Signer, *mailtest.Message) {
	t.Helper()
	inet := mxmock.New(t)
	s := mailauth.Signer{Domain: "shop.example"}
	publish(t, inet, s)
	zone(t, inet, `
shop.example.        TXT "v=spf1 include:esp.example -all"
esp.example.         TXT "v=spf1 ip4:192.0.2.0/24 -all"
_dmarc.shop.example. TXT "v=DMARC1; p=reject; aspf=s"
`)
	msg := from("192.0.2.1", "mx.shop.example", "bounce@shop.example")
	msg.Raw = []byte(sign(t, s, mail))
	return inet, s, msg
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	inet, _, msg := trusted(t)
	v, why := mailauth.Check(t.Context(), msg, inet.Resolver())
	if want := (mailauth.Verdict{SPF: "pass", DKIM: "pass", DMARC: "pass"}); v != want {
		t.Errorf("verdict = %+v, want %+v: %v", v, want, why)
	}
}

// TestReport compares reports in full: they are plain data, so cmp needs no options.
func TestReport(t *testing.T) {
	t.Parallel()
	inet, s, msg := trusted(t)
	_, why := mailauth.Check(t.Context(), msg, inet.Resolver())
	record, err := s.Record()
	if err != nil {
		t.Fatal(err)
	}
	want := mailauth.Report{
		SPF: mailauth.SPF{
			Result: "pass", Reason: "192.0.2.1 matches include:esp.example of shop.example", Identity: "mailfrom",
			Sender: "bounce@shop.example", Domain: "shop.example", Client: "192.0.2.1", Record: "v=spf1 include:esp.example -all",
			Matched: []string{"shop.example: include:esp.example", "esp.example: ip4:192.0.2.0/24"}, Lookups: 1,
		},
		Helo: mailauth.SPF{
			Result: "none", Reason: "mx.shop.example has no SPF record", Identity: "helo",
			Sender: "postmaster@mx.shop.example", Domain: "mx.shop.example", Client: "192.0.2.1",
		},
		Signatures: []mailauth.Signature{{
			Result: "pass", Domain: "shop.example", Selector: "test", Identity: "@shop.example", Algorithm: "rsa-sha256",
			Canonicalization: "relaxed/relaxed", Headers: []string{"From", "From", "To", "Subject", "Date", "Message-ID"},
			Oversigned: []string{"From"}, BodyOK: true, HeaderOK: true, Record: record, KeyBits: 2048,
			Time: why.Signatures[0].Time, Mark: why.Signatures[0].Mark,
		}},
		DMARC: mailauth.DMARC{
			Result: "pass", Reason: "spf passes for shop.example, which is aligned with shop.example", Domain: "shop.example", Organization: "shop.example",
			Walk:   []string{"_dmarc.shop.example: v=DMARC1; p=reject; aspf=s", "_dmarc.example: no record"},
			Record: "v=DMARC1; p=reject; aspf=s", RecordDomain: "shop.example", Policy: "reject", Tag: "p",
			Alignments: []mailauth.Alignment{
				{Method: "spf", Domain: "shop.example", Result: "pass", Strict: true, Aligned: true},
				{Method: "dkim", Domain: "shop.example", Result: "pass", Organization: "shop.example", Aligned: true},
			},
		},
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	if len(why.Signatures[0].Mark) != 8 || time.Since(why.Signatures[0].Time) > time.Minute {
		t.Errorf("mark = %q, time = %v", why.Signatures[0].Mark, why.Signatures[0].Time)
	}
}

// untrusted is a message about which everything is wrong.
func untrusted(t *testing.T) mailauth.Report {
	t.Helper()
	inet := mxmock.New(t)
	s := mailauth.Signer{Domain: "esp.example", Tags: map[string]string{"t": "1", "b": "AAAAAAAAAAAA"}, Expires: time.Unix(1<<37, 0)}
	zone(t, inet, `
shop.example.                TXT "v=spf1 a:gone.example -all exp=exp.shop.example"
exp.shop.example.            TXT "%{i} is none of ours"
_dmarc.shop.example.         TXT "v=DMARC1; p=reject; t=y"
test._domainkey.esp.example. TXT "v=DKIM1; t=y; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
`)
	msg := from("2001:db8::1", "mx.\"evil\".example", "bounce@shop.example")
	msg.Raw = []byte("DKIM-Signature: nonsense\r\n" + sign(t, s, mail))
	_, why := mailauth.Check(t.Context(), msg, inet.Resolver())
	return why
}

func TestText(t *testing.T) {
	t.Parallel()
	why := untrusted(t)
	golden.Compare(t, "testdata/untrusted.report.txt", why.String()+"\n")
	golden.Compare(t, "testdata/untrusted.authres.txt", strings.ReplaceAll(why.AuthenticationResults("mx.qq.com"), "\r\n", "\n"))
}

// TestAuthenticationResults lets another implementation read what is written.
func TestAuthenticationResults(t *testing.T) {
	t.Parallel()
	inet, _, msg := trusted(t)
	_, good := mailauth.Check(t.Context(), msg, inet.Resolver())
	for name, test := range map[string]struct {
		why  mailauth.Report
		want []string
	}{
		"trusted":   {good, []string{"spf pass", "spf none", "dkim pass", "dmarc pass"}},
		"untrusted": {untrusted(t), []string{"spf fail", "spf none", "dkim neutral", "dkim permerror", "dmarc fail"}},
		"zero":      {mailauth.Report{SPF: mailauth.SPF{Result: "none"}, Helo: mailauth.SPF{Result: "none"}, DMARC: mailauth.DMARC{Result: "none"}}, []string{"spf none", "dkim none", "dmarc none"}},
	} {
		field, ok := strings.CutPrefix(test.why.AuthenticationResults("mx.qq.com"), "Authentication-Results: ")
		if !ok || !strings.HasSuffix(field, "\r\n") {
			t.Errorf("%s: %q is no field", name, field)
		}
		id, results, err := authres.Parse(field)
		if err != nil || id != "mx.qq.com" {
			t.Errorf("%s: authserv-id = %q, error = %v\n%s", name, id, err, field)
		}
		var got []string
		for _, r := range results {
			switch r := r.(type) {
			case *authres.SPFResult:
				got = append(got, "spf "+string(r.Value))
			case *authres.DKIMResult:
				got = append(got, "dkim "+string(r.Value))
			case *authres.DMARCResult:
				got = append(got, "dmarc "+string(r.Value))
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: results (-want +got):\n%s%s", name, diff, field)
		}
	}
}

// TestExpiryInBubble: time is virtual, and signatures expire in it.
func TestExpiryInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inet := mxmock.New(t)
		s := mailauth.Signer{Domain: "shop.example", Expires: time.Now().Add(24 * time.Hour)}
		publish(t, inet, s)
		raw := sign(t, s, mail)
		for _, test := range []struct {
			wait time.Duration
			want mailauth.Result
		}{{0, "pass"}, {24*time.Hour - time.Second, "pass"}, {time.Second, "permerror"}} {
			<-time.After(test.wait)
			if v, why := check(t, inet, raw); v.DKIM != test.want {
				t.Errorf("%v later: dkim = %s, want %s\n%v", test.wait, v.DKIM, test.want, why)
			}
		}
	})
}

// nowhere is a DNS without records.
type nowhere struct{}

func (nowhere) LookupTXT(context.Context, string) ([]string, error)  { return nil, nil }
func (nowhere) LookupMX(context.Context, string) ([]*net.MX, error)  { return nil, nil }
func (nowhere) LookupAddr(context.Context, string) ([]string, error) { return nil, nil }
func (nowhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

// oneText is a DNS with the same TXT record at every name.
type oneText struct {
	nowhere
	text string
}

func (r oneText) LookupTXT(context.Context, string) ([]string, error) { return []string{r.text}, nil }

func FuzzCheck(f *testing.F) {
	signer := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}
	record, err := signer.Record()
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(sign(f, signer, mail)), record, "bob@shop.example", "mx.shop.example")
	f.Add([]byte("From: a@b.example\n\nx"), "v=DMARC1; p=reject; np=none", "bob@shop.example", "mx.shop.example")
	f.Add([]byte("From: a@b.c.d.e.f.g.h.i.j.example\n\nx"), "v=spf1 include:%{d} -all", "", "mx.shop.example")
	f.Add([]byte(read(f, "rfc8463.eml")), "v=spf1 exists:%{l1r-}.%{D} ?all exp=x.example", "a-b@c.example", "[::1]")
	f.Fuzz(func(t *testing.T, raw []byte, record, sender, helo string) {
		msg := &mailtest.Message{Raw: raw, Envelope: mailtest.Envelope{Client: "[2001:db8::1]:25", From: sender, Helo: helo}}
		v, why := mailauth.Check(t.Context(), msg, oneText{text: record})
		for method, result := range map[string]mailauth.Result{"spf": v.SPF, "dkim": v.DKIM, "dmarc": v.DMARC} {
			switch result {
			case mailauth.None, mailauth.Pass, mailauth.Fail, mailauth.SoftFail, mailauth.Neutral, mailauth.Policy, mailauth.TempError, mailauth.PermError:
			default:
				t.Errorf("%s = %q", method, result)
			}
		}
		if _, _, err := authres.Parse(strings.TrimPrefix(why.AuthenticationResults("mx.qq.com"), "Authentication-Results:")); err != nil {
			t.Errorf("Authentication-Results: %v\n%q", err, why.AuthenticationResults("mx.qq.com"))
		}
		if why.String() == "" {
			t.Error("the report is empty")
		}
	})
}

// BenchmarkCheck verifies the signatures of messages that are ten times as large as each other.
func BenchmarkCheck(b *testing.B) {
	s := mailauth.Signer{Domain: "shop.example", Algorithm: "ed25519-sha256"}
	record, err := s.Record()
	if err != nil {
		b.Fatal(err)
	}
	for name, line := range map[string]string{"text": "a line of  text with \t spaces\r\n", "empty lines": "\r\n", "spaces": " "} {
		for _, size := range []int{1e5, 1e6, 1e7} {
			b.Run(name+"/"+humane(size), func(b *testing.B) {
				raw := []byte(sign(b, s, mail+strings.Repeat(line, size/len(line))+"."))
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for b.Loop() {
					if v, why := mailauth.Check(b.Context(), &mailtest.Message{Raw: raw}, oneText{text: record}); v.DKIM != mailauth.Pass {
						b.Fatal(why)
					}
				}
			})
		}
	}
}

func humane(size int) string {
	return map[int]string{1e5: "100kB", 1e6: "1MB", 1e7: "10MB"}[size]
}
