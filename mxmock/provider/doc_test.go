package provider

// The generator of POLICIES.md, and tests that it and the other documentation are complete.

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/golden"
)

// policies returns the text of POLICIES.md, which is made from the data.
func policies() string {
	var b strings.Builder
	b.WriteString(`# What each provider refuses

This file is made from the data by "go test -update ./mxmock/provider". A policy with "off" is off by default. A policy with "submission"
applies to the submission hosts. The source of a text begins with how well the text is known. A reply of several lines is shortened to its
first line.

If nobody knows that a provider refuses something, it accepts that here. The real provider may still refuse it. After each table are listed
the bad From fields of this kind, named as in FORMAT.md.
`)
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`)
	for _, name := range Names() {
		fmt.Fprintf(&b, "\n## %s\n\n| Policy | Stage | When | Reply | Source |\n|---|---|---|---|---|\n", name)
		for _, pol := range builtin()[name].policies {
			policy := pol.name
			if pol.on == "submission" {
				policy += ", submission"
			}
			if pol.off {
				policy += ", off"
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
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", policy, strings.Join(at, ", "), cell.Replace(strings.Join(when, ", ")), cell.Replace(text), cell.Replace(source))
		}
		if unknown := unknownFrom(builtin()[name]); len(unknown) > 0 {
			fmt.Fprintf(&b, "\nIt is not known whether the provider refuses messages whose From field is %s.\n", strings.Join(unknown, ", "))
		}
	}
	return b.String()
}

// unknownFrom returns the mistakes in a From field that no policy of the provider's MX hosts refuses.
func unknownFrom(d *definition) []string {
	if slices.ContainsFunc(d.policies, func(p *policy) bool { // it takes no mail at all
		return p.on != "submission" && !p.off && slices.ContainsFunc(p.when, func(c test) bool { return c.name == "always" })
	}) {
		return nil
	}
	known := make(map[string]bool)
	for _, pol := range d.policies {
		for _, c := range pol.when {
			if c.name == "from" && pol.on != "submission" {
				for _, arg := range c.args {
					known[arg] = true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(conditions["from"].args), func(arg string) bool { return known[arg] })
}

// TestDoc checks that POLICIES.md lists the policies, and that the documentation of the format is complete.
func TestDoc(t *testing.T) {
	t.Parallel()
	golden.Compare(t, "POLICIES.md", policies())
	text, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	format := strings.ReplaceAll(string(text), "\r\n", "\n")
	for _, name := range conditionNames() {
		if !strings.Contains(format, "\n"+name+" ") && !strings.Contains(format, "\n"+name+"\n") {
			t.Errorf("the condition %q is not described in FORMAT.md", name)
		}
	}
	for _, name := range placeholderNames() {
		if !strings.Contains(format, name) {
			t.Errorf("the placeholder %s is not described in FORMAT.md", name)
		}
	}
	text, err = os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		if !strings.Contains(string(text), name) {
			t.Errorf("the provider %s is not named in doc.go", name)
		}
	}
}
