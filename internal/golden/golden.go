// Package golden compares the output of tests with files that a person has read. A test binary that imports it has
// the flag -update, which rewrites the files.
package golden

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Updating reports whether files are to be rewritten, for tests that do not compare by [Compare].
func Updating() bool { return *update }

// Compare compares got with the content of a file. If the files are to be rewritten, it writes got there first. A
// difference is an error of the test. If the file can't be read or written, the test ends.
func Compare(tb testing.TB, file, got string) {
	tb.Helper()
	compare(tb, file, got, *update)
}

func compare(tb testing.TB, file, got string, update bool) {
	tb.Helper()
	if update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		tb.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
