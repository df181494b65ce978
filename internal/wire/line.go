package wire

// Command lines: read one at a time, bounded, with a place for what was read too far.

import (
	"bytes"
	"errors"
	"io"
)

const (
	// maxLine is the longest command line in bytes: the 12,288 of AUTH (RFC 4954 §4) and then some.
	// RFC 5321 §4.5.3.1.4 asks for 512 at least.
	maxLine = 16 << 10

	// keepLine is how much of a line that is too long is kept for the transcript.
	keepLine = 1 << 10

	// maxDiscard is how much of such a line is waited out before the connection is closed.
	maxDiscard = 1 << 20

	// maxErrors is how many bad commands a client may send.
	maxErrors = 1000

	// maxChatter is how many bytes of lines and replies may pass between two accepted messages, each
	// turn counted as turnSize more: the transcript keeps them all.
	maxChatter = 16 << 20
	turnSize   = 64

	// bufSize is what a reader of lines begins with; pipelined commands of a message fit.
	bufSize = 1 << 10
)

// errLineTooLong reports a line over maxLine whose end was found and passed over; errLineEndless one
// whose end did not come within maxDiscard.
var (
	errLineTooLong = errors.New("wire: line too long")
	errLineEndless = errors.New("wire: line without end")
)

// lineReader reads from the client. Its buffer comes with the first read and stays small, unless
// more is put back.
type lineReader struct {
	src  io.Reader
	buf  []byte
	r, w int // buf[r:w] is read but not taken

	long   []byte // the beginning of a line that is too long and has yet to end
	passed int    // how many bytes of it there were
}

// buffered is what was read but not taken.
func (l *lineReader) buffered() []byte { return l.buf[l.r:l.w] }

// take gives away up to n buffered bytes. They are valid until the next call.
func (l *lineReader) take(n int) []byte {
	p := l.buf[l.r:min(l.r+n, l.w)]
	l.r += len(p)
	return p
}

// putBack returns bytes that were read too far: the last ones that were taken, unless nothing is buffered.
func (l *lineReader) putBack(p []byte) {
	if l.r < l.w {
		l.r -= len(p) // they are still there
		return
	}
	if len(p) > len(l.buf) {
		l.buf = make([]byte, max(len(p), bufSize))
	}
	l.r, l.w = 0, copy(l.buf, p)
}

// fill reads more, growing the buffer up to maxLine.
func (l *lineReader) fill() error {
	if l.r == l.w {
		l.r, l.w = 0, 0
	}
	if l.w == len(l.buf) {
		switch {
		case l.r > 0:
			l.w = copy(l.buf, l.buf[l.r:l.w])
			l.r = 0
		case len(l.buf) == 0:
			l.buf = make([]byte, bufSize)
		default:
			l.buf = append(l.buf, make([]byte, len(l.buf))...)
		}
	}
	n, err := l.src.Read(l.buf[l.w:])
	l.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// line reads one line and strips its end. The line is valid until the next call. The notes say what
// was wrong with it. A line over maxLine gives errLineTooLong and its beginning; an error of the client's
// connection comes with what there was of a line, which is not taken.
func (l *lineReader) line() (line []byte, notes []Note, err error) {
	if l.long != nil {
		return l.discardLine()
	}
	seen := 0
	for {
		i := bytes.IndexByte(l.buf[l.r+seen:l.w], '\n')
		if i >= 0 && seen+i < maxLine {
			line = l.take(seen + i + 1)
			break
		}
		seen = l.w - l.r
		if i >= 0 || seen >= maxLine {
			return l.discardLine()
		}
		if err := l.fill(); err != nil {
			return l.buffered(), nil, err
		}
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	} else {
		notes = append(notes, Note{Kind: LineBareLF})
	}
	if bytes.IndexByte(line, '\r') >= 0 {
		notes = append(notes, Note{Kind: LineBareCR})
	}
	return line, notes, nil
}

// discardLine passes over the rest of a line that is too long, and keeps its beginning.
func (l *lineReader) discardLine() ([]byte, []Note, error) {
	if l.long == nil {
		l.long, l.passed = bytes.Clone(l.buffered()[:keepLine]), 0
	}
	for l.passed < maxDiscard {
		if l.r == l.w {
			if err := l.fill(); err != nil {
				return l.long, nil, err
			}
		}
		rest := l.buffered()
		rest = rest[:min(len(rest), maxDiscard-l.passed)]
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			l.passed += len(l.take(len(rest)))
			continue
		}
		l.passed += len(l.take(end))
		head := l.long
		l.long = nil
		return head, []Note{{Kind: LineTooLong, Count: int64(l.passed), Offset: keepLine}}, errLineTooLong
	}
	head := l.long
	l.long = nil
	return head, []Note{{Kind: LineEndless, Count: int64(l.passed), Offset: keepLine}}, errLineEndless
}
