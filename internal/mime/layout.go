package mime

// This file assembles decoded text in no more memory than it needs, and converts its lines: their ends, and the soft
// line breaks of format=flowed (RFC 3676).

import (
	"bytes"
	"iter"
	"strings"
)

// Layout is the treatment of the lines of a text when it is decoded.
type Layout int

const (
	AsItIs      Layout = iota
	AsLF               // convert CRLF to LF, and remove a byte order mark
	Flowed             // as AsLF, and remove the soft line breaks of format=flowed
	FlowedDelSp        // as Flowed, and remove the spaces before soft line breaks (DelSp=yes)
)

const byteOrderMark = "\ufeff"

// maxPiece is the number of bytes that are decoded at once, and the number that are kept of an incomplete line.
const maxPiece = 4 << 10

// whole returns the text b in the layout.
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

// text returns the text that comes in pieces. It iterates over them twice, first only to compute the size of the text:
// growing the memory step by step would take several times as much.
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

// textWriter receives the pieces of a text, twice.
type textWriter struct {
	Layout
	begun   bool   // a line, or a piece of one, was written
	partial []byte // an incomplete line
	flow    flow

	again bool // the first pass is over
	size  int  // the size of the text, computed in the first pass
	out   strings.Builder
}

// write receives a piece. It splits a line longer than maxPiece so that white space before the end of the line is in
// the last part.
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

// end ends a pass.
func (w *textWriter) end() {
	if len(w.partial) > 0 {
		w.line(w.partial, false)
	}
	if w.flow.open {
		w.emit([]byte("\n"))
	}
	w.begun, w.partial, w.flow, w.again = false, w.partial[:0], flow{}, true
}

// line receives a line without its end, or a part of a line that has not ended.
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

// emit receives the converted text.
func (w *textWriter) emit(b []byte) {
	if w.again {
		w.out.Write(b)
	} else {
		w.size += len(b)
	}
}

// flow is the state of unflow.
type flow struct {
	open   bool // the last line ended in a soft line break
	inside bool // a part of this line was read
	depth  int  // the number of quote marks before the last line
}

// unflow joins the lines of a paragraph: a line that ends in a space is joined with the next line of the same quote
// depth (§4.1). With FlowedDelSp it removes that space. A quoted paragraph begins with its quote marks and a space;
// space-stuffing is removed (§4.4). unflow emits what precedes the text of a line, and returns the text, and whether a
// line ends after it.
func (w *textWriter) unflow(line []byte, ended bool) (text []byte, ends bool) {
	text, f := line, &w.flow
	signature := false // the separator line of a signature, §4.3
	if !f.inside {
		text = bytes.TrimLeft(line, ">")
		depth := len(line) - len(text)
		text = bytes.TrimPrefix(text, []byte(" "))
		signature = string(text) == "-- "
		if f.open && (depth != f.depth || signature) {
			w.emit([]byte("\n")) // end a paragraph whose continuation is missing
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
