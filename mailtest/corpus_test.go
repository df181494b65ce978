package mailtest

// This file tests the decoder with the corpus: messages whose content is known because they were
// made from it.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest/internal/corpus"
)

// TestCorpus decodes the messages of testdata/corpus and compares what comes out with what went in.
func TestCorpus(t *testing.T) {
	t.Parallel()
	all := corpus.Messages()
	if len(all) < 400 {
		t.Errorf("there are %d messages, want at least 400", len(all))
	}
	for _, c := range all {
		t.Run(c.Family+"/"+c.Name, func(t *testing.T) {
			t.Parallel()
			m := checkInvariants(t, c.Raw)
			got := foundIn(m)
			got.Damage = c.Want.Damage
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, c.Raw)
			}
			if (len(m.Problems) > 0) != (c.Want.Damage != "") {
				t.Errorf("problems = %q, the damage is %q", m.Problems, c.Want.Damage)
			}
		})
	}
}

// TestCorpusFiles compares testdata/corpus with what the package corpus makes, byte by byte. With
// -update it writes the files.
func TestCorpusFiles(t *testing.T) {
	t.Parallel()
	want := corpusFiles(t)
	dir := filepath.Join("testdata", "corpus")
	if golden.Updating() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for name, content := range want {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != len(want) {
		t.Errorf("there are %d files (%v), want %d", len(files), err, len(want))
	}
	for name, content := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, content) {
			t.Errorf("%s is not what is made now; -update writes it", name)
		}
	}
}

// corpusFiles returns the content of testdata/corpus: the messages, and for each family a file with
// what is in them.
func corpusFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	wants := map[string]map[string]corpus.Want{}
	for _, c := range corpus.Messages() {
		files[filepath.Join(c.Family, c.Name+".eml")] = c.Raw
		if wants[c.Family] == nil {
			wants[c.Family] = map[string]corpus.Want{}
		}
		wants[c.Family][c.Name] = c.Want
	}
	for family, want := range wants {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "\t")
		if err := enc.Encode(want); err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(family, "want.json")] = b.Bytes()
	}
	return files
}

// foundIn returns what the decoder has found.
func foundIn(m *Message) corpus.Want {
	found := corpus.Want{
		Subject: m.Subject, MessageID: m.MessageID, Text: m.Text, HTML: m.HTML, Tree: tree(m.Parts),
		From: corpusAddresses(m.From), Sender: corpusAddresses(m.Sender), ReplyTo: corpusAddresses(m.ReplyTo),
		To: corpusAddresses(m.To), Cc: corpusAddresses(m.Cc), Attachments: corpusPartFiles(m.Attachments), Inline: corpusPartFiles(m.Inline),
	}
	if !m.Date.IsZero() {
		found.Date = m.Date.Format(time.RFC3339)
	}
	for _, p := range m.Parts {
		if inner := p.Message(); inner != nil {
			found.Messages = append(found.Messages, foundIn(inner))
		}
	}
	return found
}

// tree returns the media types of a part, the first, and of those below it, the others.
func tree(parts []Part) string {
	if len(parts) == 1 {
		return parts[0].MediaType
	}
	var children []string
	for below := parts[1:]; len(below) > 0; {
		n := 1 + below[0].Below
		children = append(children, tree(below[:n]))
		below = below[n:]
	}
	return parts[0].MediaType + "(" + strings.Join(children, " ") + ")"
}

func corpusAddresses(list []Address) []corpus.Address {
	var all []corpus.Address
	for _, a := range list {
		all = append(all, corpus.Address(a))
	}
	return all
}

func corpusPartFiles(parts []Part) []corpus.File {
	var all []corpus.File
	for _, p := range parts {
		sum := sha256.Sum256(p.Content)
		all = append(all, corpus.File{Name: p.Filename, Type: p.MediaType, ID: p.ContentID, Size: len(p.Content), SHA256: hex.EncodeToString(sum[:])})
	}
	return all
}
