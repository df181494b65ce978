package mime

// This file decodes uuencode, which is older than MIME, and recognizes TNEF.

import "bytes"

// IsUU reports whether a Content-Transfer-Encoding, in lower case, is one of the names of uuencode.
func IsUU(encoding string) bool {
	switch encoding {
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return true
	}
	return false
}

// decodeUU decodes uuencode (POSIX, uuencode): lines between "begin" and "end" with their length in front, or base64.
// It leaves out text before and after them. It returns body itself if there is no "begin" line.
func decodeUU(body []byte, bad *Problems) []byte {
	var out []byte
	spare := 4 << 10 // how many more bytes missing characters may stand for, since a line promises up to 63
	begun := false
	at := 0 // the index of the next line
	for line := range bytes.Lines(body) {
		at += len(line)
		text := bytes.TrimRight(line, "\r\n")
		switch {
		case !begun:
			begun = beginsUU(text)
			if begun && bytes.HasPrefix(text, []byte("begin-base64 ")) {
				encoded, _, found := bytes.Cut(body[at:], []byte("===="))
				if !found {
					bad.Addf("uuencode: the end is missing")
				}
				return decodeBase64(encoded, bad)
			}
			if begun {
				out = make([]byte, 0, (len(body)-at)*3/4+spare)
			}
		case string(bytes.TrimSpace(text)) == "end":
			return out
		default:
			var ok bool
			if out, ok = appendUU(out, text, &spare); !ok && !bad.full() {
				bad.Addf("uuencode: the line %q does not have the bytes that it promises", Clip(text))
			}
		}
	}
	if !begun {
		bad.Addf(`uuencode: no line begins with "begin": the content is left as it is`)
		return body
	}
	bad.Addf("uuencode: the end is missing")
	return out
}

// beginsUU reports whether a line begins uuencode: "begin 644 name".
func beginsUU(line []byte) bool {
	words := bytes.Fields(line[:min(len(line), 1000)])
	return len(words) > 1 && (string(words[0]) == "begin" || string(words[0]) == "begin-base64") &&
		len(words[1]) >= 3 && len(bytes.Trim(words[1], "01234567")) == 0
}

// appendUU appends the bytes of a line of uuencode, which consists of its length and a character for each six bits. It
// reports whether the line is complete. Spaces at the end of the line, which mail servers cut off, may be missing for
// as many bytes as spare allows.
func appendUU(out, line []byte, spare *int) ([]byte, bool) {
	if len(line) == 0 {
		return out, true
	}
	n, ok := valueUU(line[0])
	bits, have := 0, 0
	for i := 1; n > 0; i++ {
		v := 0
		switch {
		case i < len(line):
			var known bool
			v, known = valueUU(line[i])
			ok = ok && known
		case *spare == 0:
			return out, false
		default:
			*spare--
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

// valueUU returns the six bits that a character of uuencode stands for.
func valueUU(c byte) (int, bool) {
	if c < ' ' || c > '`' {
		return 0, false
	}
	return int(c-' ') & 0x3f, true
}

// IsTNEF reports whether content has the signature of TNEF.
func IsTNEF(content []byte) bool { return bytes.HasPrefix(content, []byte{0x78, 0x9f, 0x3e, 0x22}) }
