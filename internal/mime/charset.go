package mime

// This file finds charsets by all the names that mailers write.

import (
	"strings"
	"sync"
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
	"golang.org/x/text/runes"
)

// Charset decodes text. Every [encoding.Encoding] is a Charset.
type Charset interface {
	NewDecoder() *encoding.Decoder
}

// Names that CharsetByLabel returns, for callers that treat these charsets specially.
const (
	ASCII   = "us-ascii"
	UTF8    = "utf-8"
	GB18030 = "gb18030"
)

// charsets lists the charsets that mail uses: their names, and the labels that mean them in the form that plain and
// numbered return. A label means the superset that senders really use: GB2312, GBK and cp936 mean GB18030, KS C 5601
// means cp949, and ISO 8859-1 means windows-1252.
var charsets = []struct {
	name    string
	charset Charset
	labels  string
}{
	{ASCII, ascii{}, "ascii usascii ansix341968 ansix341986 ansix34 iso646us iso646 646 iso646irv isoir6 cp367 cp20127 us"},
	{UTF8, unicode.UTF8, "utf8 utf8mb3 utf8mb4 utf8mac utf8n unicode11utf8 unicode20utf8 unicodeutf8 cp65001"},
	{"utf-7", utf7{}, "utf7 unicode11utf7 unicode20utf7 utf7imap cp65000"},
	{"utf-16", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "utf16 ucs2 iso10646ucs2"}, // RFC 2781 §4.3
	{"utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf16be unicodefffe ucs2be cp1201"},
	{"utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf16le unicode unicodefeff ucs2le cp1200"},
	{"utf-32", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "utf32 ucs4 iso10646ucs4"},
	{"utf-32be", utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf32be ucs4be cp12001"},
	{"utf-32le", utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf32le ucs4le cp12000"},

	{GB18030, simplifiedchinese.GB18030, "gb18030 gb180302000 gb180302005 gb180302022 gbk gb2312 gb231280 gb23121980 gb231280euc gb euccn eucgb2312cn cngb chinese iso58gb231280 isoir58 cp936 cp51936 cp54936 cp20936"},
	{"hz-gb-2312", simplifiedchinese.HZGB2312, "hzgb2312 hz hzgb cp52936"},
	{"big5", traditionalchinese.Big5, "big5 bigfive big5hkscs big5hkscs2004 big5hkscs2001 hkscs big5eten eten big5ms cnbig5 cp950 cp951"},
	{"euc-kr", korean.EUCKR, "euckr ksc56011987 ksc5601 ksc56011989 ksx1001 ks korean uhc isoir149 cp949 cp51949 cp970"},
	{"iso-2022-kr", iso2022KR{}, "iso2022kr 2022kr cp50225"},
	{"shift_jis", japanese.ShiftJIS, "shiftjis sjis shiftjis2004 shiftjisx0213 mskanji shiftjiswindows cp932 cp943 cp31j shiftjisms"},
	{"euc-jp", japanese.EUCJP, "eucjp ujis eucjpms eucjpwin eucjisx0213 eucjis2004 extendedunixcodepackedformatforjapanese eucpkdfmtjapanese cp51932 cp20932"},
	{"iso-2022-jp", japanese.ISO2022JP, "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms jis 2022jp junet cp50220 cp50221 cp50222"},

	{"koi8-r", charmap.KOI8R, "koi8r koi8 koi cp20866 cp878"},
	{"koi8-u", charmap.KOI8U, "koi8u koi8ru cp21866"},
	{"windows-874", charmap.Windows874, "cp874 tis620 tis6202533 tis620253 885911 thai cp28601"},
	{"windows-1250", charmap.Windows1250, "cp1250"},
	{"windows-1251", charmap.Windows1251, "cp1251 ansi1251"},
	{"windows-1252", charmap.Windows1252, "cp1252 88591 latin1 l1 isolatin1 88591windows31latin1 isoir100 cp819 cp28591 ansi"},
	{"windows-1253", charmap.Windows1253, "cp1253"},
	{"windows-1254", charmap.Windows1254, "cp1254 88599 latin5 l5 isolatin5 isoir148 cp920 cp28599"},
	{"windows-1255", charmap.Windows1255, "cp1255"},
	{"windows-1256", charmap.Windows1256, "cp1256"},
	{"windows-1257", charmap.Windows1257, "cp1257"},
	{"windows-1258", charmap.Windows1258, "cp1258"},
	{"iso-8859-2", charmap.ISO8859_2, "88592 latin2 l2 isolatin2 isoir101 cp28592 cp912"},
	{"iso-8859-3", charmap.ISO8859_3, "88593 latin3 l3 isolatin3 isoir109 cp28593 cp913"},
	{"iso-8859-4", charmap.ISO8859_4, "88594 latin4 l4 isolatin4 isoir110 cp28594 cp914"},
	{"iso-8859-5", charmap.ISO8859_5, "88595 cyrillic isolatincyrillic isoir144 cp28595 cp915"},
	{"iso-8859-6", charmap.ISO8859_6, "88596 88596i 88596e arabic isolatinarabic ecma114 asmo708 isoir127 cp28596 cp1089"},
	{"iso-8859-7", charmap.ISO8859_7, "88597 greek greek8 isolatingreek ecma118 elot928 suneugreek isoir126 cp28597 cp813"},
	{"iso-8859-8", charmap.ISO8859_8, "88598 88598e hebrew visual isolatinhebrew isoir138 cp28598 cp916"},
	{"iso-8859-8-i", charmap.ISO8859_8I, "88598i logical cp38598"},
	{"iso-8859-10", charmap.ISO8859_10, "885910 latin6 l6 isolatin6 isoir157 cp28600"},
	{"iso-8859-13", charmap.ISO8859_13, "885913 latin7 l7 isolatin7 cp28603 cp921"},
	{"iso-8859-14", charmap.ISO8859_14, "885914 latin8 l8 isolatin8 isoceltic isoir199 cp28604"},
	{"iso-8859-15", charmap.ISO8859_15, "885915 latin9 l9 isolatin9 latin0 cp28605 cp923"},
	{"iso-8859-16", charmap.ISO8859_16, "885916 latin10 l10 isolatin10 isoir226 cp28606"},
	{"macintosh", charmap.Macintosh, "macintosh mac macroman cp10000"},
	{"x-mac-cyrillic", charmap.MacintoshCyrillic, "maccyrillic macukrainian macukraine cp10007 cp10017"},
	{"ibm437", charmap.CodePage437, "cp437 437 pc8codepage437"},
	{"ibm850", charmap.CodePage850, "cp850 850 pc850multilingual"},
	{"ibm852", charmap.CodePage852, "cp852 852"},
	{"ibm855", charmap.CodePage855, "cp855 855"},
	{"ibm858", charmap.CodePage858, "cp858 858 cp00858 ccsid00858"},
	{"ibm860", charmap.CodePage860, "cp860 860"},
	{"ibm862", charmap.CodePage862, "cp862 862"},
	{"ibm863", charmap.CodePage863, "cp863 863"},
	{"ibm865", charmap.CodePage865, "cp865 865"},
	{"ibm866", charmap.CodePage866, "cp866 866"},
}

// noCharsets lists the labels that say that the charset is not known, in the form that plain returns (RFC 1428 §3 for
// the first).
const noCharsets = " unknown8bit unknown xunknown 7bit 8bit binary default none null undefined nil na plain text "

// byLabel returns a map from labels, in the form that plain and numbered return, to indices in charsets.
var byLabel = sync.OnceValue(func() map[string]int {
	m := make(map[string]int)
	for i, c := range charsets {
		for label := range strings.FieldsSeq(c.labels) {
			m[label] = i
		}
	}
	return m
})

// CharsetByLabel returns the charset that a label in mail means, and its name, which is the same for all labels of the
// charset. If the label is unknown, the charset is nil. If the label says that it names no charset, the name is empty
// too. Labels are read as mailers write them: in any letter case, with other separators or none, with "x-" or "cs"
// before them, "win" or "cp" for "windows", or a locale around them.
func CharsetByLabel(label string) (c Charset, name string) {
	switch label { // the labels of nearly all mail
	case UTF8, "UTF-8":
		return unicode.UTF8, UTF8
	case "":
		return nil, ""
	}
	const longest = 75 // the maximum length of an encoded word with its charset, RFC 2047 §2
	full := strings.ToLower(strings.Trim(label[:min(len(label), longest)], " \t\r\n\"'"))
	key := plain(full)
	if key == "" || strings.Contains(noCharsets, " "+key+" ") {
		return nil, ""
	}
	for _, prefix := range []string{"", "x", "xx", "cs", "xcs"} {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			if i, found := byLabel()[numbered(rest)]; found {
				return charsets[i].charset, charsets[i].name
			}
		}
	}
	if enc, err := htmlindex.Get(full); err == nil && enc != encoding.Replacement {
		return enc, full
	}
	if enc, err := ianaindex.IANA.Encoding(full); err == nil && enc != nil {
		return enc, full
	}
	return nil, full
}

// plain returns the letters and digits of a label in lower case. It removes what mailers write around the label:
// "charset=", a locale ("zh_CN.GBK"), the year of a standard, a direction of iconv ("//TRANSLIT"), a font ("$SIO").
func plain(label string) string {
	if _, after, ok := strings.Cut(label, "charset="); ok {
		label = after
	}
	label = strings.Trim(label, " \t\"'")
	if i := strings.IndexAny(label, "$;,/:@?"); i > 0 {
		label = label[:i]
	}
	if locale, after, ok := strings.Cut(label, "."); ok && isLocale(locale) {
		label = after
	}
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, label)
}

// isLocale reports whether s is a locale without a charset: "c", "posix", "de", "zh_cn".
func isLocale(s string) bool {
	language, country, _ := strings.Cut(s, "_")
	return s == "c" || s == "posix" || (len(language) == 2 || len(language) == 3) && (country == "" || len(country) == 2) &&
		strings.Trim(language+country, "abcdefghijklmnopqrstuvwxyz") == ""
}

// numbered returns a plain label in the form that charsets has for charsets with a number: "cp1251" for "windows1251"
// and the like, "88591" for "iso88591".
func numbered(label string) string {
	for _, prefix := range []string{"windows", "win", "mscp", "ms", "ibm", "dos", "codepage", "cp", "oem"} {
		if n, ok := strings.CutPrefix(label, prefix); ok && n != "" && '0' <= n[0] && n[0] <= '9' {
			return "cp" + n
		}
	}
	if n, ok := strings.CutPrefix(label, "iso8859"); ok {
		n, _, _ = strings.Cut(n, "19") // "iso_8859-1-1987"
		return "8859" + n
	}
	return label
}

// ascii is the charset US-ASCII. Characters beyond it become U+FFFD.
type ascii struct{}

func (ascii) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: runes.Map(func(r rune) rune {
		if r >= utf8.RuneSelf {
			return utf8.RuneError
		}
		return r
	})}
}
