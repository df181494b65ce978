package mxmock_test

// Tests that keep the package small, and its types shown by examples.

import (
	"go/ast"
	"go/doc"
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

// Every exported type has an example that runs, so that its page shows what it is for.
func TestTypesHaveExamples(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "github.com/seed078e9d8c/maillab/mxmock")
	if err != nil {
		t.Fatal(err)
	}
	if len(pkg.Types) == 0 {
		t.Fatal("no exported types, want some")
	}
	for _, typ := range pkg.Types {
		if !slices.ContainsFunc(typ.Examples, func(e *doc.Example) bool { return e.Output != "" }) {
			t.Errorf("%s has no example with output, want Example%[1]s", typ.Name)
		}
	}
}
