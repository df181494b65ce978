package mailauth

// This file feeds the parsers with anything, and checks what must hold whatever they are fed with.

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

func FuzzSignature(f *testing.F) {
	for _, s := range []string{
		"v=1; a=rsa-sha256; c=relaxed/simple; d=shop.example; s=test; t=1; x=2; h=From:To; bh=AAAA; b=AAAA",
		" v = 1 ;\r\n\ta=ed25519-sha256; d=shop.example; i=bob@a.shop.example; s=test; l=10; q=dns/txt; h=From; bh=AA==; b=A A A A;",
		"v=1; v=1", "=", ";;;", "v", "a b=c", "v=1; d=a..b; s=x; a=a; b=b; bh=c; h=d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s, result, err := parseSignature(value)
		switch {
		case err != nil && result != Neutral && result != PermError:
			t.Errorf("error %v with result %q", err, result)
		case err == nil && (!validName(s.Domain) || !validName(s.Selector) || s.algorithm.new == nil || s.length < -1):
			t.Errorf("accepted as %+v", s)
		}
		raw := []byte("DKIM-Signature:" + value)
		once := withoutB(raw)
		if twice := withoutB(once); !bytes.Equal(bytes.TrimRight(once, "\r\n"), bytes.TrimRight(twice, "\r\n")) {
			t.Errorf("without b= once: %q, twice: %q", once, twice)
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{
		"v=DKIM1; k=rsa; h=sha256; s=email; t=y:s; n=x; p=AAAA", "v=DKIM1; p=",
		"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAA==", "v=spf1 -all",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parseKey(text)
		if k == nil || (err == nil) != (k.public != nil) {
			t.Errorf("parseKey = %+v, %v", k, err)
		}
		if err == nil && bits(k.public) == 0 {
			t.Errorf("a key of 0 bits: %+v", k)
		}
	})
}

func FuzzDMARCRecord(f *testing.F) {
	for _, s := range []string{
		"v=DMARC1; p=reject; sp=none; np=quarantine; adkim=s; aspf=r; psd=n; t=y; rua=mailto:a@b.example", "v=DMARC1", "v=DMARC1;;=;p", "v =DMARC1 ; p=x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := parseDMARC(text)
		if r == nil {
			return
		}
		for _, p := range []string{r.p, r.sp, r.np} {
			if p != "" && p != "none" && p != "quarantine" && p != "reject" {
				t.Errorf("policy %q", p)
			}
		}
		if r.psd != "y" && r.psd != "n" && r.psd != "u" {
			t.Errorf("psd = %q", r.psd)
		}
	})
}

func FuzzSPFRecord(f *testing.F) {
	for _, s := range []string{
		"v=spf1 mx a:x.example/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ptr exists:%{ir}.%{v}.%{d2} include:x.example -all exp=e.x.example",
		"v=spf1 redirect=%{d1r+}.example", "v=spf1 a:%%%_%-%{L}.x", "v=spf1 a/0 -", "v=spf1 x=%{S3r.-}",
	} {
		f.Add(s, "bob@shop.example")
	}
	f.Fuzz(func(t *testing.T, txt, sender string) {
		r, err := parseSPF(txt)
		if err != nil {
			return
		}
		local, domain, _ := strings.Cut(sender, "@")
		c := &spfCheck{client: netip.MustParseAddr("192.0.2.1"), local: local, sender: domain, helo: sender, named: true}
		specs := []string{r.redirect, r.exp}
		for _, d := range r.directives {
			specs = append(specs, d.domain)
			if d.cidr4 < 0 || d.cidr4 > 32 || d.cidr6 < 0 || d.cidr6 > 128 {
				t.Errorf("lengths %d, %d", d.cidr4, d.cidr6)
			}
		}
		for _, spec := range specs {
			if name := c.expandDomain(spec, "shop.example"); len(name) > 253 && strings.Contains(name, ".") {
				t.Errorf("%q expands to %d bytes", spec, len(name))
			}
		}
	})
}

// slowBody is the canonical form of a body by regular expressions, as RFC 6376 §3.4.3 and §3.4.4 tell it.
func slowBody(body string, relaxed bool) string {
	body = regexp.MustCompile(`\r?\n`).ReplaceAllString(body, "\r\n")
	if relaxed {
		body = regexp.MustCompile(`[ \t]+`).ReplaceAllString(body, " ")
		body = regexp.MustCompile(` (\r\n|$)`).ReplaceAllString(body, "$1")
	}
	for strings.HasSuffix(body, "\r\n") {
		body = strings.TrimSuffix(body, "\r\n")
	}
	if body == "" && relaxed {
		return ""
	}
	return body + "\r\n"
}

// text is a hash that keeps what it is given.
type text struct {
	hash.Hash
	bytes.Buffer
}

func (t *text) Write(b []byte) (int, error) { return t.Buffer.Write(b) }
func (t *text) Reset()                      { t.Buffer.Reset() }

func FuzzBody(f *testing.F) {
	for _, s := range []string{"", "\r\n", "a", "a\n", " a  b \t\r\n\r\n\t\r\n", "a\rb\r\r\n", " ", "\r", "a\r"} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, body string, limit int) {
		for _, relaxed := range []bool{false, true} {
			want := slowBody(body, relaxed)
			got := &text{Hash: sha256.New()}
			size := hashBody(got, []byte(body), relaxed, -1)
			if got.String() != want || size != int64(len(want)) {
				t.Errorf("relaxed = %v: body %q is %q (%d), want %q (%d)", relaxed, body, got.String(), size, want, len(want))
			}
			if limit < 0 {
				continue
			}
			part := &text{Hash: sha256.New()}
			hashBody(part, []byte(body), relaxed, int64(limit))
			if want := want[:min(limit, len(want))]; part.String() != want {
				t.Errorf("relaxed = %v, l=%d: body %q is %q, want %q", relaxed, limit, body, part.String(), want)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"A: b\r\n\r\nc", "A: b\n c\nD : e\n\nf", "From x\nA: b\n\n", "no field\n", "A:", "\n", " A: b\n", "A: \r\n \r\n\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		fields, body := split([]byte(raw))
		var all strings.Builder
		for _, field := range fields {
			all.Write(field.raw)
			once := canonicalField(field.raw, true)
			if twice := canonicalField(once, true); !bytes.Equal(once, twice) {
				t.Errorf("field %q is %q, and that is %q", field.raw, once, twice)
			}
		}
		if i := strings.LastIndex(raw, all.String()); i < 0 || !strings.HasSuffix(raw, string(body)) {
			t.Errorf("%q is not %q and %q", raw, all.String(), body)
		}
	})
}
