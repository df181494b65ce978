package mime

// This file decodes content transfer encodings (RFC 2045 §6), damaged ones too.

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// DecodeTransfer decodes body from a content transfer encoding. It returns body itself if there is nothing to decode,
// or if the encoding is unknown.
func DecodeTransfer(body []byte, encoding string, bad *Problems) []byte {
	switch encoding {
	case "base64":
		return decodeBase64(body, bad)
	case "quoted-printable":
		return decodeQuotedPrintable(body, bad)
	}
	if IsUU(encoding) {
		return decodeUU(body, bad)
	}
	return body
}

// decodeBase64 decodes base64, well-formed or not (RFC 2045 §6.8). White space does not count. Other bytes outside the
// alphabet are skipped, an end that lacks padding or bits yields the complete bytes, and padding in the middle ends one
// stream and begins another. Text after the base64, such as the footer of a mailing list, is left out.
func decodeBase64(body []byte, bad *Problems) []byte {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	if n, err := base64.StdEncoding.Decode(out, body); err == nil {
		return out[:n]
	}
	out = out[:0]
	bits, have := 0, 0       // the last, incomplete group of four characters
	want, padded := 0, false // the number of "=" that the last group still needs, and whether it had one
	junk, firstJunk := 0, 0
	flush := func(at int) {
		switch {
		case have == 1 && !bad.full():
			bad.Addf("base64: the character before byte %d stands alone and gives no byte", at)
		case have == 2:
			out = append(out, byte(bits>>4))
		case have == 3:
			out = append(out, byte(bits>>10), byte(bits>>2))
		}
		bits, have = 0, 0
	}
	end := len(body)
	foot, last := findFooter(body), len(bytes.TrimRight(body, space))
	for i, c := range body {
		if i < last && foot.beginsAt(i, padded && want == 0) {
			end = i
			break
		}
		v, ok := base64Value(c)
		switch {
		case ok:
			if padded && !bad.full() {
				bad.Addf("base64: there is more after the padding, at byte %d", i)
			}
			want, padded = 0, false
			bits, have = bits<<6|v, have+1
			if have == 4 {
				out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
				bits, have = 0, 0
			}
		case c == '=' && have > 0:
			want, padded = 3-have, true
			flush(i)
		case c == '=' && want > 0:
			want--
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		default:
			if junk == 0 {
				firstJunk = i
			}
			junk++
		}
	}
	if have > 1 || want > 0 {
		bad.Addf("base64: the padding at the end is missing")
	}
	flush(end)
	if junk > 0 {
		bad.Addf("base64: skipped %d bytes that do not belong there, the first at byte %d", junk, firstJunk)
	}
	if end < len(body) {
		text := bytes.TrimLeft(body[end:last], space)
		bad.Addf("base64: it ends before byte %d, and the text below it is left out: %q", last-len(text), strings.ToValidUTF8(Clip(text), "\ufffd"))
	}
	return out
}

func base64Value(c byte) (int, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A'), true
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26, true
	case '0' <= c && c <= '9':
		return int(c-'0') + 52, true
	case c == '+':
		return 62, true
	case c == '/':
		return 63, true
	}
	return 0, false
}

// decodeQuotedPrintable decodes line by line (RFC 2045 §6.7). White space at the end of a line is removed, and so is
// the line end after a "=". An equals sign that does not begin an escape stays. Escapes may be in lower case. Line ends
// are not converted.
func decodeQuotedPrintable(body []byte, bad *Problems) []byte {
	room := len(body)
	for at := bytes.IndexByte(body, '='); at >= 0; {
		if _, ok := escaped(body[at:], '='); ok {
			room -= 2
		}
		next := bytes.IndexByte(body[at+1:], '=')
		if next < 0 {
			break
		}
		at += 1 + next
	}
	out := make([]byte, 0, room)
	for at := 0; at < len(body); {
		end := len(body)
		if i := bytes.IndexByte(body[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		line := bytes.TrimRight(body[at:end], " \t\r\n")
		text, soft := bytes.CutSuffix(line, []byte("="))
		out = appendUnescaped(out, text, '=', at, bad)
		if !soft {
			out = append(out, LineBreak(body[at:end])...)
		}
		at = end
	}
	return out
}

// LineBreak returns the CRLF or LF at the end of line.
func LineBreak(line []byte) []byte {
	n := len(line)
	switch {
	case bytes.HasSuffix(line, []byte("\r\n")):
		return line[n-2:]
	case bytes.HasSuffix(line, []byte("\n")):
		return line[n-1:]
	}
	return nil
}

// appendUnescaped appends s to out, and decodes the escapes that consist of mark and two hexadecimal digits. A mark
// without digits stays, and is reported with its offset counted from at.
func appendUnescaped[T string | []byte](out []byte, s T, mark byte, at int, bad *Problems) []byte {
	for i := 0; i < len(s); {
		if s[i] != mark {
			plain := i
			for i < len(s) && s[i] != mark {
				i++
			}
			out = append(out, s[plain:i]...)
			continue
		}
		c, ok := escaped(s[i:], mark)
		out = append(out, c)
		if ok {
			i += 3
			continue
		}
		if !bad.full() {
			bad.Addf("%q at byte %d is not an escape", Clip(s[i:min(len(s), i+3)]), at+i)
		}
		i++
	}
	return out
}

// escaped returns the byte that the escape at the beginning of s means. If there is no escape, it returns the first
// byte and false.
func escaped[T string | []byte](s T, mark byte) (c byte, ok bool) {
	if s[0] == mark && len(s) > 2 {
		hi, ok1 := hexValue(s[1])
		lo, ok2 := hexValue(s[2])
		if ok1 && ok2 {
			return hi<<4 | lo, true
		}
	}
	return s[0], false
}

func hexValue(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
