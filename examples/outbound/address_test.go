package outbound

import (
	"strings"
	"testing"
)

func TestParseMailbox(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	tests := []struct{ in, want string }{
		{"bob@qq.com", "bob@qq.com"},
		{"Bob@QQ.Com", "Bob@qq.com"},
		{"bob@例子.中国", "bob@xn--fsqu00a.xn--fiqs8s"},
		{"bob@BÜCHER.example", "bob@xn--bcher-kva.example"},
		{"bob@xn--bcher-kva.example", "bob@xn--bcher-kva.example"},
		{"小明@qq.com", "小明@qq.com"},
		{"a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp"},
		{`"a b"@qq.com`, `"a b"@qq.com`},
		{`"a@b"@qq.com`, `"a@b"@qq.com`},
		{`"a\"b\\"@qq.com`, `"a\"b\\"@qq.com`},
		{"o'neil+x=y/z@qq.com", "o'neil+x=y/z@qq.com"},
		{"bob@mail_1.qq.com", "bob@mail_1.qq.com"},
		{"bob@localhost", "bob@localhost"},
		{"bob@[203.0.113.5]", "bob@[203.0.113.5]"},
		{"bob@[ipv6:2001:DB8:0::1]", "bob@[IPv6:2001:db8::1]"},
		{"bob@" + strings.Repeat(long+".", 3) + "example", "bob@" + strings.Repeat(long+".", 3) + "example"},

		{"", ""},
		{"bob", ""},
		{"postmaster", ""},
		{"@qq.com", ""},
		{"bob@", ""},
		{"bob@.", ""},
		{"bob@qq.com.", ""},
		{"bob@.qq.com", ""},
		{"bob@qq..com", ""},
		{"bob@-qq.com", ""},
		{"bob@qq-.com", ""},
		{"bob@q q.com", ""},
		{"bob@qq.com>", ""},
		{"<bob@qq.com>", ""},
		{"@relay.example:bob@qq.com", ""},
		{"a@b@qq.com", ""},
		{"a b@qq.com", ""},
		{`a"b@qq.com`, ""},
		{`"a"b"@qq.com`, ""},
		{`"a\"@qq.com`, ""},
		{`"@qq.com`, ""},
		{"bob@qq.com\r\nRSET", ""},
		{"bob\r\n@qq.com", ""},
		{"\"bob\r\"@qq.com", ""},
		{"bob\x00@qq.com", ""},
		{"bob\u0085@qq.com", ""},
		{"b\xffb@qq.com", ""},
		{"bob@qq\xff.com", ""},
		{"bob@" + long + "a.com", ""},
		{strings.Repeat("a", 250) + "@qq.com", ""},
		{"bob@[203.0.113.5", ""},
		{"bob@[203.0.113.256]", ""},
		{"bob@[2001:db8::1]", ""},
		{"bob@[IPv6:203.0.113.5]", ""},
		{"bob@[IPv6:fe80::1%eth0]", ""},
		{"bob@[tag:content]", ""},
		{"bob@[]", ""},
	}
	for _, tt := range tests {
		got, err := parseMailbox(tt.in)
		if err != nil && tt.want != "" || err == nil && got.String() != tt.want {
			t.Errorf("parseMailbox(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

// FuzzParseMailbox checks that nothing passes that could end a command or a path, and
// that what passes is its own canonical form.
func FuzzParseMailbox(f *testing.F) {
	for _, s := range []string{"bob@qq.com", `"a\"b"@[IPv6:2001:db8::1]`, "小明@例子.中国", "a@[203.0.113.5]", "x@y\r\nz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMailbox(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(m.String(), "\r\n\x00") || !isASCII(m.domain) || len(m.String()) > maxPath {
			t.Errorf("parseMailbox(%q) = %q, want nothing unfit for the wire", s, m)
		}
		if strings.ContainsAny(m.local, "<>") && m.local[0] != '"' {
			t.Errorf("parseMailbox(%q) = %q, want angle brackets in quotes only", s, m)
		}
		again, err := parseMailbox(m.String())
		if err != nil || again != m {
			t.Errorf("parseMailbox(%q) = %+v, %v, want %+v as before", m, again, err, m)
		}
	})
}
