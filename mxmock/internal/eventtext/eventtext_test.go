package eventtext

import (
	"strings"
	"testing"
)

// FuzzParse reads texts: whatever names an event matches the event with that text, and so do its first words.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "ask", "ask mx", "ask mx qq.com", "ask any *", "ask mx *.例子.中国", "dial [2001:db8::9]:25", "dial mx1.qq.com:25 2001:db8::9",
		"smtp mx1.qq.com:25 RCPT TO:<bob@qq.com>", "smtp mx1.qq.com (dot)", "mail mx1.qq.com:25 bob@qq.com", "smtp x ehlo", "dial :25", "mail a @",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		fields := strings.Fields(text)
		if len(fields) < 2 || p.kind == "ask" || len(fields) > 2 && strings.EqualFold(fields[2], "(unknown)") { // which are patterns
			p.Matches(text, "further.example")
			return
		}
		what := p.kind + " " + strings.Join(fields[1:], " ")
		if !p.Matches(what, "") {
			t.Errorf("%q does not match the event %q", text, what)
		}
	})
}

// TestUnknown has what is not a command of SMTP, an empty line too.
func TestUnknown(t *testing.T) {
	t.Parallel()
	p, err := Parse("smtp mx1.qq.com (unknown)")
	if err != nil {
		t.Fatal(err)
	}
	for what, want := range map[string]bool{
		"smtp mx1.qq.com:25 RCTP TO:<x>": true, "smtp mx1.qq.com:25 (unknown)": true, "smtp mx1.qq.com:25 rcpt": false, "smtp mx1.qq.com:25 (dot)": false,
	} {
		if got := p.Matches(what, ""); got != want {
			t.Errorf("%q: %t, want %t", what, got, want)
		}
	}
}
