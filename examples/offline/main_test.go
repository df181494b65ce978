package main

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestRun tells the whole story and compares it with the one that was read by a person once.
func TestRun(t *testing.T) {
	t.Parallel()
	const golden = "testdata/story.txt"
	var got bytes.Buffer
	synctest.Test(t, func(t *testing.T) { // 163.com tells the time
		if err := run(t.Context(), &got); err != nil {
			t.Fatalf("%v, after\n%s", err, got.Bytes())
		}
	})
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the story differs (-want +got):\n%s", diff)
	}
}
