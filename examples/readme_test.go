// Package examples has the recipes of the README and of the cookbook as tests, and checks that both are the same.
package examples

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReadme checks that a test compiles and runs every piece of Go in the README and in the cookbook: the lines of
// the piece stand in the test, one below the other. It also checks that the braces are balanced.
func TestReadme(t *testing.T) {
	t.Parallel()
	var tests []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		tests = append(tests, trimLines(string(source)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, least := range map[string]int{"../README.md": 10, "COOKBOOK.md": 30} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := goBlocks(string(text))
		if len(blocks) < least {
			t.Errorf("%s has %d pieces of Go, want %d at least: is it read rightly?", file, len(blocks), least)
		}
		for _, block := range blocks {
			if !slices.ContainsFunc(tests, func(source string) bool { return strings.Contains(source, trimLines(block)) }) {
				t.Errorf("no test has these lines of %s:\n%s", file, block)
			}
			if strings.Count(block, "{") != strings.Count(block, "}") {
				t.Errorf("%s has a piece of Go with open braces:\n%s", file, block)
			}
		}
	}
}

// TestLibraries checks that a test has every piece of code in the cookbook's table of libraries.
func TestLibraries(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	files, err := filepath.Glob("../internal/bench/clients/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(source)
	}
	cookbook, err := os.ReadFile("COOKBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(cookbook), "\n| Library |")
	_, table, _ = strings.Cut(table, "|\n|---|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	pieces := 0
	for i, code := range strings.Split(table, "`") {
		if i%2 == 0 {
			continue
		}
		if pieces++; !strings.Contains(tests.String(), code) {
			t.Errorf("no test has the code %s", code)
		}
	}
	if rows := strings.Count(table, "\n") + 1; rows < 6 || pieces < 3*rows {
		t.Errorf("the table has %d rows with %d pieces of code: is it read rightly?", rows, pieces)
	}
}

// goBlocks returns the texts between ```go and ```.
func goBlocks(markdown string) []string {
	var blocks []string
	for {
		_, rest, ok := strings.Cut(markdown, "```go\n")
		if !ok {
			return blocks
		}
		block, rest, _ := strings.Cut(rest, "```")
		blocks = append(blocks, block)
		markdown = rest
	}
}

// trimLines returns the lines of a text without the white space around them, and without empty ones.
func trimLines(text string) string {
	var b strings.Builder
	b.WriteByte('\n')
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
