package mailtest

// This file decodes what comes from before MIME, or from beside it: uuencode, and the mark of TNEF.

import "bytes"

// decodeUU decodes uuencode, as POSIX describes it under uuencode: lines with their length in front, or base64, between
// "begin" and "end". Text above and below is left out. Body itself is returned if there is no "begin".
func decodeUU(body []byte, bad *faults) []byte {
	at := beginUU(body)
	if at < 0 {
		bad.addf("uuencode: there is no line that begins it: the content is left as it is")
		return body
	}
	first := lineOf(body, at)
	rest := body[at+len(first):]
	if bytes.HasPrefix(first, []byte("begin-base64 ")) {
		text, _, found := bytes.Cut(rest, []byte("===="))
		if !found {
			bad.addf("uuencode: the end is missing")
		}
		return decodeBase64(text, bad)
	}
	out := make([]byte, 0, len(rest)*3/4)
	for len(rest) > 0 {
		line := lineOf(rest, 0)
		rest = rest[len(line):]
		text := bytes.TrimRight(line, "\r\n")
		if string(bytes.TrimSpace(text)) == "end" {
			return out
		}
		var ok bool
		if out, ok = appendUU(out, text); !ok && !bad.full() {
			bad.addf("uuencode: the line %q does not have the bytes that it promises", clip(text))
		}
	}
	bad.addf("uuencode: the end is missing")
	return out
}

// beginUU returns where the line begins that begins uuencode, "begin 644 name", or -1.
func beginUU(body []byte) int {
	for at := 0; at < len(body); {
		line := lineOf(body, at)
		words := bytes.Fields(line[:min(len(line), 1000)])
		if len(words) > 1 && (string(words[0]) == "begin" || string(words[0]) == "begin-base64") &&
			len(words[1]) >= 3 && len(bytes.Trim(words[1], "01234567")) == 0 {
			return at
		}
		at += len(line)
	}
	return -1
}

// appendUU appends what a line of uuencode means: its length, and a character for each six bits. It reports
// whether the line is whole; spaces at its end, which mail servers cut off, do not count.
func appendUU(out, line []byte) ([]byte, bool) {
	if len(line) == 0 {
		return out, true
	}
	n, ok := valueUU(line[0])
	bits, have := 0, 0
	for i := 1; n > 0; i++ {
		v := 0
		if i < len(line) {
			var known bool
			v, known = valueUU(line[i])
			ok = ok && known
		}
		bits, have = bits<<6|v, have+6
		if have >= 8 {
			have -= 8
			out = append(out, byte(bits>>have))
			n--
		}
	}
	return out, ok
}

// valueUU returns the six bits that a character of uuencode means.
func valueUU(c byte) (int, bool) {
	if c < ' ' || c > '`' {
		return 0, false
	}
	return int(c-' ') & 0x3f, true
}

// lineOf returns the line that begins at byte i, with its end.
func lineOf(b []byte, i int) []byte {
	if n := bytes.IndexByte(b[i:], '\n'); n >= 0 {
		return b[i : i+n+1]
	}
	return b[i:]
}

// isTNEF reports whether content is TNEF, by its signature.
func isTNEF(content []byte) bool { return bytes.HasPrefix(content, []byte{0x78, 0x9f, 0x3e, 0x22}) }
