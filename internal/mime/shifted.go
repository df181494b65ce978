package mime

// This file decodes the two charsets of mail that x/text does not know: UTF-7 (RFC 2152), and
// ISO-2022-KR (RFC 1557). Both shift: what a byte means depends on the bytes before.

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/transform"
)

// utf7 is the charset UTF-7.
type utf7 struct{}

func (utf7) NewDecoder() *encoding.Decoder { return &encoding.Decoder{Transformer: &utf7Decoder{}} }

// utf7Decoder decodes UTF-7. Bytes that end a shift too early, and bytes above 127, become U+FFFD.
type utf7Decoder struct {
	shifted    bool // inside the base64 after a "+"
	begun      bool // some base64 was read
	bits, have int  // the bits of an incomplete UTF-16 unit
	high       rune // the first half of a surrogate pair, or 0
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// Reset implements [transform.Transformer].
func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

// Transform implements [transform.Transformer].
func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	const most = 2 * utf8.UTFMax // the most that a byte can yield: U+FFFD for an open unit, and a character
	out := dst[:0:len(dst)]
	for ; nSrc < len(src); nSrc++ {
		if cap(out)-len(out) < most {
			return len(out), nSrc, transform.ErrShortDst
		}
		c := src[nSrc]
		v := -1 // the base64 value of the byte
		if d.shifted {
			v = strings.IndexByte(base64Alphabet, c)
		}
		if v >= 0 {
			out = d.add(out, v)
			continue
		}
		if d.shifted {
			out = d.end(out, c)
			if c == '-' {
				continue
			}
		}
		switch {
		case c == '+':
			d.shifted = true
		case c >= utf8.RuneSelf:
			out = utf8.AppendRune(out, utf8.RuneError)
		default:
			out = append(out, c)
		}
	}
	if atEOF && d.shifted {
		if cap(out)-len(out) < most {
			return len(out), nSrc, transform.ErrShortDst
		}
		out = d.end(out, 0)
	}
	return len(out), nSrc, nil
}

// add adds six bits.
func (d *utf7Decoder) add(out []byte, v int) []byte {
	d.begun = true
	d.bits, d.have = d.bits<<6|v, d.have+6
	if d.have < 16 {
		return out
	}
	d.have -= 16
	unit := rune(d.bits >> d.have)
	d.bits &= 1<<d.have - 1
	switch high := d.high; {
	case high != 0 && utf16.DecodeRune(high, unit) != utf8.RuneError:
		d.high = 0
		return utf8.AppendRune(out, utf16.DecodeRune(high, unit))
	case high != 0:
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	d.high = 0
	if utf16.IsSurrogate(unit) && unit < 0xdc00 {
		d.high = unit
		return out
	}
	return utf8.AppendRune(out, unit)
}

// end ends a shift at the byte c, which is not base64.
func (d *utf7Decoder) end(out []byte, c byte) []byte {
	switch {
	case !d.begun && c == '-':
		out = append(out, '+')
	case !d.begun || d.have >= 6 || d.bits != 0 || d.high != 0:
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	d.Reset()
	return out
}

// iso2022KR is the charset ISO-2022-KR.
type iso2022KR struct{}

func (iso2022KR) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: transform.Chain(&unshifter{}, korean.EUCKR.NewDecoder())}
}

// unshifter converts ISO-2022-KR to EUC-KR. It sets the high bit of the bytes from SO to SI or the end of the line, and
// removes the designator.
type unshifter struct{ shifted bool }

// Reset implements [transform.Transformer].
func (u *unshifter) Reset() { u.shifted = false }

// Transform implements [transform.Transformer].
func (u *unshifter) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	designator := []byte("\x1b$)C")
	for ; nSrc < len(src); nSrc++ {
		c := src[nSrc]
		switch {
		case c == designator[0] && bytes.HasPrefix(src[nSrc:], designator):
			nSrc += len(designator) - 1
			continue
		case c == designator[0] && !atEOF && len(src)-nSrc < len(designator):
			return nDst, nSrc, transform.ErrShortSrc
		case c == 0x0e || c == 0x0f:
			u.shifted = c == 0x0e
			continue
		case c == '\n':
			u.shifted = false
		case u.shifted && c > ' ':
			c |= 0x80
		}
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		dst[nDst] = c
		nDst++
	}
	return nDst, nSrc, nil
}
