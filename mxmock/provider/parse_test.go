package provider

// The format: what is wrong with a file is said, each with its line.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mxmock"
)

const minimal = `provider mine.example
domain mine.example
	mx 10 mx.mine.example
	source guess
service mx
	hosts mx.mine.example
	ports 25
	greeting 220 hello
	ehlo 250 hello
	source guess
policy no
	at mail
	when always
	reply 550 no
	source guess
`

func TestParseErrors(t *testing.T) {
	t.Parallel()
	// Each case replaces a piece of the minimal file; want is the whole error.
	for _, c := range []struct{ old, new, want string }{
		{"provider mine.example\n", "", `f:1: no provider: begin with a line such as "provider qq.com"`},
		{"provider mine.example", "provider", `f:1: "provider" has 0 words after it, where 1 belong`},
		{"provider mine.example", "provider Mine", `f:1: "Mine" is not a domain name of two labels or more`},
		{"domain mine.example", "domian mine.example", `f:2: "domian" begins no block; one begins with provider, domain, zone, service or policy`},
		{"domain mine.example", "domain mine.example\n\tmy 1", "f:3: \"my\" is not known in a block \"domain\"; there are dmarc, mta-sts, mx, note, source, spf"},
		{"domain mine.example", "domain mine.example mine.example", "f:2: domain mine.example is there already, on line 2"},
		{"provider mine.example\n", "provider mine.example\n\tabout a\n\tabout b\n", `f:3: "about" is there twice`},
		{"provider mine.example\n", "\tabout a\nprovider mine.example\n", "f:1: an indented line belongs to a block, and there is none yet"},
		{"mx 10 mx.mine.example", "mx mx.mine.example", `f:3: "mx.mine.example" is not a preference of 16 bits and a host, such as "10 mx1.qq.com"`},
		{"policy no\n", "policy no\n\ton submission\n", "f:11: policy no is on submission, and there is no such service"},
		{"reply 550 no\n\tsource guess", "reply 550 no", "f:11: the block has no source; write one, such as \"source guess nothing was found\""},
		{"mx 10 mx.mine.example", "mx 10 other.mine.example", "f:2: no service is at other.mine.example:25, where the mail of mine.example goes"},
		{"mx 10 mx.mine.example", "mx 10 mx.mine.example\n\tspf spf1", `f:4: "spf1" does not begin with v=spf1`},
		{"mx 10 mx.mine.example", "mx 10 mx.mine.example\n\tmta-sts id=1 mode=on", `f:4: mode="on" is none of enforce, testing and none`},
		{"service mx", "zone\n\trr mine.example. TX x\n\tsource guess\nservice mx", `f:6: column 15: unknown type (others are written TYPE123, RFC 3597 §5): "TX"`},
		{"service mx", "service pop3", "f:5: a service is called mx or submission, or one of these with \"-\" and more after it, not pop3"},
		{"ports 25", "ports 0", "f:7: there is no port 0"},
		{"ports 25\n", "ports 25\n\tsize 1k\n", `f:8: "1k" is not a number of bytes`},
		{"ports 25\n", "ports 25\n\ttoken [0-9]+\n", `f:8: the token "[0-9]+": there is more in it than literals, classes such as [0-9a-f], and repetitions such as {5}`},
		{"\tgreeting 220 hello\n", "", "f:5: service mx has no greeting"},
		{"greeting 220", "greeting 250", "f:8: the code of greeting is 220, not 250"},
		{"ehlo 250 hello", "ehlo 250-hello", `f:9: "250-hello": a hyphen must follow the code on all lines of a reply but the last`},
		{"policy no", "policy spf", "f:11: spf is the name of a condition, and so can't be that of a policy"},
		{"at mail", "at dinner", `f:12: there is no stage "dinner"; there are connect, helo, auth, mail, rcpt, data, dot and command`},
		{"\tat mail\n", "", "f:11: policy no has no at"},
		{"when always", "when never", `f:13: there is no condition "never"; there are `},
		{"when always", "when spf maybe", `f:13: spf: "maybe" is none of none, pass, fail, softfail, neutral, policy, temperror, permerror`},
		{"when always", "when ptr now", "f:13: ptr: 1 arguments; it takes 0"},
		{"when always", "when lint beauty", "f:11: lint can't be known at mail"},
		{"when always", "when dkim fail", "f:11: dkim can't be known at mail"},
		{"when always", "when rate client", "f:11: something is counted, and there is no limit"},
		{"when always", "when always\n\tlimit 5 1h", "f:11: there is a limit, and nothing is counted"},
		{"when always", "when rate client\n\tlimit some", `f:14: "some" is not a number, or a number and a time such as "100 1h"`},
		{"when always", "when rate client\n\twhen always\n\tlimit 1", "f:11: rate has to be the last condition"},
		{"reply 550 no", "reply 250 yes", "f:14: a policy refuses, so its reply begins with 4 or 5"},
		{"reply 550 no", "reply no", `f:14: "no" is not a line of a reply`},
		{"reply 550 no", `reply "550 no`, `f:14: "550 no is no string in the syntax of Go`},
		{"reply 550 no", "reply 550 {who}", "f:14: there is no placeholder {who}; there are {addr} "},
		{"reply 550 no", "reply 550-no\n\treply 551 no", `f:14: the code of "551 no" differs from that of the first line`},
		{"reply 550 no", "reply 550 no\n\tcharset klingon", `f:15: the charset "klingon" is not known`},
		{"reply 550 no", "reply 550 你好\n\tcharset iso-8859-5", "f:15: the reply has characters that are not in the charset"},
		{"reply 550 no", "reply 550 no\n\tdefault on", `f:15: a default is "off", not "on"; without that line the policy is on`},
		{"reply 550 no\n\tsource guess", "reply 550 no\n\tsource rumour", "f:15: a source begins with how well it is known: capture, log, documentation or guess; not \"rumour\""},
		{"reply 550 no", "reply 550 \xff", "f:14: the line is not UTF-8"},
	} {
		text := strings.Replace(minimal, c.old, c.new, 1)
		if text == minimal {
			t.Fatalf("%q is not in the minimal file", c.old)
		}
		_, err := parse("f", text)
		if err == nil {
			t.Errorf("%q: no error, want %q", c.new, c.want)
			continue
		}
		if got := err.Error(); !strings.Contains(got, c.want) {
			t.Errorf("%q: error =\n%s\nwant\n%s", c.new, got, c.want)
		}
	}
	if _, err := parse("f", minimal); err != nil {
		t.Errorf("the minimal file: %v", err)
	}
}

// TestParseAllErrors: everything that is wrong is said at once.
func TestParseAllErrors(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("ports 25", "ports 0", "reply 550", "reply 250", "at mail", "at noon").Replace(minimal)
	_, err := parse("f", text)
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"f:7: there is no port 0",
		`f:12: there is no stage "noon"; there are connect, helo, auth, mail, rcpt, data, dot and command`,
		"f:14: a policy refuses, so its reply begins with 4 or 5",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// TestToken: tokens match their expression, are the same for the same seed and differ otherwise.
func TestToken(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"M[A-Za-z0-9+/]{45}", `[A-Za-z0-9+_]{22}--\.[0-9]{5}S2`, "(a[bc]){3}x"} {
		tok, err := newToken(pattern)
		if err != nil {
			t.Fatal(err)
		}
		a, again, b := tok.make("1"), tok.make("1"), tok.make("2")
		if a != again {
			t.Errorf("%s: tokens of one seed are %q and %q", pattern, a, again)
		}
		if a == b && pattern != "(a[bc]){3}x" {
			t.Errorf("%s: tokens of two seeds are both %q", pattern, a)
		}
		if !matches(t, pattern, a) || !matches(t, pattern, b) {
			t.Errorf("tokens %q and %q do not match %s", a, b, pattern)
		}
	}
	for _, pattern := range []string{"", "a*", "[^a]", "x{1000}", "\n", "(", "a{2,3}"} {
		if _, err := newToken(pattern); err == nil {
			t.Errorf("the token %q is taken", pattern)
		}
	}
}

func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("data/*.txt")
	if err != nil || len(names) == 0 {
		f.Fatal("no data: ", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(minimal)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parse("f", text)
		if (err == nil) != (d != nil) {
			t.Fatalf("definition %v, error %v", d, err)
		}
		if err != nil {
			if !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("an error without line: %v", err)
			}
			return
		}
		inet := &mxmock.Internet{}
		defer inet.Close()
		if _, err := Load(inet, text); err != nil {
			t.Logf("not loaded: %v", err) // a definition can contradict others, and even itself in what the DNS forbids
		}
		for _, s := range d.services {
			if s.token != nil && !matches(t, s.token.re.String(), s.token.make("seed")) {
				t.Errorf("a token does not match %v", s.token.re)
			}
		}
	})
}

// matches reports whether a token is one of a pattern.
func matches(t *testing.T, pattern, tok string) bool {
	t.Helper()
	re, err := regexp.Compile("^(" + pattern + ")$")
	if err != nil {
		t.Fatal(err)
	}
	return re.MatchString(tok)
}
