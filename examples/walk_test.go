package examples_test

// Tests of the names in CONTRIBUTING.md: those of the walks, and those of the places where something is added.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	mostHops   = 7 // of a walk
	mostPlaces = 3 // that an addition touches
)

// span is a code span of Markdown.
var span = regexp.MustCompile("`([^`]+)`")

// identifier is the name of a function or a type.
var identifier = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// declared returns the names of the functions, methods and types in a Go file.
func declared(t *testing.T, path string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Errorf("CONTRIBUTING.md names a file: %v", err)
		return nil
	}
	names := make(map[string]bool)
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			names[d.Name.Name] = true
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					names[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range s.Names {
						names[n.Name] = true
					}
				}
			}
		}
	}
	return names
}

// section returns the text of a section of CONTRIBUTING.md.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text2, ok := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("CONTRIBUTING.md has no section %q", heading)
	}
	body, _, _ := strings.Cut(text2, "\n## ")
	return body
}

// checkSpans checks that the files in a text exist, and that they declare the functions, types, variables and
// constants beside them.
func checkSpans(t *testing.T, text string) {
	t.Helper()
	var names []string
	known := make(map[string]bool)
	files := 0
	for _, match := range span.FindAllStringSubmatch(text, -1) {
		switch word := match[1]; {
		case identifier.MatchString(word):
			names = append(names, word)
		case strings.Contains(word, " ") || !strings.Contains(word, "/") || strings.HasPrefix(word, "miekg/"):
		case strings.HasSuffix(word, ".go"):
			files++
			for name := range declared(t, word) {
				known[name] = true
			}
		default:
			if _, err := os.Stat(filepath.Join("..", word)); err != nil {
				t.Errorf("CONTRIBUTING.md names a file: %v", err)
			}
		}
	}
	for _, name := range names {
		if files > 0 && !known[name] {
			t.Errorf("CONTRIBUTING.md: %q is not declared in a file that is named beside it: %s", name, text)
		}
	}
}

// steps divides a text with numbered steps, or returns nil.
func steps(text string) []string {
	parts := regexp.MustCompile(`(?:^|\s)\d\. `).Split(text, -1)
	return parts[1:]
}

// TestWalks checks that the functions of each walk are in the files of its hops.
func TestWalks(t *testing.T) {
	t.Parallel()
	walks := strings.Split(section(t, "Walks"), "\n**")[1:]
	if len(walks) == 0 {
		t.Error("there are no walks")
	}
	for _, walk := range walks {
		title, text, _ := strings.Cut(walk, "**")
		hops := steps(text)
		if len(hops) == 0 || len(hops) > mostHops {
			t.Errorf("%s: %d hops, want 1 to %d", title, len(hops), mostHops)
		}
		for _, hop := range hops {
			if !span.MatchString(hop) {
				t.Errorf("%s: a hop without a file: %s", title, hop)
			}
			checkSpans(t, hop)
		}
	}
}

// TestAdditions checks that the places where something is added exist.
func TestAdditions(t *testing.T) {
	t.Parallel()
	for _, addition := range strings.Split(section(t, "How to …"), "\n**Add ")[1:] {
		title, text, _ := strings.Cut(addition, "**")
		places := steps(text)
		if len(places) == 0 || len(places) > mostPlaces {
			t.Errorf("add %s: %d places, want 1 to %d", title, len(places), mostPlaces)
		}
		for _, place := range places {
			checkSpans(t, place)
		}
	}
}
