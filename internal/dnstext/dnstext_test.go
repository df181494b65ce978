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
