package lint

// Every rule has a good and a bad example in testdata/rules; the tables and the package comment agree.

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestMain(m *testing.M) {
	machine.CollectRarely()
	goleak.VerifyTestMain(m)
}

// now is the day of the examples.
var now = time.Date(2026, time.January, 5, 3, 0, 0, 0, time.UTC)

// example returns the linter for the examples of a rule.
func example(rule string) *Linter {
	l := &Linter{Now: now}
	if rule == "message-size" {
		l.MaxSize = 2000
	}
	return l
}

func TestExamples(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, r := range Rules() {
		known[r.Name] = true
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", "rules", r.Name)
			bad := lintFiles(t, example(r.Name), filepath.Join(dir, "bad*.*"))
			var lines strings.Builder
			found := false
			for _, f := range bad {
				found = found || f.Rule == r.Name
				fmt.Fprintln(&lines, f)
			}
			if !found {
				t.Errorf("the bad example has no finding of the rule, but:\n%s", &lines)
			}
			golden.Compare(t, filepath.Join(dir, "findings.golden"), lines.String())
			for _, f := range lintFiles(t, example(r.Name), filepath.Join(dir, "good.*")) {
				t.Errorf("the good example has the finding %v", f)
			}

			l := example(r.Name)
			l.Off = []string{r.Name}
			for _, f := range lintFiles(t, l, filepath.Join(dir, "bad*.*")) {
				if f.Rule == r.Name {
					t.Errorf("with the rule off: %v", f)
				}
			}
			l.Off, l.Only = nil, []string{r.Name}
			for _, f := range lintFiles(t, l, filepath.Join(dir, "bad*.*")) {
				if f.Rule != r.Name {
					t.Errorf("with only this rule: %v", f)
				}
			}
		})
	}
	dirs, err := os.ReadDir("testdata/rules")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if !known[d.Name()] {
			t.Errorf("testdata/rules/%s: there is no such rule", d.Name())
		}
	}
}

// lintFiles lints the examples that match: .eml files together, and .txt files, which are
// dialogues, one by one.
func lintFiles(t *testing.T, l *Linter, pattern string) []Finding {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no %s: %v", pattern, err)
	}
	var findings []Finding
	var messages []*mailtest.Message
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(file) == ".eml" {
			messages = append(messages, mailtest.ParseMessage(data))
			continue
		}
		sessions, received := dialogue(t, data)
		for _, s := range sessions {
			findings = append(findings, l.CheckSession(s)...)
		}
		messages = append(messages, received...)
	}
	return append(findings, l.Check(messages...)...)
}

// dialogue plays a dialogue with a server. "-> " is before what the client sends, "<- " before the
// code of the reply, or *. "~> " sends a quoted string as it is. What stands together is sent
// together. In the end the client goes.
func dialogue(t *testing.T, script []byte) (sessions []*mailtest.Session, messages []*mailtest.Message) {
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		play(t, conn, script)
		conn.Close()
		synctest.Wait() // until the server has seen that
		sessions, messages = srv.Sessions(), srv.Messages()
	})
	return sessions, messages
}

// play plays the client's side of a dialogue.
func play(t *testing.T, conn net.Conn, script []byte) {
	t.Helper()
	in := bufio.NewReader(conn)
	var out bytes.Buffer
	flush := func() {
		if _, err := conn.Write(out.Bytes()); err != nil {
			t.Fatalf("write: %v", err)
		}
		out.Reset()
	}
	for line := range strings.Lines(string(script)) {
		line = strings.TrimSuffix(line, "\n")
		what, arg := line[:3], line[3:]
		switch what {
		case "-> ":
			out.WriteString(arg + "\r\n")
		case "~> ":
			text, err := strconv.Unquote(arg)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			out.WriteString(text)
		case "<- ":
			flush()
			reply := "    "
			for len(reply) > 3 && reply[3] != ' ' || reply == "    " {
				text, err := in.ReadString('\n')
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				reply = text
			}
			if arg != "*" && arg != reply[:3] {
				t.Fatalf("reply = %q, want %s", reply, arg)
			}
		default:
			t.Fatalf("%s: neither said nor answered", line)
		}
	}
	flush()
}

// TestTable compares the table in the package comment with Rules.
func TestTable(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	before, table, found := strings.Cut(string(source), tableBegin)
	table, _, end := strings.Cut(table, "package lint\n")
	if !found || !end {
		t.Fatalf("doc.go has no line %q before its package clause", tableBegin)
	}
	var want strings.Builder
	group := ""
	for _, r := range Rules() {
		if r.Group != group {
			group = r.Group
			fmt.Fprintf(&want, "//\n// %s:\n//\n", group)
		}
		fmt.Fprintf(&want, "//\t%-22s %-8v %s\n", r.Name, r.Severity, r.Section)
		for _, line := range wrap(r.Text, 88) {
			fmt.Fprintf(&want, "//\t    %s\n", line)
		}
	}
	if golden.Updating() {
		text := before + tableBegin + want.String() + "package lint\n"
		if err := os.WriteFile("doc.go", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want.String(), table); diff != "" {
		t.Errorf("the table in doc.go is old, run go test -update (-want +got):\n%s", diff)
	}
}

const tableBegin = "// These are the rules, by group. [Rules] returns the same table, with advice on how to fix each.\n"

// wrap cuts text into lines of at most n characters.
func wrap(text string, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > n {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}

// TestRuleInfo looks whether every rule is described, and whether names are taken twice.
func TestRuleInfo(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for i, r := range Rules() {
		if r.Name == "" || r.Section == "" || r.Fix == "" || r.Severity == 0 || !strings.HasSuffix(r.Text, ".") {
			t.Errorf("rule %d is not described: %+v", i, r)
		}
		if seen[r.Name] {
			t.Errorf("two rules have the name %q", r.Name)
		}
		seen[r.Name], seen[r.Group] = true, false
	}
}

func TestUnknownRulePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if got, want := fmt.Sprint(recover()), `lint: there is no rule and no group "no-such-rule"`; got != want {
			t.Errorf("panic = %q, want %q", got, want)
		}
	}()
	(&Linter{Off: []string{"no-such-rule"}}).Check()
}
