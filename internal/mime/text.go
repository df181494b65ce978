package mime

// This file converts text in any charset to UTF-8 (RFC 2046 §4.1.2, RFC 2978), even if the label is wrong, unknown or
// missing.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// DecodeText decodes b, which is labelled with a charset, and returns it as valid UTF-8. The label counts if the bytes
// fit it. Otherwise bytes that do not fit are decoded as UTF-8 or in a guessed charset; see guessCharset.
func DecodeText(b []byte, label, hint string, form Layout, bad *Problems) string {
	cs, name := CharsetByLabel(label)
	switch {
	case name == "":
		g, ok := guessUnlabelled(b, hint)
		if !ok {
			return form.whole(b)
		}
		bad.Addf("%s: %s", unlabelled(b, label), g)
		return form.text(decodedPieces(g.charset, b))
	case name == ASCII:
		i := FirstNonASCII(b)
		if i < 0 {
			return form.whole(b)
		}
		g := guessCharset(b, hint)
		bad.Addf("byte %d is not us-ascii: %s", i, g)
		return form.text(decodedPieces(g.charset, b))
	case name == UTF8:
		if utf8.Valid(b) {
			return form.whole(b)
		}
		return repairUTF8(b, hint, form, bad)
	case cs == nil:
		g, ok := guessUnlabelled(b, hint)
		if !ok {
			g = guess{unicode.UTF8, ASCII, "which all of it is"}
		}
		bad.Addf("charset %q is unknown: %s", Clip(label), g)
		return form.text(decodedPieces(g.charset, b))
	}
	switch { // text that is evidently UTF-8 and not the charset
	case looksUTF8(b) && !fits(cs, b):
		bad.Addf("the text is not %s: read as utf-8, which all of it is", asWritten(label))
		return form.whole(b)
	case stateless(cs) && someLine(b, looksUTF8) && !fits(cs, b) && otherwiseUTF8(cs, b):
		bad.Addf("some lines of the text are not %s: read as utf-8, which all of them are", asWritten(label))
		d := newTextDecoder(cs, maxPiece)
		return form.text(piecesByLine(b, cs, unicode.UTF8, func(line []byte) bool { return !d.fits(line) }))
	}
	text := form.text(decodedPieces(cs, b))
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		bad.Addf("character %d of the text is not %s", utf8.RuneCountInString(text[:i])+1, asWritten(label))
	}
	return text
}

// looksUTF8 reports whether b is UTF-8 and not plain ASCII.
func looksUTF8(b []byte) bool { return FirstNonASCII(b) >= 0 && utf8.Valid(b) }

// asWritten returns a label for use in a problem.
func asWritten(label string) string { return Clip(strings.ToLower(strings.Trim(label, "\"' "))) }

// unlabelled returns the reason why text needs a charset that its label does not name.
func unlabelled(b []byte, label string) string {
	what := "no charset is named"
	if label != "" {
		what = fmt.Sprintf("%q names no charset", Clip(label))
	}
	if i := FirstNonASCII(b); i >= 0 {
		return fmt.Sprintf("byte %d is not us-ascii, and %s", i, what)
	}
	return what
}

// ToUTF8 returns s, the text of a header field, if it is UTF-8 (RFC 6532), and otherwise decodes it in a guessed
// charset.
func ToUTF8(s, hint string, bad *Problems) string {
	if isUTF8(s) {
		return s
	}
	b := []byte(s)
	g, ok := guessUnlabelled(b, hint)
	if !ok || g.name == UTF8 && utf8.Valid(b) {
		return s
	}
	bad.Addf("%q is not UTF-8: %s", Clip(s), g)
	return AsItIs.text(decodedPieces(g.charset, b))
}

// isUTF8 reports whether s is UTF-8 and not text in a 7-bit charset.
func isUTF8(s string) bool {
	return utf8.ValidString(s) && !strings.Contains(s, "\x1b") && !strings.Contains(s, "~{")
}

// stateless reports whether text in the charset can be decoded line by line, and each character beyond ASCII takes
// several bytes.
func stateless(cs Charset) bool {
	switch cs {
	case simplifiedchinese.GB18030, traditionalchinese.Big5, korean.EUCKR, japanese.EUCJP, japanese.ShiftJIS:
		return true
	}
	return false
}

// otherwiseUTF8 reports whether all lines that are not valid in the charset are UTF-8.
func otherwiseUTF8(cs Charset, b []byte) bool {
	d := newTextDecoder(cs, maxPiece)
	for line := range bytes.Lines(b) {
		if FirstNonASCII(line) >= 0 && !utf8.Valid(line) && !d.fits(line) {
			return false
		}
	}
	return true
}

// decodedPieces returns an iterator over the decoded text, in pieces that are valid until the next one. Invalid bytes
// become U+FFFD.
func decodedPieces(cs Charset, b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { newTextDecoder(cs, len(b)).decode(b, yield) }
}

// fits reports whether all of b is in the charset.
func fits(cs Charset, b []byte) bool { return newTextDecoder(cs, len(b)).fits(b) }

// textDecoder decodes several texts, such as the lines of a text, with one decoder.
type textDecoder struct {
	decoder *encoding.Decoder
	buf     []byte
}

// newTextDecoder returns a decoder for texts of about the given size.
func newTextDecoder(cs Charset, size int) *textDecoder {
	return &textDecoder{cs.NewDecoder(), make([]byte, min(3*size+2*utf8.UTFMax, maxPiece))}
}

// decode yields the decoded pieces of b, as decodedPieces does, and reports whether yield took all of them.
func (d *textDecoder) decode(b []byte, yield func([]byte) bool) bool {
	d.decoder.Reset()
	for rest, more := b, true; more; {
		n, used, err := d.decoder.Transform(d.buf, rest, true)
		rest = rest[used:]
		more = errors.Is(err, transform.ErrShortDst)
		piece := d.buf[:n]
		if err != nil && !more {
			piece = append(piece, "\ufffd"...)
		}
		if !yield(piece) {
			return false
		}
	}
	return true
}

// fits reports whether all of b is in the charset.
func (d *textDecoder) fits(b []byte) bool { return d.decode(b, isClean) }

// isClean reports whether a piece contains no U+FFFD.
func isClean(piece []byte) bool { return !bytes.ContainsRune(piece, utf8.RuneError) }

// piecesByLine returns an iterator over the decoded text. It decodes the lines for which isOther returns true in the
// charset other, and the rest in cs.
func piecesByLine(b []byte, cs, other Charset, isOther func(line []byte) bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		most, others := newTextDecoder(cs, maxPiece), newTextDecoder(other, maxPiece)
		for line := range bytes.Lines(b) {
			ok := true
			switch {
			case FirstNonASCII(line) < 0:
				ok = yield(line)
			case isOther(line):
				ok = others.decode(line, yield)
			default:
				ok = most.decode(line, yield)
			}
			if !ok {
				return
			}
		}
	}
}

// FirstNonASCII returns the index of the first byte beyond ASCII, or -1.
func FirstNonASCII(b []byte) int {
	i := 0
	for ; i+8 <= len(b) && binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 == 0; i += 8 {
	}
	for ; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// CharsetOfHTML returns the charset that an HTML page names in its first kilobyte, as in <meta charset="gbk">, or "".
func CharsetOfHTML(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 1024)])
	for {
		_, after, found := bytes.Cut(b, []byte("charset="))
		if !found {
			return ""
		}
		label := bytes.TrimLeft(after, "\"' ")
		if end := bytes.IndexAny(label, "\"' ;/>\r\n"); end >= 0 {
			label = label[:end]
		}
		if cs, name := CharsetByLabel(string(label)); cs != nil {
			return name
		}
		b = after
	}
}
