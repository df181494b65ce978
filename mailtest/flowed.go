package mailtest

// This file undoes the soft line breaks of text/plain; format=flowed (RFC 3676).

import "strings"

// unflow joins the lines of s, which end in "\n", that belong to one paragraph: those that end in a
// space, with the lines behind them of the same quote depth (§4.1). With delSp that space goes.
// Quoted paragraphs begin with their quote marks and a space; space-stuffing goes (§4.4).
func unflow(s string, delSp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, openDepth := false, 0 // whether the last line was flowed, and its depth
	for line := range strings.Lines(s) {
		text := strings.TrimLeft(line, ">")
		depth := len(line) - len(text)
		text, ended := strings.CutSuffix(text, "\n")
		text = strings.TrimPrefix(text, " ")
		if open && (depth != openDepth || text == "-- ") {
			b.WriteByte('\n') // a paragraph that should have gone on
			open = false
		}
		if !open && depth > 0 {
			b.WriteString(line[:depth])
			b.WriteByte(' ')
		}
		flowed := ended && strings.HasSuffix(text, " ") && text != "-- " // the line above a signature, §4.3
		if flowed && delSp {
			text = text[:len(text)-1]
		}
		b.WriteString(text)
		if ended && !flowed {
			b.WriteByte('\n')
		}
		open, openDepth = flowed, depth
	}
	if open {
		b.WriteByte('\n')
	}
	return b.String()
}
