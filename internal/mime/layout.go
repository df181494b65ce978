package mime

// This file puts decoded text together, in just the memory that it needs, and sees to its lines: their ends, and the soft line
// breaks of format=flowed (RFC 3676).

import (
	"bytes"
	"iter"
	"strings"
)

// Layout says what becomes of the lines of a text when it is decoded.
type Layout int

const (
	AsItIs      Layout = iota
	AsLF               // CRLF becomes LF, and a byte order mark goes
	Flowed             // that, and the soft line breaks of format=flowed go
	FlowedDelSp        // that, and so do the spaces before them (DelSp=yes)
)

const byteOrderMark = "\ufeff"

// maxPiece is how much text is decoded at once, and how much is kept of a line whose end is yet to come.
const maxPiece = 4 << 10

// whole returns the text that is there already.
func (l Layout) whole(b []byte) string {
	switch l {
	case AsItIs:
		return string(b)
	case AsLF:
		b = bytes.TrimPrefix(b, []byte(byteOrderMark))
		var out strings.Builder
		out.Grow(len(b) - bytes.Count(b, []byte("\r\n")))
		for {
			line, rest, ended := bytes.Cut(b, []byte("\r\n"))
			out.Write(line)
			if !ended {
				return out.String()
			}
			out.WriteByte('\n')
			b = rest
		}
	}
	return l.text(func(yield func([]byte) bool) { yield(b) })
}

// text returns the text that comes in pieces. It goes through them twice, the first time only to
// see how much room the text needs: to make that larger step by step takes several times the
// memory.
func (l Layout) text(pieces iter.Seq[[]byte]) string {
	w := textWriter{Layout: l}
	write := func(piece []byte) bool {
		w.write(piece)
		return true
	}
	pieces(write)
	w.end()
	w.out.Grow(w.size)
	pieces(write)
	w.end()
	return w.out.String()
}

// textWriter takes a text in pieces up to its end, twice.
type textWriter struct {
	Layout
	begun   bool   // there was a line, or a piece of one
	partial []byte // a line without its end
	flow    flow

	again bool // the first time is over
	size  int  // of what came out the first time
	out   strings.Builder
}

// write takes a piece. A line that is longer than maxPiece goes on in pieces, so cut that white
// space before its end is in the last.
func (w *textWriter) write(piece []byte) {
	if w.Layout == AsItIs {
		w.emit(piece)
		return
	}
	for len(piece) > 0 {
		line, rest, ended := bytes.Cut(piece, []byte("\n"))
		if len(w.partial) > 0 || !ended && len(line) <= maxPiece {
			w.partial = append(w.partial, line...)
			line = w.partial
		}
		switch {
		case ended:
			w.line(bytes.TrimSuffix(line, []byte("\r")), true)
			w.partial = w.partial[:0]
		case len(line) > maxPiece:
			whole := len(line) - len(" \r")
			w.line(line[:whole], false)
			w.partial = append(w.partial[:0], line[whole:]...)
		}
		piece = rest
	}
}

// end ends the text.
func (w *textWriter) end() {
	if len(w.partial) > 0 {
		w.line(w.partial, false)
	}
	if w.flow.open {
		w.emit([]byte("\n"))
	}
	w.begun, w.partial, w.flow, w.again = false, w.partial[:0], flow{}, true
}

// line takes a line without its end, or a piece of one that has not ended.
func (w *textWriter) line(text []byte, ended bool) {
	if !w.begun {
		text, w.begun = bytes.TrimPrefix(text, []byte(byteOrderMark)), true
	}
	if w.Layout != AsLF {
		text, ended = w.unflow(text, ended)
	}
	w.emit(text)
	if ended {
		w.emit([]byte("\n"))
	}
}

// emit takes what becomes of the text.
func (w *textWriter) emit(b []byte) {
	if w.again {
		w.out.Write(b)
	} else {
		w.size += len(b)
	}
}

// flow is what is known of the lines so far.
type flow struct {
	open   bool // the last line ended in a soft line break
	inside bool // there was a piece of this line
	depth  int  // the number of quote marks before the last line
}

// unflow joins the lines that belong to one paragraph: those that end in a space, with the lines
// after them of the same quote depth (§4.1). With flowedDelSp that space goes. Quoted paragraphs
// begin with their quote marks and a space; space-stuffing goes (§4.4). It writes what comes before
// the text of a line, and returns what is left of that, and whether a line ends there.
func (w *textWriter) unflow(line []byte, ended bool) (text []byte, ends bool) {
	text, f := line, &w.flow
	signature := false // the line above one, §4.3
	if !f.inside {
		text = bytes.TrimLeft(line, ">")
		depth := len(line) - len(text)
		text = bytes.TrimPrefix(text, []byte(" "))
		signature = string(text) == "-- "
		if f.open && (depth != f.depth || signature) {
			w.emit([]byte("\n")) // a paragraph that should have gone on
			f.open = false
		}
		if !f.open && depth > 0 {
			w.emit(line[:depth])
			w.emit([]byte(" "))
		}
		f.depth = depth
	}
	f.open, f.inside = ended && bytes.HasSuffix(text, []byte(" ")) && !signature, !ended
	if f.open && w.Layout == FlowedDelSp {
		text = text[:len(text)-1]
	}
	return text, ended && !f.open
}
