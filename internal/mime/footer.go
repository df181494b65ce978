package mime

// This file finds text that somebody has appended to base64, such as the footer of a mailing list.

import "bytes"

// footer describes where text may begin after base64.
type footer struct {
	text  int // the first line that is clearly text after the last line that is surely base64, or -1
	sure  int // the end of the last line that is surely base64
	looks int // the index from which on every line looks like base64
}

// beginsAt reports whether text begins at byte i. Text may follow padding directly.
func (f footer) beginsAt(i int, padded bool) bool {
	return i == f.text || padded && f.sure <= i && i < f.looks
}

// findFooter scans the lines of damaged base64 from the last one up.
func findFooter(body []byte) footer {
	f := footer{text: -1, looks: len(body)}
	first := len(body) - len(bytes.TrimLeft(body, space))
	like := true
	for end := len(body); end > 0; {
		begin := bytes.LastIndexByte(body[:end-1], '\n') + 1
		line := bytes.Trim(body[begin:end], space)
		kind := kindOfLine(line)
		if kind == surelyBase64 {
			f.sure = end
			break
		}
		if like = like && (kind == likeBase64 || len(line) == 0); like {
			f.looks = begin
		}
		if kind == clearlyText && begin > first {
			f.text = begin
		}
		end = begin
	}
	return f
}

// lineKind is a class of lines, by how much they look like base64.
type lineKind int

const (
	likeText     lineKind = iota // a word, or base64 with stray bytes
	clearlyText                  // several words, or many stray bytes
	likeBase64                   // only characters of the alphabet
	surelyBase64                 // whole groups of such characters, long or with padding
)

// kindOfLine returns the kind of a line that has no white space at its ends.
func kindOfLine(line []byte) lineKind {
	if bytes.ContainsAny(line, " \t") {
		return clearlyText
	}
	small, pads, junk := 0, 0, 0
	for i, c := range line {
		switch _, ok := base64Value(c); {
		case 'a' <= c && c <= 'z' || i == 0 && 'A' <= c && c <= 'Z':
			small++
		case c == '=':
			pads++
		case !ok:
			junk++
		}
	}
	switch {
	case junk > 0 && 10*junk >= len(line) || pads > 2 && pads >= len(line)-1:
		return clearlyText
	case junk > 0 || small == len(line):
		return likeText
	case len(line)%4 == 0 && (pads > 0 || len(line) >= 16):
		return surelyBase64
	}
	return likeBase64
}
