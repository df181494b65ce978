package zone

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/golden"
)

// TestGolden asks the questions in testdata/answers. A file is the text of zones, then questions, each a
// line that begins with "? " (to the resolver) or "! " (to an authoritative server) and is followed by
// the answer. Lines that begin with # are remarks.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first := strings.Index("\n"+string(data), "\n# ")
			if first < 0 {
				t.Fatalf("%s: no question", file)
			}
			text, rest := string(data)[:first], string(data)[first:]
			db := load(t, text)
			var out strings.Builder
			out.WriteString(text)
			for len(rest) > 0 {
				line, more, _ := strings.Cut(rest, "\n")
				rest = more
				var mode Mode
				switch {
				case line == "" || strings.HasPrefix(line, "#"):
					out.WriteString(line + "\n")
					continue
				case strings.HasPrefix(line, "? "):
					mode = Recursive
				case strings.HasPrefix(line, "! "):
					mode = Authoritative
				default:
					continue // the answer, which is written anew
				}
				out.WriteString(line + "\n" + ask(t, db, line[2:], mode))
			}
			golden.Compare(t, file, out.String())
		})
	}
}
