package mailtest

// This file reads the tables of testdata/reading: messages and what is in them, for us and for Python's
// email package.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// reading is a row of a table: a message, what we find in it, and where Python finds something else.
type reading struct {
	name         string
	raw          []byte
	want, python map[string]string
	problems     []string // a piece of each problem, in order
}

// readings returns the rows of a table. Each begins with a line "row name"; lines that begin with "|" are the
// message, with Go's escapes; then a line `field "value"` for each field, `problem "piece"` for each problem,
// and `python field "value" reason` for what Python finds in its place.
func readings(t *testing.T, file string) []reading {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var rows []reading
	for n, line := range strings.Split(string(text), "\n") {
		fail := func(err error) {
			if err != nil {
				t.Fatalf("%s:%d: %v: %s", file, n+1, err, line)
			}
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "row "); ok {
			rows = append(rows, reading{name: name, want: map[string]string{}, python: map[string]string{}})
			continue
		}
		row := &rows[len(rows)-1]
		if line[0] == '|' {
			raw, err := strconv.Unquote(`"` + strings.ReplaceAll(line[1:], `"`, `\"`) + `\n"`)
			fail(err)
			row.raw = append(row.raw, raw...)
			continue
		}
		rest, isPython := strings.CutPrefix(line, "python ")
		field, rest, _ := strings.Cut(rest, " ")
		quoted, err := strconv.QuotedPrefix(rest)
		fail(err)
		value, err := strconv.Unquote(quoted)
		fail(err)
		switch {
		case isPython && strings.TrimSpace(rest[len(quoted):]) == "":
			fail(fmt.Errorf("there is no reason"))
		case isPython:
			row.python[field] = value
		case field == "problem":
			row.problems = append(row.problems, value)
		default:
			row.want[field] = value
		}
	}
	return rows
}

// read returns what a message has in a field of a table.
func read(m *Message, field string) string {
	paths := func(parts []Part) string {
		var all []string
		for _, p := range parts {
			all = append(all, p.Path)
		}
		return strings.Join(all, " ")
	}
	addresses := func(list []Address) string {
		var all []string
		for _, a := range list {
			all = append(all, strings.TrimSpace(a.Name+" <"+a.Address+">"))
		}
		return strings.Join(all, ", ")
	}
	switch field {
	case "text":
		return m.Text
	case "html":
		return m.HTML
	case "visible":
		return m.VisibleText()
	case "attachments":
		return paths(m.Attachments)
	case "inline":
		return paths(m.Inline)
	case "from":
		return addresses(m.From)
	case "to":
		return addresses(m.To)
	case "messageid":
		return m.MessageID
	case "filename":
		var names []string
		for _, p := range m.Parts {
			if p.Filename != "" {
				names = append(names, p.Filename)
			}
		}
		return strings.Join(names, "|")
	case "type":
		return m.Parts[0].MediaType
	case "date":
		return m.Date.Format("2006-01-02 15:04:05 -0700")
	}
	return m.Get(field)
}

func TestReading(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/reading/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d tables, %v", len(files), err)
	}
	for _, file := range files {
		rows := readings(t, file)
		if len(rows) < 15 {
			t.Errorf("%s has %d rows, want at least 15", file, len(rows))
		}
		for _, row := range rows {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+row.name, func(t *testing.T) {
				t.Parallel()
				m := checkInvariants(t, row.raw)
				for field, want := range row.want {
					if got := read(m, field); got != want {
						t.Errorf("%s = %q, want %q", field, got, want)
					}
				}
				if !slices.EqualFunc(m.Problems, row.problems, strings.Contains) {
					t.Errorf("problems = %q, want %q", m.Problems, row.problems)
				}
			})
		}
	}
}

// allReadings returns the rows of all tables, and their messages for another program: lines of JSON, each in base64.
func allReadings(t *testing.T) (rows []reading, messages *bytes.Buffer) {
	t.Helper()
	files, err := filepath.Glob("testdata/reading/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	messages = new(bytes.Buffer)
	enc := json.NewEncoder(messages)
	for _, file := range files {
		for _, row := range readings(t, file) {
			row.name = strings.TrimSuffix(filepath.Base(file), ".txt") + "/" + row.name
			rows = append(rows, row)
			enc.Encode(row.raw)
		}
	}
	return rows, messages
}

// TestReadingInPython shows that Python's email package finds the same, or what the row says that it finds.
func TestReadingInPython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 to compare with")
	}
	rows, in := allReadings(t)
	cmd := exec.CommandContext(t.Context(), python, "testdata/reading.py")
	cmd.Stdin, cmd.Stderr = in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	var version string
	if err := dec.Decode(&version); err != nil {
		t.Fatal(err)
	}
	if version != pyVersion {
		t.Skipf("this is Python %s; the differences are listed for %s", version, pyVersion)
	}
	for _, row := range rows {
		var found map[string]string
		if err := dec.Decode(&found); err != nil {
			t.Fatal(err)
		}
		for field, want := range row.want {
			got, looked := found[field]
			if listed, ok := row.python[field]; ok {
				if listed == want {
					t.Errorf("%s: the difference that is listed for %s is none", row.name, field)
				}
				want = listed
			}
			if looked && got != want {
				t.Errorf("%s: in Python %s = %q, want %q", row.name, field, got, want)
			}
		}
	}
}
