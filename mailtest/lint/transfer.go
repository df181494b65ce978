package lint

// This file looks at base64 and quoted-printable (RFC 2045 §6.7, §6.8).

import (
	"bytes"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// base64 looks at the content of a part, which begins at at, and reports whether it can be decoded.
func (c *checker) base64(p *mailtest.Part, at int) (good bool) {
	digits, padding := 0, 0
	good = true
	report := func(at int, format string, args ...any) {
		good = false
		c.out.add(base64Syntax, p.Path, at, format, args...)
	}
	for line := range bytes.Lines(p.Raw) {
		text := bytes.TrimRight(line, "\r\n")
		if len(text) > 76 {
			c.out.add(base64LineLength, p.Path, at, "the line has %d characters", len(text))
		}
		for i, b := range text {
			switch {
			case isBase64[b] && padding == 0:
				digits++
			case b == ' ' || b == '\t':
			case b == '=':
				padding++
			case !good: // what comes after the first fault may follow from it
			case !isBase64[b]:
				report(at+i, "%s is not base64", quote(text[i:]))
			default:
				report(at+i, "there is more after the padding: %s", quote(text[i:]))
			}
		}
		at += len(line)
	}
	if good && ((digits+padding)%4 != 0 || padding > 2) {
		report(max(at-1, 0), "%d characters and %d of padding make no whole number of bytes", digits, padding)
	}
	return good
}

// isBase64 has the digits of base64 (RFC 4648 §4).
var isBase64 = func() (table [256]bool) {
	for b := range table {
		table[b] = isAlphanumeric(byte(b)) || b == '+' || b == '/'
	}
	return table
}()

// quotedPrintable looks at the content of a part, which begins at at.
func (c *checker) quotedPrintable(p *mailtest.Part, at int) {
	for line := range bytes.Lines(p.Raw) {
		text := bytes.TrimRight(line, "\r\n")
		if len(text) > 76 {
			c.out.add(qpLineLength, p.Path, at, "the line has %d characters", len(text))
		}
		if i := badQuoted(text); i >= 0 {
			c.out.add(qpSyntax, p.Path, at+i, "%s is not encoded as it must be", quote(text[i:]))
		}
		at += len(line)
	}
}

// badQuoted returns the place of the first fault in a line of quoted-printable, or -1.
func badQuoted(text []byte) int {
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '=' && i == len(text)-1: // a soft line break
		case b == '=':
			if i+2 >= len(text) || !isUpperHex(text[i+1]) || !isUpperHex(text[i+2]) {
				return i
			}
			i += 2
		case b < ' ' && b != '\t', b >= utf8.RuneSelf-1:
			return i
		}
	}
	if n := len(text); n > 0 && (text[n-1] == ' ' || text[n-1] == '\t') {
		return n - 1
	}
	return -1
}

func isUpperHex(b byte) bool { return '0' <= b && b <= '9' || 'A' <= b && b <= 'F' }
