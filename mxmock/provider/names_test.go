package provider_test

// A test that the types of the package are shown by examples.

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"testing"
)

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
	pkg, err := doc.NewFromFiles(fset, files, "github.com/seed078e9d8c/maillab/mxmock/provider")
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
