package examples_test

// Tests of the layout in CONTRIBUTING.md, and of what it says about files.

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// begins matches the beginning of a file that says what is in it, before or after the package clause.
var begins = regexp.MustCompile(`^(//go:build .*\n\n)?(// [^\n]*\n(//.*\n)*package \w+\n|package \w+\n\n// )`)

// TestLayout checks that the table of the layout has each folder with Go files, and no others, and that each file other
// than a test begins with what is in it. A folder that is listed stands for those below it that are examples or belong to
// its module. In a package with a package comment, the file that holds it needs no line of its own.
func TestLayout(t *testing.T) {
	t.Parallel()
	var listed, wholes []string
	for line := range strings.Lines(section(t, "The layout")) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, match := range span.FindAllStringSubmatch(cells[1], -1) {
			folder := match[1]
			listed = append(listed, folder)
			if _, err := os.Stat(filepath.Join("..", folder, "go.mod")); err == nil || folder == "examples" {
				wholes = append(wholes, folder+"/")
			}
		}
	}
	found := make(map[string]bool)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		name := strings.TrimPrefix(filepath.ToSlash(path), "../")
		folder := name[:strings.LastIndexByte(name, '/')]
		below := slices.ContainsFunc(wholes, func(whole string) bool { return strings.HasPrefix(name, whole) })
		if !found[folder] && !below && !slices.Contains(listed, folder) {
			t.Errorf("CONTRIBUTING.md does not list %s", folder)
		}
		found[folder] = true
		if strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && !begins.MatchString(strings.ReplaceAll(string(text), "\r\n", "\n")) {
			t.Errorf("%s does not begin with what is in it", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range listed {
		if !found[folder] {
			t.Errorf("CONTRIBUTING.md lists %s, which has no Go files", folder)
		}
	}
}
