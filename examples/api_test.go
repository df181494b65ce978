package examples_test

// Tests of the size of the API, and that each of its types has an example.

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mostNames is how many names a package may export, so that they can all be known: the two large ones, and
// any other.
const (
	mostNamesOfLarge  = 45
	mostNamesOfOthers = 20
)

func TestAPI(t *testing.T) {
	t.Parallel()
	for _, path := range packages(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			mostNames := mostNamesOfOthers
			if path == "mailtest" || path == "mxmock" {
				mostNames = mostNamesOfLarge
			}
			pkg := documentation(t, path)
			if names := exportedNames(pkg); len(names) == 0 || len(names) > mostNames {
				t.Errorf("%d exported names, want 1 to %d: %s", len(names), mostNames, strings.Join(names, " "))
			}
			shows := shows
			if path == "mxmock/netns" { // whose examples need the rights of root to run
				shows = func(*doc.Example) bool { return true }
			}
			for _, typ := range pkg.Types {
				if !slices.ContainsFunc(typ.Examples, shows) {
					t.Errorf("%s has no example with output, want Example%[1]s", typ.Name)
				}
				for problem := range strings.SplitSeq(membersOf(typ), "\n") {
					if problem != "" {
						t.Errorf("%s %s", typ.Name, problem)
					}
				}
			}
			if !slices.ContainsFunc(allExamples(pkg), shows) {
				t.Error("no example with output, want one at least")
			}
		})
	}
}

// packages returns the folders of the packages that others can import, but for programs.
func packages(tb testing.TB) []string {
	tb.Helper()
	found := make(map[string]bool)
	for _, root := range []string{"mailtest", "mxmock"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "internal"):
				return filepath.SkipDir
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				found[filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), ".."+string(filepath.Separator)))] = true
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if len(found) < 5 {
		tb.Fatalf("%d packages, want more", len(found))
	}
	return slices.Sorted(maps.Keys(found))
}

// shows reports whether an example runs as a test.
func shows(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput }

// documentation is what go doc knows of a package of this module.
func documentation(tb testing.TB, path string) *doc.Package {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(path), "*.go"))
	if err != nil {
		tb.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, file)
	}
	pkg, err := doc.NewFromFiles(fset, files, "github.com/seed078e9d8c/maillab/"+path)
	if err != nil {
		tb.Fatal(err)
	}
	return pkg
}

// membersOf returns what is wrong with the fields of a struct or the methods of an interface, on lines: a type that has no
// name, or no comment on the first of them. (A comment may be about the fields after it as well.)
func membersOf(typ *doc.Type) string {
	var problems strings.Builder
	documented := false
	ast.Inspect(typ.Decl, func(n ast.Node) bool {
		var list *ast.FieldList
		switch n := n.(type) {
		case *ast.FuncType:
			return false
		case *ast.StructType:
			list = n.Fields
		case *ast.InterfaceType:
			list = n.Methods
		default:
			return true
		}
		for _, f := range list.List {
			documented = documented || f.Doc != nil || f.Comment != nil
			for _, name := range f.Names {
				if !documented && name.IsExported() {
					problems.WriteString("has no comment on " + name.Name + "\n")
				}
				ast.Inspect(f.Type, func(n ast.Node) bool {
					if s, ok := n.(*ast.StructType); ok && s.Fields.NumFields() > 0 && name.IsExported() {
						problems.WriteString("has a type without a name in " + name.Name + "\n")
					}
					return true
				})
			}
		}
		return false
	})
	return problems.String()
}

// exportedNames are a package's exported names. The constants of one declaration count as one.
func exportedNames(pkg *doc.Package) []string {
	var names []string
	declared := func(values []*doc.Value, funcs []*doc.Func) {
		for _, v := range values {
			if v.Decl.Tok == token.CONST {
				names = append(names, v.Names[0])
			} else {
				names = append(names, v.Names...)
			}
		}
		for _, f := range funcs {
			names = append(names, f.Name)
		}
	}
	declared(slices.Concat(pkg.Consts, pkg.Vars), pkg.Funcs)
	for _, typ := range pkg.Types {
		names = append(names, typ.Name)
		declared(slices.Concat(typ.Consts, typ.Vars), typ.Funcs)
	}
	return names
}

// allExamples are the examples of a package, its functions and its types.
func allExamples(pkg *doc.Package) []*doc.Example {
	examples := slices.Clone(pkg.Examples)
	for _, f := range pkg.Funcs {
		examples = append(examples, f.Examples...)
	}
	for _, typ := range pkg.Types {
		examples = append(examples, typ.Examples...)
	}
	return examples
}
