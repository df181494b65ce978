package mailtest_test

// How many names the package exports.

import (
	"go/ast"
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
