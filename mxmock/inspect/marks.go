package inspect

// The bytes of a message, with findings at their lines.

import (
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

// piece is a run of text. If Line is not 0, the piece is that line, and Notes has its findings.
type piece struct {
	Text  string
	Line  int
	Notes []string
}

// mark cuts a text at the lines with findings.
func mark(text string, findings []lint.Finding) []piece {
	notes := make(map[int][]string)
	for _, f := range findings {
		if f.Line > 0 {
			notes[f.Line] = append(notes[f.Line], f.Severity.String()+": "+f.Text)
		}
	}
	var pieces []piece
	begin, at, number := 0, 0, 0
	for line := range strings.Lines(text) {
		number++
		if found := notes[number]; found != nil {
			if begin < at {
				pieces = append(pieces, piece{Text: text[begin:at]})
			}
			pieces = append(pieces, piece{strings.TrimRight(line, "\r\n"), number, found})
			begin = at + len(line)
		}
		at += len(line)
	}
	if begin < len(text) {
		pieces = append(pieces, piece{Text: text[begin:]})
	}
	return pieces
}
