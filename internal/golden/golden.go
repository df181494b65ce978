// Package golden compares what tests find with files that a person has read once. A test binary
// that imports it has the flag -update, which writes the files anew.
package golden

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Updating reports whether files are to be written anew, for tests that compare otherwise than by [Compare].
func Updating() bool { return *update }

// Compare compares got with the content of a file, and writes it there first if the files are to be
// written anew. A difference is an error of the test; a file that can't be read or written ends it.
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
