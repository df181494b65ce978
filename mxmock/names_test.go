package mxmock_test

// A test that keeps the package small.

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportedNames counts the exported package-level names. The constants of one declaration count as one.
func TestExportedNames(t *testing.T) {
	t.Parallel()
	const most = 45
	if names := exported(t); len(names) == 0 || len(names) > most {
		t.Errorf("%d exported names, want at most %d: %v", len(names), most, names)
	}
}

func exported(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	add := func(name string) {
		if ast.IsExported(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution)
		if err != nil {
			tb.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					add(decl.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						add(spec.Name.Name)
					case *ast.ValueSpec:
						add(spec.Names[0].Name)
					}
					if decl.Tok == token.CONST {
						break // one enumeration
					}
				}
			}
		}
	}
	return names
}
