package mime

// Boundaries: the lines that end the parts of multiparts (RFC 2046 §5.1.1).

import "bytes"

// Boundaries finds the boundaries of all open multiparts in a message at the same time, so that each line is scanned
// once, however deep the nesting.
type Boundaries struct {
	raw    []byte
	levels map[string]int // the levels of the open boundaries, from 1
}

// NewBoundaries returns a Boundaries for a message, with no boundary open.
func NewBoundaries(raw []byte) Boundaries { return Boundaries{raw: raw} }

// Open adds a boundary to those that are searched for.
func (b *Boundaries) Open(boundary string) {
	if b.levels == nil {
		b.levels = map[string]int{}
	}
	b.levels[boundary] = len(b.levels) + 1
}

// IsOpen reports whether a boundary is searched for.
func (b *Boundaries) IsOpen(boundary string) bool {
	_, ok := b.levels[boundary]
	return ok
}

// Level returns the level of an open boundary, from 1 for the outermost.
func (b *Boundaries) Level(boundary string) int { return b.levels[boundary] }

// Close ends the search for a boundary.
func (b *Boundaries) Close(boundary string) { delete(b.levels, boundary) }

// CloseAll ends the search for all boundaries.
func (b *Boundaries) CloseAll() { clear(b.levels) }

// Delimiter describes the end of the body of a part: a line with a boundary, or the end of the message.
type Delimiter struct {
	End   int  // where the body ends
	Begin int  // where the line with the boundary begins
	Next  int  // where the line after the boundary begins
	Level int  // the level of the multipart whose boundary it is, or 0 at the end of the message
	Final bool // the boundary has "--" at its end
}

// Next returns the delimiter at the end of the body that begins at from.
func (b *Boundaries) Next(from int) Delimiter {
	if delim, ok := b.at(from); ok {
		return delim
	}
	for at := from; len(b.levels) > 0; {
		i := bytes.Index(b.raw[at:], []byte("--")) // rarer than line ends
		if i < 0 {
			break
		}
		at += i
		if at > 0 && b.raw[at-1] == '\n' {
			if delim, ok := b.at(at); ok {
				return delim
			}
		}
		at += len(b.raw[at:]) - len(bytes.TrimLeft(b.raw[at:], "-"))
	}
	return Delimiter{End: len(b.raw), Begin: len(b.raw), Next: len(b.raw)}
}

// at returns the delimiter in the line that begins at the index at, if there is one. Only white space may follow the
// boundary, since one boundary may begin with another. The line end before it belongs to the delimiter (RFC 2046
// §5.1.1), so the end of an empty body may be before its beginning.
func (b *Boundaries) at(at int) (delim Delimiter, ok bool) {
	if len(b.levels) == 0 || !bytes.HasPrefix(b.raw[at:], []byte("--")) {
		return delim, false
	}
	delim.Begin, delim.End = at, at-len(LineBreak(b.raw[:at]))
	delim.Next = b.lineEnd(at)
	line := bytes.TrimRight(b.raw[at+2:delim.Next], " \t\r\n")
	if delim.Level, ok = b.levels[string(line)]; ok {
		return delim, true
	}
	line, delim.Final = bytes.CutSuffix(line, []byte("--"))
	delim.Level, ok = b.levels[string(line)]
	return delim, ok && delim.Final
}

// lineEnd returns the index after the line that begins at pos and its line end.
func (b *Boundaries) lineEnd(pos int) int {
	if i := bytes.IndexByte(b.raw[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(b.raw)
}
