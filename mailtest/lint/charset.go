package lint

// This file tells whether text is in the charset that it names.

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// inCharset tells whether a charset is known, and whether b can be text in it. No charset is US-ASCII
// (RFC 2046 §4.1.2).
func inCharset(b []byte, charset string) (known, fits bool) {
	switch strings.ToLower(charset) {
	case "", "us-ascii", "ascii":
		return true, isASCII(b)
	case "utf-8", "utf8":
		return true, utf8.Valid(b)
	case "utf-7", "unicode-1-1-utf-7", "iso-2022-kr", "iso-2022-cn": // of these, only that they are 7 bit wide
		return true, isASCII(b)
	}
	enc := encodingByName(charset)
	if enc == nil {
		return false, false
	}
	text, err := enc.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return true, false
	}
	return true, !looksUTF8(b)
}

// encodingByName returns the encoding of that name, or nil.
func encodingByName(charset string) encoding.Encoding {
	if enc, err := htmlindex.Get(charset); err == nil && enc != encoding.Replacement {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(charset); err == nil && enc != nil {
		return enc
	}
	return nil
}

// looksUTF8 tells whether b must be UTF-8: it is, and has two or more characters of three bytes,
// which text in other charsets does not by chance.
func looksUTF8(b []byte) bool {
	if isASCII(b) || !utf8.Valid(b) {
		return false
	}
	long := 0
	for i := 0; i < len(b) && long < 2; {
		_, size := utf8.DecodeRune(b[i:])
		if size >= 3 {
			long++
		}
		i += size
	}
	return long >= 2
}

// straddles tells whether two pieces are text in the charset when they are put together.
func straddles(a, b []byte, charset string) bool {
	_, fits := inCharset(append(bytes.Clone(a), b...), charset)
	return fits
}

func isASCII(b []byte) bool { return notASCII(b) < 0 }

// notASCII returns the place of the first byte beyond ASCII, or -1.
func notASCII(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}
