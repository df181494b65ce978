package dnstext

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestReverseName(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.1":        "1.2.0.192.in-addr.arpa.",
		"2001:db8::ff":     "f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"::ffff:192.0.2.1": "1.0.2.0.0.0.0.c.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
	} {
		if got := ReverseName(netip.MustParseAddr(addr)); got != want {
			t.Errorf("ReverseName(%s) = %s, want %s", addr, got, want)
		}
	}
}

func TestASCII(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Bücher.example": "xn--bcher-kva.example", "mail.中国.": "mail.xn--fiqs8s.", "Shop.example": "Shop.example", "_dmarc.a": "_dmarc.a", "": "", "a b.中国": "a b.中国", "[IPv6:é]": "[IPv6:é]",
	} {
		if got := ASCII(name); got != want {
			t.Errorf("ASCII(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestStrings(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 255)
	for text, want := range map[string][]string{
		"": {""}, "v=spf1 -all": {"v=spf1 -all"}, long: {long}, long + "y": {long, "y"}, `a"b\c`: {`a\"b\\c`},
	} {
		if got := Strings(text); !slices.Equal(got, want) {
			t.Errorf("Strings(%q) = %q, want %q", text, got, want)
		}
	}
}
