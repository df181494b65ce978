package wire

// Command lines: a reader that returns one line at a time, bounds its length, and takes back bytes that were read too
// far.

import (
	"bytes"
	"errors"
	"io"
)

const (
	// maxLine is the longest command line in bytes. AUTH needs 12,288 (RFC 4954 §4); RFC 5321 §4.5.3.1.4 asks for at
	// least 512.
	maxLine = 16 << 10

	// keepLine is the number of bytes of a line over maxLine that are kept for the transcript.
	keepLine = 1 << 10

	// maxDiscard is the number of bytes of such a line that are read before the connection is closed.
	maxDiscard = 1 << 20

	// maxErrors is the number of bad commands after which a connection is closed.
	maxErrors = 1000

	// maxChatter is the number of bytes of lines and replies that may pass between two accepted messages, because the
	// transcript keeps them all. Each turn counts as turnSize more.
	maxChatter = 16 << 20
	turnSize   = 64

	// bufSize is the initial size of the buffer of a lineReader. The pipelined commands of a message fit.
	bufSize = 1 << 10
)

// errLineTooLong reports a line over maxLine that was skipped up to its end. errLineEndless reports a line without an
// end in its first maxDiscard bytes.
var (
	errLineTooLong = errors.New("wire: line too long")
	errLineEndless = errors.New("wire: line without end")
)

// lineReader reads the lines of a client. Its buffer is allocated by the first read and stays small unless more bytes
// are put back.
type lineReader struct {
	src  io.Reader
	buf  []byte
	r, w int // buf[r:w] is read but not taken

	long   []byte // the first bytes of a line over maxLine whose end has not come
	passed int    // the number of bytes of that line so far
}

// buffered returns the bytes that were read but not taken.
func (l *lineReader) buffered() []byte { return l.buf[l.r:l.w] }

// take returns up to n buffered bytes and removes them from the buffer. They are valid until the next call.
func (l *lineReader) take(n int) []byte {
	p := l.buf[l.r:min(l.r+n, l.w)]
	l.r += len(p)
	return p
}

// putBack puts bytes back that were read too far. Unless the buffer is empty, p must be the last bytes that were taken.
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

// fill reads more bytes, and doubles the buffer if it is full.
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

// line reads one line and strips its end. The line is valid until the next call. The notes say what was wrong with it.
// If the line is longer than maxLine, line returns its beginning and errLineTooLong or errLineEndless. If reading
// fails, line returns the error and the incomplete line, which stays in the buffer.
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

// discardLine skips the rest of a line over maxLine, and returns its beginning.
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
