package lint

// Tables of defects and of clean messages, each a change to a message that is in order.

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// bases are the messages that the tables change.
func bases(t *testing.T) map[string]string {
	t.Helper()
	m := make(map[string]string)
	for _, name := range []string{"plain", "mixed", "rich"} {
		data, err := os.ReadFile("testdata/base/" + name + ".eml")
		if err != nil {
			t.Fatal(err)
		}
		m[name] = string(data)
	}
	return m
}

// variant is a line of a table: a rule (or "clean"), a base, what to replace in it, and by what;
// see crlf for line ends.
type variant struct {
	line                 int
	rule, base           string
	replace, replacement string
}

// variants reads a table. Its columns are quoted strings, but for the first two.
func variants(t *testing.T, file string) []variant {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []variant
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		rule, rest, _ := strings.Cut(line, " ")
		base, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		v := variant{line: n, rule: rule, base: base}
		for _, column := range []*string{&v.replace, &v.replacement} {
			quoted, err := strconv.QuotedPrefix(strings.TrimLeft(rest, " "))
			if err != nil {
				t.Fatalf("%s:%d: %v in %s", file, n, err, rest)
			}
			rest = strings.TrimLeft(rest, " ")[len(quoted):]
			text, _ := strconv.Unquote(quoted)
			*column = crlf(text)
		}
		all = append(all, v)
	}
	return all
}

// crlf makes CRLF of \n, and a bare LF of \v.
func crlf(s string) string { return strings.NewReplacer("\n", "\r\n", "\v", "\n").Replace(s) }

// apply makes the message of a variant.
func (v variant) apply(t *testing.T, bases map[string]string) *mailtest.Message {
	t.Helper()
	base, ok := bases[v.base]
	if !ok || !strings.Contains(base, v.replace) {
		t.Fatalf("line %d: %q is not in the base %q", v.line, v.replace, v.base)
	}
	return mailtest.ParseMessage([]byte(strings.Replace(base, v.replace, v.replacement, 1)))
}

func TestDefects(t *testing.T) {
	t.Parallel()
	table := variants(t, "testdata/defects.txt")
	if got, want := len(table), 100; got < want {
		t.Errorf("%d defects, want at least %d", got, want)
	}
	all := bases(t)
	l := &Linter{Now: now}
	for _, v := range table {
		findings := l.Check(v.apply(t, all))
		found := false
		for _, f := range findings {
			found = found || f.Rule == v.rule
		}
		if !found {
			t.Errorf("defects.txt:%d: %q: got %v, want a finding of %s", v.line, v.replacement, findings, v.rule)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	table := variants(t, "testdata/clean.txt")
	if got, want := len(table), 50; got < want {
		t.Errorf("%d clean messages, want at least %d", got, want)
	}
	all := bases(t)
	l := &Linter{Now: now}
	for _, v := range table {
		for _, f := range l.Check(v.apply(t, all)) {
			t.Errorf("clean.txt:%d: %q: got %v, want nothing", v.line, v.replacement, f)
		}
	}
}
