package mailtest

// This file decodes UTF-7 (RFC 2152), which x/text does not know.

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeUTF7 decodes b. Bits that do not fill a UTF-16 unit, unpaired surrogates and bytes
// above 127 become U+FFFD.
func decodeUTF7(b []byte, bad *faults) string {
	var out strings.Builder
	first := -1
	invalid := func(at int) {
		if first < 0 {
			first = at
		}
		out.WriteRune(utf8.RuneError)
	}
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c >= utf8.RuneSelf:
			invalid(i)
		case c != '+':
			out.WriteByte(c)
		default:
			start := i + 1
			i = start
			for i < len(b) {
				if _, ok := base64Value(b[i]); !ok {
					break
				}
				i++
			}
			if i == start && i < len(b) && b[i] == '-' {
				out.WriteByte('+')
				continue
			}
			text, ok := decodeShifted(b[start:i])
			out.WriteString(text)
			if !ok {
				invalid(start)
			}
			if i == len(b) || b[i] != '-' {
				i-- // only a "-" is part of the shift
			}
		}
	}
	if first >= 0 {
		bad.addf("byte %d is not utf-7", first)
	}
	return out.String()
}

// decodeShifted decodes the UTF-16 in modified base64 between "+" and "-".
func decodeShifted(b []byte) (text string, ok bool) {
	var units []uint16
	bits, have := 0, 0
	for _, c := range b {
		v, _ := base64Value(c)
		bits, have = bits<<6|v, have+6
		if have >= 16 {
			have -= 16
			units = append(units, uint16(bits>>have))
			bits &= 1<<have - 1
		}
	}
	runes := utf16.Decode(units)
	for _, r := range runes {
		if r == utf8.RuneError {
			return string(runes), false
		}
	}
	return string(runes), len(b) > 0 && have < 6 && bits == 0
}
