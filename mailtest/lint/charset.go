package lint

// This file reports whether text is in the charset that it names.

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// inCharset reports whether a charset is known, and whether b can be text in it. No charset is US-ASCII
// (RFC 2046 §4.1.2).
func inCharset(b []byte, charset string) (known, fits bool) {
	if charset == "" {
		return true, isASCII(b)
	}
	cs, name := mime.CharsetByLabel(charset)
	switch {
	case strings.ContainsAny(charset, "\"'=; \t"): // which mailtest understands, and few others
		return false, false
	case cs == nil:
		return strings.EqualFold(charset, "iso-2022-cn"), isASCII(b) // of this one, only that it is 7 bits wide
	case name == mime.ASCII:
		return true, isASCII(b)
	case name == mime.UTF8:
		return true, utf8.Valid(b)
	}
	text, err := cs.NewDecoder().Bytes(b)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return true, false
	}
	return true, !looksUTF8(b)
}

// looksUTF8 reports whether b must be UTF-8: it is, and has two or more characters of three bytes,
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

func isASCII(b []byte) bool { return mime.FirstNonASCII(b) < 0 }
