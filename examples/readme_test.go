// Package examples has the recipes of the README as tests, and sees to it that they are the same.
package examples

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme shows that every piece of Go in the README is compiled and run by a test: its lines
// stand in one, one below the other.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests []string
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
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
	blocks := goBlocks(string(readme))
	if len(blocks) < 10 {
		t.Errorf("the README has %d pieces of Go, want 10 at least: is it read rightly?", len(blocks))
	}
	for _, block := range blocks {
		found := false
		for _, source := range tests {
			found = found || strings.Contains(source, trimLines(block))
		}
		if !found {
			t.Errorf("no test has these lines of the README:\n%s", block)
		}
	}
}

// goBlocks returns what stands between ```go and ```.
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
