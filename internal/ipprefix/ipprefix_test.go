package ipprefix

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want, in, out string }{
		{"192.0.2.1", "192.0.2.1/32", "192.0.2.1 ::ffff:192.0.2.1", "192.0.2.2 2001:db8::1 x"},
		{"::ffff:192.0.2.1", "192.0.2.1/32", "192.0.2.1 ::ffff:192.0.2.1", "192.0.2.2"},
		{"192.0.2.7/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
		{"::ffff:192.0.2.7/120", "192.0.2.0/24", "192.0.2.255 ::ffff:192.0.2.1", "192.0.3.0"},
		{"2001:db8::/32", "2001:db8::/32", "2001:db8:1::", "2001:db9:: 192.0.2.1"},
		{"0.0.0.0/0", "0.0.0.0/0", "192.0.2.1", "2001:db8::1"},
		{"fe80::1", "fe80::1/128", "fe80::1 fe80::1%eth0", "fe80::2"},
	} {
		prefix, err := Parse(test.text)
		if err != nil || prefix.String() != test.want {
			t.Errorf("Parse(%q) = %v, %v, want %s", test.text, prefix, err, test.want)
		}
		for addr := range strings.FieldsSeq(test.in) {
			if !Contains(prefix, addr) {
				t.Errorf("%v does not contain %s", prefix, addr)
			}
		}
		for addr := range strings.FieldsSeq(test.out) {
			if Contains(prefix, addr) {
				t.Errorf("%v contains %s", prefix, addr)
			}
		}
	}
	for _, text := range []string{"", "x", "192.0.2.1/33", "192.0.2", "fe80::1%eth0", "192.0.2.1:25", "shop.example"} {
		if prefix, err := Parse(text); err == nil || !strings.Contains(err.Error(), "neither an address nor a prefix") {
			t.Errorf("Parse(%q) = %v, %v, want an error", text, prefix, err)
		}
	}
}
