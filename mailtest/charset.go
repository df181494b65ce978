package mailtest

// This file turns text in any charset into UTF-8 (RFC 2046 §4.1.2, RFC 2978), also where the
// label is wrong, is unknown, or is not there.

import (
	"bytes"
	"encoding/binary"
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
func decodeCharset(b []byte, label, hint string, form layout, bad *faults) string {
	name := charsetName(label)
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "7bit", "8bit", "binary",
		"unknown", "unknown-8bit", "x-unknown", "default", "none": // unknown-8bit: RFC 1428 §3
		if i := firstNonASCII(b); i >= 0 {
			text, guess := guessCharset(b, hint, form)
			if name == "" {
				name = "us-ascii"
			}
			bad.addf("byte %d is not %s: read as %s", i, name, guess)
			return text
		}
		return form.whole(b)
	case "utf-8", "utf8", "utf_8", "utf8mb4", "unicode-1-1-utf-8", "x-unicode20utf8":
		if utf8.Valid(b) {
			return form.whole(b)
		}
		return repairUTF8(b, hint, form, bad)
	}
	cs := charsetByName(name)
	if cs == nil {
		text, guess := guessCharset(b, hint, form)
		bad.addf("charset %q is unknown: read as %s", clip(label), guess)
		return text
	}
	if firstNonASCII(b) >= 0 && utf8.Valid(b) && !fits(cs, b) {
		bad.addf("the text is not %s: read as utf-8", clip(name))
		return form.whole(b)
	}
	text := form.text(decodedPieces(cs, b))
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
			return asItIs.text(decodedPieces(simplifiedchinese.GB18030, []byte(s)))
		}
		return s
	}
	text, guess := guessCharset([]byte(s), hint, asItIs)
	bad.addf("%q is not UTF-8: read as %s", clip(s), guess)
	return text
}

// looksGB2312 returns whether s, which is UTF-8, is as likely to be GB2312: the bytes of many a
// Chinese word, 系统通知 (system notice) for one, are some Greek and Armenian letters in UTF-8, each of
// two bytes that are both above 0xA0.
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
func repairUTF8(b []byte, hint string, form layout, bad *faults) string {
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
		text, guess := guessCharset(b, hint, form)
		bad.addf("byte %d is not utf-8: read as %s", first, guess)
		return text
	}
	bad.addf("byte %d is not utf-8", first)
	return form.text(decodedPieces(unicode.UTF8, b))
}

// guessCharset reads text without a trustworthy label, and returns the name of the charset too.
func guessCharset(b []byte, hint string, form layout) (text, name string) {
	if utf8.Valid(b) {
		return form.whole(b), "utf-8"
	}
	name = charsetName(hint)
	if cs := charsetByName(name); cs != nil && fits(cs, b) {
		return form.text(decodedPieces(cs, b)), name
	}
	if looksChinese(b) {
		return form.text(decodedPieces(simplifiedchinese.GB18030, b)), "gb18030"
	}
	return form.text(decodedPieces(charmap.Windows1252, b)), "windows-1252"
}

// fits returns whether all of b is in the charset.
func fits(cs charset, b []byte) bool {
	for piece := range decodedPieces(cs, b) {
		if bytes.ContainsRune(piece, utf8.RuneError) {
			return false
		}
	}
	return true
}

// looksChinese returns whether b is GB18030 and likely to be meant so. The "ïv" of "naïve" is a
// Chinese character too, but in Chinese both bytes of most characters are beyond ASCII.
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
	for piece := range decodedPieces(simplifiedchinese.GB18030, b) {
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

// charset is how text in it is decoded. Every [encoding.Encoding] is one.
type charset interface {
	NewDecoder() *encoding.Decoder
}

// charsetByName returns the encoding of that name, which is in lower case, or nil if it is unknown.
// It reads a label as mail programs do: as the superset that senders really use. GB2312, GBK and cp936
// are all GB18030, KS C 5601 is cp949, and ISO 8859-1 is windows-1252.
func charsetByName(name string) charset {
	switch name {
	case "gb2312", "gb_2312-80", "csgb2312", "gb2312-80", "euc-cn", "euc_cn", "gbk", "x-gbk", "cp936", "ms936",
		"windows-936", "x-windows-936", "gb18030", "gb-18030", "gb18030-2000", "x-gb18030", "chinese":
		return simplifiedchinese.GB18030
	case "iso-2022-kr", "csiso2022kr":
		return iso2022KR{}
	case "utf-7", "utf7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "csutf7":
		return utf7{}
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

func charsetAlias(name string) charset {
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return enc
}

// decodedPieces yields b decoded, in pieces that are valid until the next one; what is invalid
// becomes U+FFFD.
func decodedPieces(cs charset, b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		decoder := cs.NewDecoder()
		buf := make([]byte, min(3*len(b)+2*utf8.UTFMax, maxPiece))
		for rest, more := b, true; more; {
			n, used, err := decoder.Transform(buf, rest, true)
			rest = rest[used:]
			more = errors.Is(err, transform.ErrShortDst)
			piece := buf[:n]
			if err != nil && !more {
				piece = append(piece, "\ufffd"...)
			}
			if !yield(piece) {
				return
			}
		}
	}
}

func firstNonASCII(b []byte) int {
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
