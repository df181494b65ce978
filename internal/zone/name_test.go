package zone

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// FuzzParseName compares parseName with miekg/dns, which takes a dot for the final one if the octet before it is an
// escape that follows a character beyond ASCII.
func FuzzParseName(f *testing.F) {
	long := strings.Repeat("a", 63)
	for _, s := range []string{
		"", ".", "..", ".a", "a..b", "QQ.com", "qq.com.", `a\.b.c`, `a\\.b`, `\065\066.`, `\999`, `\25`, `a\`, `a\.`, `a\\\.`, "\x00 é.b",
		long, long + "a", long + "." + long + "." + long + "." + long[:61], long + "." + long + "." + long + "." + long[:62] + ".",
		strings.Repeat("a.", 127), strings.Repeat("a.", 128),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseName(s)
		if strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) && strings.Contains(s, `\`) {
			return
		}
		var want name
		end, packErr := dns.PackDomainName(dns.Fqdn(s), want.wire[:], 0, nil, false)
		if packErr != nil || s == "" || !want.index(end) {
			if err == nil {
				t.Fatalf("parseName(%q) = % x, want an error", s, got.wire[:got.len()])
			}
			return
		}
		if err != nil || got != want {
			t.Fatalf("parseName(%q) = % x, %v, want % x", s, got.wire[:got.len()], err, want.wire[:want.len()])
		}
	})
}
