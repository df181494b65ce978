package mime

// This file tests by what names charsets are known.

import (
	"strings"
	"testing"
)

func TestCharsetByLabel(t *testing.T) {
	t.Parallel()
	for name, labels := range map[string]string{
		"us-ascii":       `us-ascii US-ASCII ascii 646 ISO646-US iso_646.irv:1991 ANSI_X3.4-1968 ansi_x3.4-1986 cp367 IBM367 csASCII cp20127 us_ascii "us-ascii"`,
		"utf-8":          `utf-8 UTF8 utf_8 Utf-8 x-utf-8 utf8mb4 utf-8-mac unicode-1-1-utf-8 x-unicode20utf8 cp65001 "utf-8" 'utf-8' utf-8; en_US.UTF-8 C.UTF-8 utf-8//TRANSLIT charset=utf-8 csUTF8`,
		"utf-7":          "utf-7 UTF7 unicode-1-1-utf-7 x-unicode-2-0-utf-7 cp65000 csUTF7",
		"utf-16le":       "utf-16le UTF16LE unicode ucs-2le cp1200",
		"gb18030":        "gb18030 GB-18030 gb2312 GB_2312-80 GB2312-80 gb2312.1980 csGB2312 csISO58GB231280 gbk x-gbk GBK cp936 cp-936 ms936 windows-936 x-cp20936 euc-cn EUC_CN zh_CN.GBK zh_CN.gb2312 chinese cp54936 cn-gb gb18030:2005",
		"hz-gb-2312":     "hz-gb-2312 HZ x-hz hz_gb_2312 cp52936",
		"big5":           "big5 Big-5 x-x-big5 csBig5 cp950 cp-950 ms950 win-950 big5-hkscs Big5-HKSCS:2004 zh_TW.Big5 cn-big5 big5-eten",
		"euc-kr":         "euc-kr EUC_KR ks_c_5601-1987 KSC5601 csKSC56011987 cp949 ms949 windows-949 x-windows-949 UHC korean csEUCKR",
		"iso-2022-kr":    "iso-2022-kr ISO2022KR csISO2022KR",
		"shift_jis":      "shift_jis Shift-JIS shiftjis sjis x-sjis cp932 CP-932 ms932 windows-31j csWindows31J win-932 MS_Kanji x-ms-cp932 shift_jis-2004 csShiftJIS ja_JP.SJIS",
		"euc-jp":         "euc-jp eucJP x-euc-jp EUC_JP ujis eucJP-ms cp51932 csEUCPkdFmtJapanese ja_JP.eucJP",
		"iso-2022-jp":    "iso-2022-jp _iso-2022-jp$SIO ISO2022JP csISO2022JP iso-2022-jp-1 iso-2022-jp-ms cp50220 cp50221 jis",
		"koi8-r":         "koi8-r KOI8R koi8 koi8_r csKOI8R cp20866 cp878 ru_RU.KOI8-R",
		"koi8-u":         "koi8-u KOI8U koi8-ru cp21866",
		"windows-1250":   "windows-1250 cp1250 win-1250 x-cp1250 cp-1250 windows1250",
		"windows-1251":   "windows-1251 win-1251 win1251 WIN1251 cp1251 cp-1251 x-cp1251 x-windows-1251 windows_1251 ms-1251 ansi-1251 bg_BG.CP1251",
		"windows-1252":   "windows-1252 cp1252 cp-1252 win-1252 iso-8859-1 ISO8859-1 ISO_8859-1 iso_8859-1:1987 8859_1 8859-1 latin1 latin-1 l1 csISOLatin1 IBM819 cp819 cp28591 iso8859_1 x-ansi iso-ir-100",
		"windows-1254":   "windows-1254 cp1254 iso-8859-9 latin5 8859_9 csISOLatin5 win-1254",
		"windows-1255":   "windows-1255 cp-1255 win1255",
		"windows-874":    "windows-874 tis-620 TIS620 cp874 dos-874 iso-8859-11 win-874",
		"iso-8859-2":     "iso-8859-2 ISO8859-2 iso_8859-2:1987 latin2 8859_2 l2 csISOLatin2 cp28592",
		"iso-8859-5":     "iso-8859-5 cyrillic 8859_5 iso8859_5 csISOLatinCyrillic",
		"iso-8859-7":     "iso-8859-7 greek 8859_7 csISOLatinGreek ELOT_928",
		"iso-8859-8-i":   "iso-8859-8-i logical csISO88598I",
		"iso-8859-15":    "iso-8859-15 latin9 latin-9 8859_15 ISO8859-15 latin-0 cp28605 iso885915",
		"macintosh":      "macintosh mac x-mac-roman MacRoman cp10000 csMacintosh",
		"x-mac-cyrillic": "x-mac-cyrillic mac-cyrillic cp10007 x-mac-ukrainian",
		"ibm437":         "ibm437 cp437 437 cp-437 dos-437 csPC8CodePage437",
		"ibm850":         "ibm850 cp850 850 cp-850",
		"ibm866":         "ibm866 cp866 866 csIBM866 cp-866",
		"ibm037":         "ibm037", // by x/text
		"":               "unknown-8bit UNKNOWN x-unknown 7bit 8bit binary default none",
	} {
		for label := range strings.FieldsSeq(labels) {
			c, got := CharsetByLabel(label)
			if got != name || (c == nil) != (name == "") {
				t.Errorf("CharsetByLabel(%q) = %v, %q, want %q", label, c, got, name)
			}
		}
	}
	for _, label := range []string{"x-klingon", "iso-2022-cn", "viscii", "1251", "latin", "windows-", "utf-9", "cp", "x", "cs", strings.Repeat("x", 1000)} {
		if c, name := CharsetByLabel(label); c != nil || name == "" {
			t.Errorf("CharsetByLabel(%q) = %v, %q, want none", label[:min(len(label), 75)], c, name)
		}
	}
}

// Each label of the table is in the form in which it is looked for, and means one charset.
func TestCharsets(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, c := range charsets {
		for label := range strings.FieldsSeq(c.labels) {
			if plain(label) != label || numbered(label) != label {
				t.Errorf("%s: %q is looked for as %q", c.name, label, numbered(plain(label)))
			}
			if other, ok := seen[label]; ok {
				t.Errorf("%q is %s and %s", label, other, c.name)
			}
			seen[label] = c.name
		}
		if _, name := CharsetByLabel(c.name); name != c.name {
			t.Errorf("%q is found as %q", c.name, name)
		}
	}
}

func TestASCII(t *testing.T) {
	t.Parallel()
	if got, err := (ascii{}).NewDecoder().String("a\x80é\xff~"); got != "a\ufffd\ufffd\ufffd~" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzCharsetByLabel(f *testing.F) {
	for _, label := range []string{"utf-8", "_iso-2022-jp$SIO", "zh_CN.GBK", "csISO88598I", "iso_8859-1:1987", "x-x-big5", "=?"} {
		f.Add(label, "\x1b$)C\x0e>H3g\x0f+T2B-\xff")
	}
	f.Fuzz(func(t *testing.T, label, text string) {
		c, name := CharsetByLabel(label)
		if c == nil {
			return
		}
		if again, same := CharsetByLabel(name); again == nil || same != name {
			t.Errorf("CharsetByLabel(%q) has the name %q, which is %q", label, name, same)
		}
		if _, err := c.NewDecoder().String(text); err != nil {
			t.Errorf("decoding %q as %s: %v", text, name, err)
		}
	})
}
