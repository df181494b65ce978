// Package charsetglobal is a test program that imports go-message/charset, as programs under test do. That
// package sets a global of go-message when it is initialised, which must change nothing in mailtest.
package charsetglobal

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestMessagesAreTheSame(t *testing.T) {
	t.Parallel()
	if message.CharsetReader == nil {
		t.Fatal("message.CharsetReader is not set, so that this tests nothing")
	}
	dir := filepath.Join("..", "..", "testdata", "messages")
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no messages in %s: %v", dir, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Subject, Text, HTML string
			Problems            []string
		}
		if err := json.Unmarshal(golden, &want); err != nil {
			t.Fatal(err)
		}
		m := mailtest.ParseMessage(raw)
		if m.Subject != want.Subject || m.Text != want.Text || m.HTML != want.HTML || len(m.Problems) != len(want.Problems) {
			t.Errorf("%s: subject %q, text %q, HTML %q, problems %q; want %q", file, m.Subject, m.Text, m.HTML, m.Problems, want)
		}
	}
}
