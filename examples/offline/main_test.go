package main

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/internal/golden"
)

// TestRun tells the whole story and compares it with the one that was read by a person once.
func TestRun(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	synctest.Test(t, func(t *testing.T) { // 163.com tells the time
		if err := run(t.Context(), &got); err != nil {
			t.Fatalf("%v, after\n%s", err, got.Bytes())
		}
	})
	golden.Compare(t, "testdata/story.txt", got.String())
}
