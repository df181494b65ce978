package mailtest

// This file has other parsers read the messages of testdata/reading.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/golden"
)

// TestReadingInNode compares what mailparser and postal-mime find with what we do. Their differences are in
// testdata/reading/node.golden; the reason of each is in the row of the table, or that the parser reads no syntax
// that is obsolete, damaged or labelled wrongly.
func TestReadingInNode(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil || exec.CommandContext(t.Context(), node, "-e", "require('mailparser'); require('postal-mime')").Run() != nil {
		t.Skip("node, mailparser or postal-mime is not installed, or NODE_PATH does not lead to it")
	}
	rows, in := allReadings(t)
	cmd := exec.CommandContext(t.Context(), node, "testdata/reading.js")
	cmd.Stdin, cmd.Stderr = in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	var differences strings.Builder
	same, all := 0, 0
	for _, row := range rows {
		var found map[string]map[string]string
		if err := dec.Decode(&found); err != nil {
			t.Fatal(err)
		}
		for _, parser := range slices.Sorted(maps.Keys(found)) {
			for _, field := range slices.Sorted(maps.Keys(row.want)) {
				got, looked := found[parser][field]
				if _, failed := found[parser]["error"]; failed {
					got, looked = "(error)", true
				}
				if !looked {
					continue
				}
				if all++; strings.TrimRight(got, "\n") == strings.TrimRight(row.want[field], "\n") { // they have ends of their own
					same++
				} else {
					fmt.Fprintf(&differences, "%s: %s: %s = %q, not %q\n", row.name, parser, field, got, row.want[field])
				}
			}
		}
	}
	fmt.Fprintf(&differences, "%d of %d are the same\n", same, all)
	golden.Compare(t, "testdata/reading/node.golden", differences.String())
}
