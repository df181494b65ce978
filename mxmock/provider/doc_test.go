package provider

// The table in the package comment is made from the data.

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/golden"
)

const (
	tableBegin = "// # What each provider refuses\n"
	tableEnd   = "package provider\n"
)

// table returns the part of the package comment that is made from the data.
func table() string {
	var out strings.Builder
	out.WriteString(tableBegin)
	out.WriteString(`//
// Made from the data by "go test -update ./mxmock/provider". "(off)" behind a policy: it is off by
// default; "sub": it is one of the submission hosts. The source of a text begins with how well it
// is known. Texts are shortened to their first line and beginning.
//
`)
	var rows strings.Builder
	w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "provider\tpolicy\tstage\twhen\ttext\tsource")
	for _, name := range Names() {
		for _, pol := range builtin()[name].policies {
			policy := pol.name
			if pol.on == "submission" {
				policy += " (sub)"
			}
			if pol.off {
				policy += " (off)"
			}
			var at, when []string
			for _, s := range pol.at {
				at = append(at, stageName(s))
			}
			for _, c := range pol.when {
				when = append(when, strings.Join(append([]string{c.name}, c.args...), " "))
			}
			if pol.limit.n > 0 {
				when = append(when, strings.TrimSuffix(fmt.Sprintf("%d in %v", pol.limit.n, pol.limit.per), " in 0s"))
			}
			text, _, more := strings.Cut(pol.reply, "\n")
			if more {
				text += " …"
			}
			source := strings.Join(strings.Fields(pol.origin.confidence+" "+pol.origin.date), " ")
			if pol.origin.text != "" {
				source += ": " + pol.origin.text
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, policy, strings.Join(at, ", "), short(strings.Join(when, ", "), 40), short(text, 60), short(source, 60))
		}
	}
	w.Flush()
	for row := range strings.Lines(rows.String()) {
		out.WriteString(strings.TrimRight("//\t"+strings.TrimRight(row, " \n"), " ") + "\n")
	}
	return out.String()
}

// short cuts a text.
func short(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

func TestDoc(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	doc := strings.ReplaceAll(string(text), "\r\n", "\n")
	begin, end := strings.Index(doc, tableBegin), strings.LastIndex(doc, tableEnd)
	if begin < 0 || end < begin {
		t.Fatalf("doc.go has no section %q before its end", tableBegin)
	}
	want := doc[:begin] + table() + doc[end:]
	if golden.Updating() {
		if err := os.WriteFile("doc.go", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if doc != want {
		t.Error("the table in doc.go is not that of the data; write it anew by \"go test -update ./mxmock/provider\"")
	}
	for _, name := range conditionNames() {
		if !strings.Contains(doc[:begin], "//	"+name+" ") && !strings.Contains(doc[:begin], "//	"+name+"\n") {
			t.Errorf("the condition %q is not described in doc.go", name)
		}
	}
	for _, name := range placeholderNames() {
		if !strings.Contains(doc[:begin], name) {
			t.Errorf("the placeholder %s is not described in doc.go", name)
		}
	}
	for _, name := range Names() {
		if !strings.Contains(doc[:begin], name) {
			t.Errorf("the provider %s is not named in doc.go", name)
		}
	}
}
