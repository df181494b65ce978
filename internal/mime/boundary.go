package mime

// Boundaries: the lines that end the parts of multiparts (RFC 2046 §5.1.1).

import "bytes"

// Boundaries finds the boundaries of all open multiparts in a message at the same time, so that each line is looked
// at once, however deep the nesting.
type Boundaries struct {
	raw    []byte
	levels map[string]int // the boundaries of the open multiparts, with their level from 1
}

// NewBoundaries returns the boundaries in a message, none of them open.
func NewBoundaries(raw []byte) Boundaries { return Boundaries{raw: raw} }

// Open makes a boundary one to look for.
func (b *Boundaries) Open(boundary string) {
	if b.levels == nil {
		b.levels = map[string]int{}
	}
	b.levels[boundary] = len(b.levels) + 1
}

// IsOpen reports whether a boundary is one to look for.
func (b *Boundaries) IsOpen(boundary string) bool {
	_, ok := b.levels[boundary]
	return ok
}

// Level returns the level of an open boundary, from 1 for the outermost.
func (b *Boundaries) Level(boundary string) int { return b.levels[boundary] }

// Close ends the search for a boundary.
func (b *Boundaries) Close(boundary string) { delete(b.levels, boundary) }

// CloseAll ends the search for all of them.
func (b *Boundaries) CloseAll() { clear(b.levels) }

// Delimiter is what ends the body of a part: the line with a boundary, or the end of the message.
type Delimiter struct {
	End   int  // of the body
	Begin int  // where the line with the boundary begins
	Next  int  // where the line after the boundary begins
	Level int  // of the multipart whose boundary it is, 0 at the end of the message
	Final bool // the boundary has "--" at its end
}

// Next returns what ends the body that begins at from.
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

// at returns the delimiter that is the line at at, if it is one. Nothing but white space may be
// after the boundary, so that one may begin with another. The line end before it is part of it (RFC 2046
// §5.1.1), so that the end of an empty body may be before its beginning.
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

// lineEnd returns where the line that begins at pos ends, its line end included.
func (b *Boundaries) lineEnd(pos int) int {
	if i := bytes.IndexByte(b.raw[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(b.raw)
}
