package mailtest_test

// How many names the package exports, and whether each type has an example.

import (
	"go/ast"
	"go/doc"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The package has few names, so that they can all be known.
func TestNames(t *testing.T) {
	t.Parallel()
	const most = 45
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			names = append(names, exported(decl)...)
		}
	}
	slices.Sort(names)
	if len(names) > most {
		t.Errorf("%d exported names, want %d at most: %s", len(names), most, strings.Join(names, " "))
	}
}

// exported are the names that a declaration exports; the constants of one enumeration count as one, the first.
func exported(decl ast.Decl) []string {
	var names []string
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() {
						names = append(names, name.Name)
					}
				}
			}
		}
		if d.Tok == gotoken.CONST && len(names) > 1 {
			names = names[:1]
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
	fset := gotoken.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "github.com/seed078e9d8c/maillab/mailtest")
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
