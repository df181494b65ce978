package mailtest

// This file turns text in any charset into UTF-8 (RFC 2046 §4.1.2, RFC 2978), also where the
// label is wrong, is unknown, or is not there.

import (
	"bytes"
	"errors"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// decodeCharset returns b, which is said to be in the charset label, in UTF-8. It is always valid
// UTF-8. Where the label does not fit the bytes, and that shows, then what does fit is
// taken: UTF-8, hint (another label), GB18030, and windows-1252, in that order.
func decodeCharset(b []byte, label, hint string, ends lineEnds, bad *faults) string {
	name := charsetName(label)
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "7bit", "8bit", "binary",
		"unknown", "unknown-8bit", "x-unknown", "default", "none": // unknown-8bit: RFC 1428 §3
		if i := firstNonASCII(b); i >= 0 {
			text, guess := guessCharset(b, hint, ends)
			if name == "" {
				name = "us-ascii"
			}
			bad.addf("byte %d is not %s: read as %s", i, name, guess)
			return text
		}
		return ends.text(b)
	case "utf-8", "utf8", "utf_8", "utf8mb4", "unicode-1-1-utf-8", "x-unicode20utf8":
		if utf8.Valid(b) {
			return ends.text(b)
		}
		return repairUTF8(b, hint, ends, bad)
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "csutf7":
		return ends.text([]byte(decodeUTF7(b, bad)))
	case "iso-2022-kr", "csiso2022kr":
		b, name = unshiftKR(b), "euc-kr"
	}
	enc := charsetByName(name)
	if enc == nil {
		text, guess := guessCharset(b, hint, ends)
		bad.addf("charset %q is unknown: read as %s", clip(label), guess)
		return text
	}
	if firstNonASCII(b) >= 0 && utf8.Valid(b) && !fits(enc, b) {
		bad.addf("the text is not %s: read as utf-8", clip(name))
		return ends.text(b)
	}
	text := decodeEncoding(enc, b, ends)
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		bad.addf("character %d of the text is not %s", utf8.RuneCountInString(text[:i])+1, clip(name))
	}
	return text
}

// toUTF8 returns s if it is UTF-8, and otherwise reads it as hint says or as a guess.
func toUTF8(s, hint string, bad *faults) string {
	if utf8.ValidString(s) {
		if looksGB2312(s) && charsetByName(charsetName(hint)) == simplifiedchinese.GB18030 {
			bad.addf("%q could be UTF-8: read as %s", clip(s), charsetName(hint))
			return decodeEncoding(simplifiedchinese.GB18030, []byte(s), asTheyAre)
		}
		return s
	}
	text, guess := guessCharset([]byte(s), hint, asTheyAre)
	bad.addf("%q is not UTF-8: read as %s", clip(s), guess)
	return text
}

// looksGB2312 returns whether s, which is UTF-8, is as likely to be GB2312: the bytes of many a Chinese word, 系统通知 (system
// notice) for one, are some Greek and Armenian letters in UTF-8, each of two bytes that are both above 0xA0.
func looksGB2312(s string) bool {
	found := false
	for i := 0; i < len(s); i++ {
		if s[i] < utf8.RuneSelf {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); size != 2 || s[i+1] <= 0xa0 {
			return false
		}
		found = true
		i++
	}
	return found
}

// repairUTF8 reads what is labelled as UTF-8 and is not. If most of what is beyond ASCII is UTF-8
// then the rest is damage, and becomes U+FFFD. Otherwise the label is wrong.
func repairUTF8(b []byte, hint string, ends lineEnds, bad *faults) string {
	first, good, wrong := -1, 0, 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			if first < 0 {
				first = i
			}
			wrong++
		case size > 1:
			good++
		}
		i += size
	}
	if good < wrong {
		text, guess := guessCharset(b, hint, ends)
		bad.addf("byte %d is not utf-8: read as %s", first, guess)
		return text
	}
	bad.addf("byte %d is not utf-8", first)
	return strings.ToValidUTF8(ends.text(b), "\ufffd")
}

// guessCharset reads text without a trustworthy label, and returns the name of the charset too.
func guessCharset(b []byte, hint string, ends lineEnds) (text, name string) {
	if utf8.Valid(b) {
		return ends.text(b), "utf-8"
	}
	name = charsetName(hint)
	if enc := charsetByName(name); enc != nil && fits(enc, b) {
		return decodeEncoding(enc, b, ends), name
	}
	if looksChinese(b) {
		return decodeEncoding(simplifiedchinese.GB18030, b, ends), "gb18030"
	}
	return decodeEncoding(charmap.Windows1252, b, ends), "windows-1252"
}

// fits returns whether all of b is in the encoding.
func fits(enc encoding.Encoding, b []byte) bool {
	for piece := range decodedPieces(enc, b, asTheyAre) {
		if bytes.ContainsRune(piece, utf8.RuneError) {
			return false
		}
	}
	return true
}

// looksChinese returns whether b is GB18030 and likely to be meant so. The "ïv" of "naïve" is a Chinese character too, but in
// Chinese both bytes of most characters are beyond ASCII.
func looksChinese(b []byte) bool {
	if !fits(simplifiedchinese.GB18030, b) {
		return false
	}
	high, characters := 0, 0
	for _, c := range b {
		if c >= utf8.RuneSelf {
			high++
		}
	}
	for piece := range decodedPieces(simplifiedchinese.GB18030, b, asTheyAre) {
		for len(piece) > 0 {
			r, size := utf8.DecodeRune(piece)
			if r >= utf8.RuneSelf {
				characters++
			}
			piece = piece[size:]
		}
	}
	return 4*high >= 5*characters
}

// charsetName returns the name that the label means, in lower case, without the quotes that some mailers
// send. No charset has a name longer than 75 bytes (RFC 2047 §2), so that much of a longer one will do.
func charsetName(label string) string {
	return strings.ToLower(strings.Trim(label[:min(len(label), 75)], " \t\r\n\"'"))
}

// charsetByName returns the encoding of that name, which is in lower case, or nil if it is unknown.
// It reads a label as mail programs do: as the superset that senders really use. GB2312, GBK and cp936
// are all GB18030, KS C 5601 is cp949, and ISO 8859-1 is windows-1252.
func charsetByName(name string) encoding.Encoding {
	switch name {
	case "gb2312", "gb_2312-80", "csgb2312", "gb2312-80", "euc-cn", "euc_cn", "gbk", "x-gbk", "cp936", "ms936",
		"windows-936", "x-windows-936", "gb18030", "gb-18030", "gb18030-2000", "x-gb18030", "chinese":
		return simplifiedchinese.GB18030
	case "hz-gb-2312", "hz", "x-hz", "hz-gb2312":
		return simplifiedchinese.HZGB2312
	case "big5", "big-5", "x-big5", "x-x-big5", "big5-hkscs", "big5hkscs", "cp950", "ms950", "windows-950", "x-windows-950", "cn-big5":
		return traditionalchinese.Big5
	case "ks_c_5601-1987", "ks_c_5601", "ksc5601", "ksc_5601", "ks_c_5601-1989", "euc-kr", "euc_kr", "cp949", "ms949", "uhc", "windows-949", "x-windows-949":
		return korean.EUCKR
	case "shift_jis", "shift-jis", "sjis", "x-sjis", "cp932", "ms932", "ms_kanji", "windows-31j", "windows-932", "x-ms-cp932":
		return japanese.ShiftJIS
	case "iso-2022-jp", "iso-2022-jp-1", "iso-2022-jp-2", "iso-2022-jp-3", "iso-2022-jp-2004", "iso-2022-jp-ms", "cp50220", "cp50221", "cp50222", "csiso2022jp", "jis":
		return japanese.ISO2022JP
	case "euc-jp", "euc_jp", "x-euc-jp", "eucjp", "cp51932", "euc-jp-ms", "eucjp-ms":
		return japanese.EUCJP
	case "utf-16", "utf16", "ucs-2", "iso-10646-ucs-2": // big endian without a byte order mark, RFC 2781 §4.3
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "utf-16le", "unicode":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-32", "utf32", "ucs-4":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	}
	if enc, err := htmlindex.Get(name); err == nil && enc != encoding.Replacement {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc
	}
	if enc, err := ianaindex.IANA.Encoding(name); err == nil && enc != nil {
		return enc
	}
	// "cp1251" and "windows1251" for "windows-1251", "iso8859_5" for "iso-8859-5".
	if n, ok := strings.CutPrefix(name, "cp125"); ok {
		return charsetAlias("windows-125" + n)
	}
	if n, ok := strings.CutPrefix(name, "windows125"); ok {
		return charsetAlias("windows-125" + n)
	}
	if n, ok := strings.CutPrefix(strings.ReplaceAll(name, "_", "-"), "iso8859-"); ok {
		return charsetAlias("iso-8859-" + n)
	}
	return nil
}

func charsetAlias(name string) encoding.Encoding {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return enc
}

// lineEnds says what becomes of line ends when text is decoded.
type lineEnds int

const (
	asTheyAre lineEnds = iota
	asLF               // CRLF becomes LF
)

// text returns b, which is UTF-8.
func (e lineEnds) text(b []byte) string {
	crlf := []byte("\r\n")
	n := 0
	if e == asLF {
		n = bytes.Count(b, crlf)
	}
	if n == 0 {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b) - n)
	for ; n > 0; n-- {
		line, rest, _ := bytes.Cut(b, crlf)
		s.Write(line)
		s.WriteByte('\n')
		b = rest
	}
	s.Write(b)
	return s.String()
}

// decodeEncoding decodes b; what is invalid becomes U+FFFD. It decodes twice, the first time only to see how much room the
// text needs: to make that larger step by step takes several times the memory.
func decodeEncoding(enc encoding.Encoding, b []byte, ends lineEnds) string {
	room := 0
	for piece := range decodedPieces(enc, b, ends) {
		room += len(piece)
	}
	var s strings.Builder
	s.Grow(room)
	for piece := range decodedPieces(enc, b, ends) {
		s.Write(piece)
	}
	return strings.ToValidUTF8(s.String(), "\ufffd")
}

// decodedPieces yields b decoded, in pieces that are valid until the next one.
func decodedPieces(enc encoding.Encoding, b []byte, ends lineEnds) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		decoder := enc.NewDecoder()
		buf := make([]byte, min(3*len(b)+utf8.UTFMax, 4<<10))
		held := 0 // 1 if buf begins with a CR that may belong to an LF
		for more := true; more; {
			n, used, err := decoder.Transform(buf[held:], b, true)
			b = b[used:]
			more = errors.Is(err, transform.ErrShortDst)
			piece := buf[:held+n]
			if err != nil && !more {
				piece = append(piece, "\ufffd"...)
			}
			held = 0
			if ends == asLF {
				if more && bytes.HasSuffix(piece, []byte("\r")) {
					piece, held = piece[:len(piece)-1], 1
				}
				piece = dropCR(piece)
			}
			if !yield(piece) {
				return
			}
			if held > 0 {
				buf[0] = '\r'
			}
		}
	}
}

// dropCR makes LF of each CRLF, in place.
func dropCR(b []byte) []byte {
	kept := b[:0]
	for i, c := range b {
		if c != '\r' || i+1 == len(b) || b[i+1] != '\n' {
			kept = append(kept, c)
		}
	}
	return kept
}

func firstNonASCII(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// unshiftKR turns ISO-2022-KR (RFC 1557) into EUC-KR: the bytes between SO and SI, or the end of the
// line, get the high bit, and the designator goes.
func unshiftKR(b []byte) []byte {
	out := make([]byte, 0, len(b))
	shifted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == 0x1b && bytes.HasPrefix(b[i:], []byte("\x1b$)C")):
			i += 3
		case c == 0x0e:
			shifted = true
		case c == 0x0f:
			shifted = false
		case c == '\n':
			shifted = false
			out = append(out, c)
		case shifted && c > ' ':
			out = append(out, c|0x80)
		default:
			out = append(out, c)
		}
	}
	return out
}

// charsetOfHTML returns the charset that an HTML page names in its first kilobyte, as in
// <meta charset="gbk">, or "".
func charsetOfHTML(b []byte) string {
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
		if name := string(label); name == "utf-8" || charsetByName(name) != nil {
			return name
		}
		b = after
	}
}
