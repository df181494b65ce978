package question

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Question{
		"mx qq.com":         {dns.TypeMX, "qq.com.", false},
		"MX QQ.com.":        {dns.TypeMX, "qq.com.", false},
		"any *":             {dns.TypeANY, ".", true},
		"a *.例子.中国":         {dns.TypeA, "xn--fsqu00a.xn--fiqs8s.", true},
		"tlsa _25._tcp.a.b": {dns.TypeTLSA, "_25._tcp.a.b.", false},
		"ptr 192.0.2.1":     {dns.TypePTR, "1.2.0.192.in-addr.arpa.", false},
		"ptr 2001:db8::1":   {dns.TypePTR, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", false},
	} {
		q, err := Parse(text)
		if err != nil || q != want {
			t.Errorf("%q: got %v, %v, want %v", text, q, err, want)
		}
		if again, err := Parse(q.String()); err != nil || again != q {
			t.Errorf("%q is written as %q, which is %v, %v", text, q, again, err)
		}
	}
	for text, want := range map[string]string{
		"mx":         "is not a question",
		"mxx qq.com": "no record type",
		"mx a..b":    "not a domain name",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", text, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		typ           uint16
		want          bool
	}{
		{"mx qq.com", "qq.com.", dns.TypeMX, true},
		{"mx qq.com", "qq.com.", dns.TypeA, false},
		{"any qq.com", "qq.com.", dns.TypeA, true},
		{"mx *.qq.com", "mx1.qq.com.", dns.TypeMX, true},
		{"mx *.qq.com", "qq.com.", dns.TypeMX, false},
		{"mx *.qq.com", "notqq.com.", dns.TypeMX, false},
		{"any *", ".", dns.TypeNS, true},
	} {
		q, err := Parse(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := q.Matches(tt.name, tt.typ); got != tt.want {
			t.Errorf("%q matches %s %s: %v, want %v", tt.pattern, dns.TypeToString[tt.typ], tt.name, got, tt.want)
		}
	}
}
