package wire

// Paths, as the engine takes them apart too.

import (
	"slices"
	"testing"
)

func TestBadMailbox(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"": false, "postmaster": false, "a@b.example": false, "a@[IPv6:2001:db8::1]": false, `"a@b,c"@d.example`: false, "甲@乙.example": false,
		"a@b.example,c@d.example": true, "a@b.example;c@d.example": true, "a@b@c.example": true, `"a"@b.example,c@d.example`: true, "a@<b.example": true,
	} {
		if got := badMailbox(address); got != want {
			t.Errorf("badMailbox(%q) = %v, want %v", address, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arg, address string
		params       []string
	}{
		{"FROM:<>", "", nil},
		{"FROM:", "", nil},
		{"FROM", "", nil},
		{"TO:<a@b.example> NOTIFY=NEVER ORCPT=rfc822;x>y@b.example", "a@b.example", []string{"NOTIFY=NEVER", "ORCPT=rfc822;x>y@b.example"}},
		{"TO: \t<a@b.example>SIZE=1", "a@b.example", []string{"SIZE=1"}},
		{`TO:<"a b> \" @"@b.example> SIZE=1`, `"a b> \" @"@b.example`, []string{"SIZE=1"}},
		{`TO:"a b> \" @"@b.example SIZE=1`, `"a b> \" @"@b.example`, []string{"SIZE=1"}},
		{`TO:<@x,@y:"a:b"@c.example>`, `"a:b"@c.example`, nil},
		{`TO:@x:"a b"@c.example`, `"a b"@c.example`, nil},
		{`TO:<"@x:y"@c.example>`, `"@x:y"@c.example`, nil},
		{`TO:<a@b"> SMTPUTF8`, `a@b"`, []string{"SMTPUTF8"}}, // a quote that begins no local part is none
		{`TO:a@b" SMTPUTF8`, `a@b"`, []string{"SMTPUTF8"}},
		{`TO:<"a@b.example> SIZE=1`, `"a@b.example> SIZE=1`, nil},
		{"TO:<a@b.example", "a@b.example", nil},
		{"TO:a@b.example\tSIZE=1", "a@b.example", []string{"SIZE=1"}},
	} {
		if address, _, params, _ := path(test.arg); address != test.address || !slices.Equal(params, test.params) {
			t.Errorf("path(%q) = %q, %q, want %q, %q", test.arg, address, params, test.address, test.params)
		}
	}
}

func TestRouteAndGlue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arg, route string
		glued      bool
	}{
		{"FROM:<a@b>", "", false},
		{"FROM:<@x,@y:a@b>", "@x,@y", false},
		{"FROM:<@x>", "", false},
		{"FROM:<a@b>SIZE=1", "", true},
		{"FROM:<a@b> SIZE=1", "", false},
		{"FROM:<a@b>\tSIZE=1", "", false},
		{"FROM:<>x", "", true},
		{"FROM:<a@b>>", "", true},
		{"FROM:a@b", "", false},
	} {
		if _, route, _, glued := path(test.arg); route != test.route || glued != test.glued {
			t.Errorf("path(%q): route %q, glued %v, want %q, %v", test.arg, route, glued, test.route, test.glued)
		}
	}
}
