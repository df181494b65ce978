package corpus

// This file encodes text as mail programs do: charsets, transfer encodings, encoded words, parameters.

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// encodeCharset returns text in the charset of that label. Text that cannot be written in it is a
// mistake in this package.
func encodeCharset(label, text string) []byte {
	var enc encoding.Encoding
	switch strings.ToLower(label) {
	case "utf-8":
		return []byte(text)
	case "us-ascii":
		for _, c := range []byte(text) {
			if c >= utf8.RuneSelf {
				panic(fmt.Sprintf("corpus: %q is not ASCII", text))
			}
		}
		return []byte(text)
	case "utf-7":
		return encodeUTF7(text)
	case "iso-2022-kr":
		return shiftKR(encodeCharset("euc-kr", text))
	case "utf-16":
		enc = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-16le":
		enc = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "gb2312", "gbk":
		enc = simplifiedchinese.GBK
	case "gb18030":
		enc = simplifiedchinese.GB18030
	case "hz-gb-2312":
		enc = simplifiedchinese.HZGB2312
	case "big5":
		enc = traditionalchinese.Big5
	case "iso-2022-jp":
		enc = japanese.ISO2022JP
	case "shift_jis":
		enc = japanese.ShiftJIS
	case "euc-jp":
		enc = japanese.EUCJP
	case "euc-kr", "ks_c_5601-1987":
		enc = korean.EUCKR
	case "koi8-r":
		enc = charmap.KOI8R
	case "koi8-u":
		enc = charmap.KOI8U
	case "ibm866":
		enc = charmap.CodePage866
	case "iso-8859-1":
		enc = charmap.ISO8859_1
	case "iso-8859-2":
		enc = charmap.ISO8859_2
	case "iso-8859-5":
		enc = charmap.ISO8859_5
	case "iso-8859-6":
		enc = charmap.ISO8859_6
	case "iso-8859-7":
		enc = charmap.ISO8859_7
	case "iso-8859-8", "iso-8859-8-i":
		enc = charmap.ISO8859_8
	case "iso-8859-9":
		enc = charmap.ISO8859_9
	case "iso-8859-13":
		enc = charmap.ISO8859_13
	case "iso-8859-15":
		enc = charmap.ISO8859_15
	case "windows-874":
		enc = charmap.Windows874
	case "windows-1250":
		enc = charmap.Windows1250
	case "windows-1251":
		enc = charmap.Windows1251
	case "windows-1252":
		enc = charmap.Windows1252
	case "windows-1253":
		enc = charmap.Windows1253
	case "windows-1254":
		enc = charmap.Windows1254
	case "windows-1255":
		enc = charmap.Windows1255
	case "windows-1256":
		enc = charmap.Windows1256
	case "windows-1257":
		enc = charmap.Windows1257
	case "macintosh":
		enc = charmap.Macintosh
	default:
		panic("corpus: charset " + label)
	}
	b, err := enc.NewEncoder().Bytes([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("corpus: %s: %v in %q", label, err, text))
	}
	if label == "iso-2022-jp" && bytes.LastIndex(b, []byte("\x1b(B")) < bytes.LastIndex(b, []byte("\x1b$B")) {
		b = append(b, "\x1b(B"...)
	}
	return b
}

// encodeUTF7 writes everything but letters, digits and line ends in base64 (RFC 2152).
func encodeUTF7(text string) []byte {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(" \r\n,.:'()/?-", r)
	}
	var out []byte
	runes := []rune(text)
	for i := 0; i < len(runes); {
		if plain(runes[i]) {
			out = append(out, byte(runes[i]))
			i++
			continue
		}
		var units []byte
		for ; i < len(runes) && !plain(runes[i]); i++ {
			for _, u := range utf16.Encode(runes[i : i+1]) {
				units = append(units, byte(u>>8), byte(u))
			}
		}
		out = append(out, "+"+base64.RawStdEncoding.EncodeToString(units)+"-"...)
	}
	return out
}

// shiftKR turns EUC-KR into ISO-2022-KR (RFC 1557).
func shiftKR(b []byte) []byte {
	out := []byte("\x1b$)C")
	shifted := false
	for _, c := range b {
		if high := c >= utf8.RuneSelf; high != shifted {
			out = append(out, map[bool]byte{true: 0x0e, false: 0x0f}[high])
			shifted = high
		}
		out = append(out, c&0x7f)
	}
	return out
}

// base64Lines returns the base64 of b in lines of n characters, with a line end after each.
func base64Lines(b []byte, n int) string {
	s := base64.StdEncoding.EncodeToString(b)
	var lines strings.Builder
	for len(s) > n {
		lines.WriteString(s[:n] + crlf)
		s = s[n:]
	}
	if s != "" {
		lines.WriteString(s + crlf)
	}
	return lines.String()
}

// quotedPrintable encodes text whose lines end in CRLF (RFC 2045 §6.7).
func quotedPrintable(b []byte) string {
	const longest = 76
	var out strings.Builder
	n := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			out.WriteString(crlf)
			i, n = i+1, 0
			continue
		}
		s := string(rune(c))
		atEnd := i+1 == len(b) || b[i+1] == '\r'
		if c != '\t' && c < ' ' || c > '~' || c == '=' || (c == ' ' || c == '\t') && atEnd || c == '.' && n == 0 {
			s = fmt.Sprintf("=%02X", c)
		}
		if n+len(s) >= longest {
			out.WriteString("=" + crlf)
			n = 0
		}
		out.WriteString(s)
		n += len(s)
	}
	return out.String()
}

// isASCII returns whether s can stand in a header as it is.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// wordsB returns text in encoded words with base64 of at most so many bytes each; they begin and
// end with whole characters.
func wordsB(charset, text string, most int) string {
	return words(charset, text, most, func(b []byte) string { return "B?" + base64.StdEncoding.EncodeToString(b) })
}

// wordsQ is wordsB with the Q encoding.
func wordsQ(charset, text string, most int) string {
	return words(charset, text, most, func(b []byte) string { return "Q?" + encodeQ(b) })
}

func words(charset, text string, most int, encode func([]byte) string) string {
	var all []string
	runes := []rune(text)
	for start := 0; start < len(runes); {
		end := start + 1
		for end < len(runes) && len(encodeCharset(charset, string(runes[start:end+1]))) <= most {
			end++
		}
		all = append(all, "=?"+charset+"?"+encode(encodeCharset(charset, string(runes[start:end])))+"?=")
		start = end
	}
	return strings.Join(all, crlf+" ")
}

func encodeQ(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == ' ':
			s.WriteByte('_')
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '!':
			s.WriteByte(c)
		default:
			fmt.Fprintf(&s, "=%02X", c)
		}
	}
	return s.String()
}

// fold breaks a field at spaces so that lines have no more than 76 characters, where that is possible.
func fold(field string) string {
	var out strings.Builder
	column := 0
	for i, word := range strings.Split(field, " ") {
		switch {
		case i == 0:
		case column+1+len(word) > 76 && out.Len() > 0 && word != "":
			out.WriteString(crlf + " ")
			column = 1
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += len(word)
	}
	return out.String()
}

// phrase returns a display name that is ASCII: as it is, or in quotes.
func phrase(name string) string {
	if strings.ContainsAny(name, `()<>@,;:\".[]`) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name
}

// token returns a parameter whose value is in quotes if need be.
func token(name, value string) string {
	if strings.ContainsAny(value, " ()<>@,;:\\\"/[]?=") {
		return name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	return name + "=" + value
}

// percent encodes what may not stand in a parameter of RFC 2231.
func percent(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_' {
			s.WriteByte(c)
		} else {
			fmt.Fprintf(&s, "%%%02X", c)
		}
	}
	return s.String()
}

// extended returns a parameter as in RFC 2231 §4, or §4.1 if it is longer than most.
func extended(name, charset, language, value string, most int) string {
	s := charset + "'" + language + "'" + percent(encodeCharset(charset, value))
	if len(s) <= most {
		return name + "*=" + s
	}
	var segments []string
	for n := 0; s != ""; n++ {
		end := min(most, len(s))
		if i := strings.LastIndexByte(s[:end], '%'); i >= 0 && i > end-3 && end < len(s) {
			end = i
		}
		segments = append(segments, fmt.Sprintf("%s*%d*=%s", name, n, s[:end]))
		s = s[end:]
	}
	return strings.Join(segments, ";"+crlf+" ")
}

// lines returns text with CRLF for its line ends.
func lines(text string) string { return strings.ReplaceAll(text, "\n", crlf) }

// page returns text as an HTML page in the manner of mail programs: a paragraph for each block of lines.
func page(head, text, tail string) string {
	var b strings.Builder
	b.WriteString("<html><head>" + head + "</head>\n<body>\n")
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(block), "\n", "<br>\n") + "</p>\n")
	}
	b.WriteString(tail + "</body></html>\n")
	return b.String()
}

// wrapFlowed writes paragraphs, one a line, as format=flowed (RFC 3676 §4.1, §4.4), at most width wide.
func wrapFlowed(text string, width int) string {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		quote := ""
		if marks := strings.TrimLeft(paragraph, ">"); marks != paragraph {
			quote, paragraph = paragraph[:len(paragraph)-len(marks)], strings.TrimPrefix(marks, " ")
		}
		for {
			line, rest := paragraph, ""
			if utf8.RuneCountInString(line) > width && paragraph != "-- " {
				if i := strings.LastIndexByte(line[:len(string([]rune(line)[:width]))], ' '); i > 0 {
					line, rest = line[:i+1], line[i+1:]
				}
			}
			switch {
			case quote != "":
				out.WriteString(quote + " ")
			case strings.HasPrefix(line, " ") || strings.HasPrefix(line, ">") || strings.HasPrefix(line, "From "):
				out.WriteByte(' ')
			}
			out.WriteString(line + "\n")
			if rest == "" {
				break
			}
			paragraph = rest
		}
	}
	return out.String()
}
