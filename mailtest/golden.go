package mailtest

// Comparison of messages with golden files, by a text without the values that change each time.

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/wildcard"
)

// Summary returns the message as a text for people and for golden files: its decoded header fields, and then
// its parts, one after the other. "*" replaces the values that are different each time: those of Date,
// Message-ID and Received, and boundaries, wherever they occur. A part that is not text is represented by its
// size and the beginning of its SHA-256.
func (m *Message) Summary() string {
	var b strings.Builder
	var boundaries []string
	for _, part := range m.Parts {
		if boundary := part.Params["boundary"]; boundary != "" {
			boundaries = append(boundaries, boundary)
		}
	}
	for _, f := range m.Header {
		value := f.Value
		switch strings.ToLower(f.Name) {
		case "date", "received", "resent-date":
			value = "*"
		case "message-id", "resent-message-id":
			value = "<*>"
		}
		fmt.Fprintf(&b, "%s: %s\n", f.Name, value)
	}
	for _, part := range m.Parts {
		if part.Below == 0 {
			part.summarize(&b)
		}
	}
	for _, p := range m.Problems {
		fmt.Fprintf(&b, "\nproblem: %s\n", p)
	}
	slices.SortFunc(boundaries, func(a, b string) int { return len(b) - len(a) })
	var stars []string // pairs of a boundary and a star
	for _, boundary := range boundaries {
		stars = append(stars, boundary, "*")
	}
	return strings.NewReplacer(stars...).Replace(b.String())
}

// summarize writes a leaf.
func (p Part) summarize(b *strings.Builder) {
	fmt.Fprintf(b, "\n[%s] %s", p.Path, p.MediaType)
	if cs := p.Params["charset"]; cs != "" {
		fmt.Fprintf(b, "; charset=%s", cs)
	}
	if p.Disposition != "" {
		fmt.Fprintf(b, "; %s", p.Disposition)
	}
	if p.Filename != "" {
		fmt.Fprintf(b, " %q", p.Filename)
	}
	b.WriteByte('\n')
	if !strings.HasPrefix(p.MediaType, "text/") {
		fmt.Fprintf(b, "%d bytes, sha256 %.4x…\n", len(p.Content), sha256.Sum256(p.Content))
		return
	}
	b.WriteString(p.Text)
	if p.Text != "" && !strings.HasSuffix(p.Text, "\n") {
		b.WriteString("\n")
	}
}

// Golden compares the [Message.Summary] of a message with the file of the given name, and reports the first lines
// that differ as an error of the test. In the file, "*" matches anything within a line. The regular expressions in
// blank match values in the text of the message that are different each time, such as a token. Golden replaces
// each match, or the matches of its groups if the expression has groups, by "*". Golden panics if an expression is
// malformed.
//
//	mailtest.Golden(t, "testdata/welcome.txt", msg, `token=(\w+)`, `\b\d{6}\b`)
//
// If the test binary defines a flag -update, and the flag is set, Golden writes the file instead, and keeps the
// lines with a "*" that still match. It creates the directory if necessary. If the file cannot be read or
// written, it ends the test.
func Golden(tb testing.TB, name string, m *Message, blank ...string) {
	tb.Helper()
	f := flag.Lookup("update")
	compareGolden(tb, name, blanked(m.Summary(), blank), f != nil && f.Value.String() == "true")
}

// blanked returns a text in which "*" replaces the matches of some regular expressions.
func blanked(text string, exprs []string) string {
	for _, expr := range exprs {
		var b strings.Builder
		end := 0
		for _, found := range regexp.MustCompile(expr).FindAllStringSubmatchIndex(text, -1) {
			if len(found) > 2 {
				found = found[2:]
			}
			for ; len(found) > 0; found = found[2:] {
				if from := found[0]; from >= end && from < found[1] { // a group may be empty, or in another
					b.WriteString(text[end:from] + "*")
					end = found[1]
				}
			}
		}
		text = b.String() + text[end:]
	}
	return text
}

// compareGolden compares the summary of a message with a golden file, or writes it.
func compareGolden(tb testing.TB, name, got string, update bool) {
	tb.Helper()
	want, err := os.ReadFile(name)
	if update {
		text := keepWildcards(string(want), got)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			tb.Fatalf("mailtest: golden file: %v", err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			tb.Fatalf("mailtest: golden file: %v", err)
		}
		return
	}
	if err != nil {
		tb.Fatalf("mailtest: golden file: %v\n(go test -update writes it, if a test file of the package defines that flag)\nthe message is\n%s", err, got)
	}
	wants, gots := lines(string(want)), lines(got)
	for i := range max(len(wants), len(gots)) {
		switch {
		case i >= len(gots):
			tb.Errorf("mailtest: %s:%d: the message ends here, want %q", name, i+1, wants[i])
		case i >= len(wants):
			tb.Errorf("mailtest: %s:%d: the file ends here, got %q", name, i+1, gots[i])
		case !wildcard.Match(wants[i], gots[i]):
			tb.Errorf("mailtest: %s:%d:\n got %q\nwant %q", name, i+1, gots[i], wants[i])
		default:
			continue
		}
		return
	}
}

// lines splits a text into its lines, whatever their ends.
func lines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// keepWildcards returns got, in which lines of old with wildcards replace the lines that they match.
func keepWildcards(old, got string) string {
	olds, gots := lines(old), lines(got)
	for i := range gots {
		if i < len(olds) && strings.Contains(olds[i], "*") && wildcard.Match(olds[i], gots[i]) {
			gots[i] = olds[i]
		}
	}
	return strings.Join(gots, "\n") + "\n"
}
