package mime

// This file tests address lists.

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAddresses(t *testing.T) {
	t.Parallel()
	type list = []Mailbox
	tests := []struct {
		name, in string
		want     list
		problem  string // "" if there is none
	}{
		{"nothing", "", nil, ""},
		{"white space and commas", " , ,, ", nil, ""},
		{"comment alone", "(nobody)", nil, ""},
		{"bare", "bob@qq.com", list{{"", "bob@qq.com"}}, ""},
		{"brackets", "<bob@qq.com>", list{{"", "bob@qq.com"}}, ""},
		{"name", "Bob Smith <bob@qq.com>", list{{"Bob Smith", "bob@qq.com"}}, ""},
		{"name without space", "Bob<bob@qq.com>", list{{"Bob", "bob@qq.com"}}, ""},
		{"quoted name", `"Smith, Bob \"B\"" <bob@qq.com>`, list{{`Smith, Bob "B"`, "bob@qq.com"}}, ""},
		{"half quoted name", `"Smith," Bob <bob@qq.com>`, list{{"Smith, Bob", "bob@qq.com"}}, ""},
		{"several", "a@x, B <b@y>,c@z", list{{"", "a@x"}, {"B", "b@y"}, {"", "c@z"}}, ""},
		{"old style", "bob@qq.com (Bob Smith)", list{{"Bob Smith", "bob@qq.com"}}, ""},
		{"old style with brackets", "<bob@qq.com> (Bob \\(x\\))", list{{"Bob (x)", "bob@qq.com"}}, ""},
		{"comment beside a name", "Bob (the builder) <bob@qq.com>", list{{"Bob", "bob@qq.com"}}, ""},
		{"comments everywhere", "(a) Bob (b) < (c) bob @ (d) qq.com > (e)", list{{"Bob", "bob@qq.com"}}, ""},
		{"nested comment", "bob@qq.com (a (b, c) d)", list{{"a (b, c) d", "bob@qq.com"}}, ""},
		{"encoded", "=?utf-8?B?5byg5LiJ?= <zs@qq.com>", list{{"张三", "zs@qq.com"}}, ""},
		{"encoded in quotes", `"=?GB2312?B?1cXI/Q==?=" <zs@qq.com>`, list{{"张三", "zs@qq.com"}}, ""},
		{"encoded in pieces", "=?utf-8?Q?J?= =?utf-8?Q?=C3=BCrgen?= x <j@x.de>", list{{"Jürgen x", "j@x.de"}}, ""},
		{"encoded with an underscore", "=?utf-8?Q?Smith_Bob?= <bob@qq.com>", list{{"Smith Bob", "bob@qq.com"}}, ""},
		{"encoded comment", "zs@qq.com (=?utf-8?B?5byg5LiJ?=)", list{{"张三", "zs@qq.com"}}, ""},
		{"UTF-8", "张三 <张三@例子.中国>", list{{"张三", "张三@例子.中国"}}, ""},
		{"GBK", "\xd5\xc5\xc8\xfd <zs@qq.com>", list{{"张三", "zs@qq.com"}}, ""}, // reported with the value of the field
		{"dots", "J. R. Smith Jr. <j@x>", list{{"J. R. Smith Jr.", "j@x"}}, ""},
		{"at sign in a name", "Bob @ Work <bob@x>", list{{"Bob @ Work", "bob@x"}}, ""},
		{"address as name", "bob@x <bob@x>", list{{"bob@x", "bob@x"}}, ""},
		{"apostrophes", "'bob@x' <bob@x>", list{{"'bob@x'", "bob@x"}}, ""},
		{"quoted local part", `"bob smith"@x.com, <"a,b"@y>`, list{{"", `"bob smith"@x.com`}, {"", `"a,b"@y`}}, ""},
		{"space in quotes in brackets", `< "a\" b" @ y >`, list{{"", `"a\" b"@y`}}, ""},
		{"route", "Bob <@a.com,@b.com:bob@c.com>", list{{"Bob", "bob@c.com"}}, ""},
		{"domain literals", "a@[1.2.3.4], b@[IPv6:2001:db8::1]", list{{"", "a@[1.2.3.4]"}, {"", "b@[IPv6:2001:db8::1]"}}, ""},
		{"white space around at", "bob @ qq.com, bob@ qq.com, bob @qq.com", list{{"", "bob@qq.com"}, {"", "bob@qq.com"}, {"", "bob@qq.com"}}, ""},
		{"group", "Friends: a@x, B <b@y>;", list{{"", "a@x"}, {"B", "b@y"}}, ""},
		{"group and more", "a@x, My Friends: b@y;, c@z", list{{"", "a@x"}, {"", "b@y"}, {"", "c@z"}}, ""},
		{"empty group", "undisclosed-recipients:;", nil, ""},
		{"quoted group", `"a, b": c@z;`, list{{"", "c@z"}}, ""},
		{"fold left in", "a@x,\r\n b@y", list{{"", "a@x"}, {"", "b@y"}}, ""},

		{"group without end", "Friends: a@x", list{{"", "a@x"}}, "the group is not closed"},
		{"semicolons", "a@x; B <b@y>; c@z", list{{"", "a@x"}, {"B", "b@y"}, {"", "c@z"}}, "there is a semicolon between addresses, at byte 3"},
		{"no brackets", "Bob Smith bob@x", list{{"Bob Smith", "bob@x"}}, `"bob@x" has no angle brackets`},
		{"no brackets, name behind", "bob@x Bob Smith", list{{"Bob Smith", "bob@x"}}, `"bob@x" has no angle brackets`},
		{"no commas", "a@x b@y", list{{"", "a@x"}, {"", "b@y"}}, `"a@x" has no angle brackets`},
		{"no domain", "root", list{{"", "root"}}, `the address "root" has no domain`},
		{"no domain in brackets", "Root <root>", list{{"Root", "root"}}, `the address "root" has no domain`},
		{"name alone", "Bob Smith", list{{"", "Bob Smith"}}, `the address "Bob Smith" has no domain`},
		{"empty brackets", "Bob <>", list{{"Bob", ""}}, `the address of "Bob" is empty`},
		{"at sign alone", "@", list{{"", "@"}}, `the address "@" is incomplete`},
		{"nothing behind at", "bob@", list{{"", "bob@"}}, `the address "bob@" is incomplete`},
		{"open bracket", "Bob <bob@x", list{{"Bob", "bob@x"}}, "the angle bracket at byte 4 is not closed"},
		{"open bracket before another", "Bob <bob@x, A <a@y>", list{{"Bob", "bob@x"}, {"A", "a@y"}}, "the angle bracket at byte 4 is not closed"},
		{"open bracket beside a bracket in a comment", "<x@y,@[(]<a@b,c@d>)", list{{"", "x@y"}, {"@[(]", "a@b"}, {"", "c@d>)"}}, "the angle bracket at byte 0 is not closed"},
		{"double brackets", "<<bob@x>>", list{{"", "bob@x"}}, "the angle bracket at byte 0 is not closed"},
		{"closing bracket alone", "bob@x>", list{{"", "bob@x>"}}, ""},
		{"two brackets", "Bob <a@x> <b@y>", list{{"Bob", "a@x"}, {"", "b@y"}}, "there is a second address in angle brackets"},
		{"comment in brackets", `Bob <(a > (b) ") "x y"@x (c)>, "A" <a@y>`, list{{"Bob", `"x y"@x`}, {"A", "a@y"}}, ""},
		{"open comment in brackets", "Bob <bob(@x>, a@y", list{{"Bob", "bob(@x"}, {"", "a@y"}}, ""},
		{"open quote", `"Bob <bob@x>, a@y`, list{{`"Bob`, "bob@x"}, {"", "a@y"}}, "the quote at byte 0 is not closed"},
		{"open comment", "Bob (x <bob@x>, a@y", list{{"Bob (x", "bob@x"}, {"", "a@y"}}, "the comment at byte 4 is not closed"},
		{"text behind", "<bob@x> Bob", list{{"Bob", "bob@x"}}, ""},
		{"encoded whole", "=?utf-8?B?5byg5LiJIDx6c0BxcS5jb20+?=", list{{"张三", "zs@qq.com"}}, "is in an encoded word or in quotes"},
		{"quoted whole", `"Bob <bob@x>"`, list{{"Bob", "bob@x"}}, "is in an encoded word or in quotes"},
		{"mailto", "mailto:bob@x", list{{"", "bob@x"}}, "the group is not closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := ParseAddresses(tt.in, "", &bad)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseAddresses(%q) (-want +got):\n%s", tt.in, diff)
			}
			if got := strings.Join(bad, "; "); tt.problem == "" && got != "" || !strings.Contains(got, tt.problem) {
				t.Errorf("problems of %q = %q, want %q", tt.in, got, tt.problem)
			}
		})
	}
}

func TestRawAddresses(t *testing.T) {
	t.Parallel()
	type list = []Mailbox
	for in, want := range map[string][]Group{
		"":                                     nil,
		"a@x, Bob <b@y>":                       {{"", list{{"", "a@x"}, {"Bob", "b@y"}}}},
		"=?utf-8?q?B=C3=B6b?= <a>":             {{"", list{{"=?utf-8?q?B=C3=B6b?=", "a"}}}},
		`"=?utf-8?q?B?= =?utf-8?q?_X?=" <a@x>`: {{"", list{{"=?utf-8?q?B?= =?utf-8?q?_X?=", "a@x"}}}},
		"undisclosed-recipients:;":             {{"undisclosed-recipients", nil}},
		`a@x, "The B" s: Bob <b@y>, c@z;, G: ;d@x`:     {{"", list{{"", "a@x"}}}, {"The B s", list{{"Bob", "b@y"}, {"", "c@z"}}}, {"G", nil}, {"", list{{"", "d@x"}}}},
		"=?utf-8?q?G=C3=B6?= : a@x (comment), b@y":     {{"=?utf-8?q?G=C3=B6?=", list{{"comment", "a@x"}, {"", "b@y"}}}},
		"=?utf-8?B?5byg5LiJIDx6M0BleGFtcGxlLmNuPg==?=": {{"", list{{"", "=?utf-8?B?5byg5LiJIDx6M0BleGFtcGxlLmNuPg==?="}}}},
	} {
		if diff := cmp.Diff(want, RawAddresses(in)); diff != "" {
			t.Errorf("RawAddresses(%q) (-want +got):\n%s", in, diff)
		}
	}
}

// A list is its mailboxes, one behind the other, whatever stands before and behind each of them.
func TestAddressListIsItsMailboxes(t *testing.T) {
	t.Parallel()
	mailboxes := []string{
		"bob@x.example", "Bob <bob@x.example>", `"Smith, Bob" <bob@x.example>`, "bob@x.example (Bob)", "Bob the Builder <bob@x.example>",
		"bob @ x.example", "Bob <a@x.example> <b@y.example>", "A B C <a@x.example> D E <b@y.example> F", "a@x.example b@y.example Bob", "Bob Smith",
		"=?utf-8?q?B=C3=B6b?= =?utf-8?q?_X?= <bob@x.example>", `"Bob <bob@x.example>"`, "mary@home <m@x.example>", "", "(Bob)", "<>",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var list []string
		var want []Mailbox
		for range 1 + random.IntN(6) {
			one := mailboxes[random.IntN(len(mailboxes))]
			list, want = append(list, one), slices.Concat(want, ParseAddresses(one, "", new(Problems)))
		}
		in := strings.Join(list, ", ")
		if diff := cmp.Diff(want, ParseAddresses(in, "", new(Problems))); diff != "" {
			t.Fatalf("ParseAddresses(%q) (-want +got):\n%s", in, diff)
		}
	}
}
