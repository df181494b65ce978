package mime

// This file undoes the soft line breaks of text/plain; format=flowed (RFC 3676).

import "bytes"

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
