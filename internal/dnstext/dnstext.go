// Package dnstext has names and texts as they stand in the DNS.
package dnstext

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// ASCII returns a name with A-labels (RFC 5890 §2.3.2.1), which stand for the same host as labels in Unicode. What is
// ASCII already, or is not a name, stays as it is.
func ASCII(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) {
		return name
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

// Reverse returns the labels of an address from back to front, each with a dot after it: "1.2.0.192.". A question
// to a blocklist begins with these labels (RFC 5782 §2.1). An IPv4-mapped address counts as IPv6.
func Reverse(addr netip.Addr) string {
	const digits = "0123456789abcdef"
	labels := make([]byte, 0, 64) // which is enough for IPv6
	for _, octet := range slices.Backward(addr.AsSlice()) {
		if addr.Is4() {
			labels = append(strconv.AppendUint(labels, uint64(octet), 10), '.')
		} else {
			labels = append(labels, digits[octet&15], '.', digits[octet>>4], '.')
		}
	}
	return string(labels)
}

// ReverseName returns the name of an address in in-addr.arpa or ip6.arpa (RFC 1035 §3.5, RFC 3596 §2.5).
func ReverseName(addr netip.Addr) string {
	if addr.Is4() {
		return Reverse(addr) + "in-addr.arpa."
	}
	return Reverse(addr) + "ip6.arpa."
}

// Strings returns a text as the strings of a TXT record in the format of master files: at most 255 bytes each (RFC
// 1035 §3.3), with escapes and without quotes. There is always at least one.
func Strings(text string) []string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var all []string
	for len(text) > 255 {
		all = append(all, escape.Replace(text[:255]))
		text = text[255:]
	}
	return append(all, escape.Replace(text))
}
