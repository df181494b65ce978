package wire

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestOriginalRecipient(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value, addrType, address string
		small, ok                bool
	}{
		{"rfc822;a+2Bb@c.example", "RFC822", "a+b@c.example", false, true},
		{"rfc822;a+2bb@c.example", "RFC822", "a+b@c.example", true, true},
		{"rfc822;", "RFC822", "", false, true},
		{"X-Local;what+20ever", "X-Local", "what ever", false, true},
		{"x;y;z", "x", "y;z", false, true},
		{`utf-8;\x{FC}@b.example`, "UTF-8", "ü@b.example", false, true},
		{`utf-8;\x{4f60}@b.example`, "UTF-8", "你@b.example", true, true},
		{`utf-8;+5Cx{FC}@b.example`, "UTF-8", "ü@b.example", false, true},
		{"utf-8;ü@b.example", "UTF-8", "ü@b.example", false, true},
		{"rfc822", "", "", false, false},
		{";a", "", "", false, false},
		{"a b;c", "", "", false, false},
		{"rfc822;ü", "", "", false, false},
		{"rfc822;a+", "", "", false, false},
		{"rfc822;a+2", "", "", false, false},
		{"rfc822;a+G0", "", "", false, false},
		{"rfc822;a+-1", "", "", false, false},
		{"rfc822;a+00", "", "", false, false},
		{"rfc822;a=b", "", "", false, false},
		{`utf-8;a\b`, "", "", false, false},
		{`utf-8;\x{}`, "", "", false, false},
		{`utf-8;\x{D800}`, "", "", false, false},
		{`utf-8;\x{110000}`, "", "", false, false},
		{`utf-8;\x{0000041}`, "", "", false, false},
		{`utf-8;\x{+41}`, "", "", false, false},
		{`utf-8;\x{41`, "", "", false, false},
		{`utf-8;\x{7}`, "", "", false, false},
	} {
		addrType, address, small, ok := originalRecipient(test.value)
		if ok != test.ok || ok && (addrType != test.addrType || address != test.address || small != test.small) {
			t.Errorf("%s: got %q, %q, %v, %v, want %+v", test.value, addrType, address, small, ok, test)
		}
	}
}

func FuzzDSN(f *testing.F) {
	for _, value := range []string{"rfc822;a+2Bb@c", `utf-8;\x{4F60}\x{1}`, "x;+", "NEVER", "SUCCESS,delay", "a+2fb", "=", `utf-8;+5Cx{41}\`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if _, address, _, ok := originalRecipient(value); ok && (!utf8.ValidString(address) || len(address) > len(value) || strings.ContainsAny(address, "\x00\r\n")) {
			t.Errorf("%q: got address %q", value, address)
		}
		if words, ok := notify(value); ok && (len(words) == 0 || len(words) > 3) {
			t.Errorf("%q: got %q", value, words)
		}
	})
}

func FuzzMailbox(f *testing.F) {
	for _, address := range []string{"a@b.example", `"a@b"@c`, "a@[192.0.2.1]", "a@[IPv6:::1]", "a@[x:y]", "a@b..c", "a@", "@b", "", `""@b`} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if !badMailbox(address) && (!utf8.ValidString(address) || strings.ContainsAny(address, "\x00\r\n\x7f")) {
			t.Errorf("%q is taken", address)
		}
		badRoute(address)
	})
}
