package mime

// This file tests charsets, their names, and what happens if those are wrong.

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestDecodeCharset(t *testing.T) {
	t.Parallel()
	tests := []struct {
		labels string // separated by white space
		in     string
		want   string
	}{
		{"us-ascii ASCII ANSI_X3.4-1968 x-unknown unknown-8bit default", "plain", "plain"},
		{"utf-8 UTF-8 utf8 UTF_8 utf8mb4 'utf-8' \"utf-8\"", "你好 é", "你好 é"},
		{"gb2312 GB2312 gb_2312-80 gbk GBK x-gbk cp936 ms936 windows-936 gb18030 csGB2312 chinese EUC-CN", "\xc4\xe3\xba\xc3", "你好"},
		{"gb2312 gbk cp936", "\xbcs\xb2\xbb \x80", "約不 €"}, // beyond GB 2312, as senders do
		{"gb2312 gb18030", "\xc4\xe3\x949\xfc6", "你😀"},     // beyond GBK
		{"hz-gb-2312 HZ", "x~{Dc:C~}y", "x你好y"},
		{"big5 Big5 cp950 x-x-big5 big5-hkscs", "\xa7A\xa6n", "你好"},
		{"iso-2022-jp ISO-2022-JP csISO2022JP iso-2022-jp-ms cp50221", "\x1b$BF|K\\8l%F%9%H\x1b(B", "日本語テスト"},
		{"iso-2022-jp-1 iso-2022-jp-2", "\x1b$(D0!\x1b$BF|K\\\x1b(B", "丂日本"},
		{"shift_jis Shift-JIS sjis x-sjis cp932 windows-31j ms_kanji", "\x93\xfa\x96{\x8c\xea\xb1\xb2\xb3", "日本語ｱｲｳ"},
		{"euc-jp EUC_JP x-euc-jp eucJP-ms", "\xc6\xfc\xcb\xdc\xb8\xec", "日本語"},
		{"euc-kr ks_c_5601-1987 KSC5601 cp949 uhc", "\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4", "안녕하세요"},
		{"iso-2022-kr csiso2022kr", "\x1b$)C\x0e>H3g\x0f!\n", "안녕!\n"},
		{"koi8-r KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"},
		{"koi8-u", "\xf0\xd2\xc9\xd7\xa6\xd4", "Привіт"},
		{"windows-1251 cp1251 CP1251 x-cp1251 windows1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"},
		{"windows-1252 cp1252 iso-8859-1 latin1 ISO_8859-1 iso8859-1", "\x93caf\xe9\x94 \x80", "“café” €"},
		{"windows-1250", "\xa3\xf3d\x9f", "Łódź"},
		{"windows-1253 cp1253", "\xc1\xe8\xde\xed\xe1", "Αθήνα"},
		{"windows-1255 iso-8859-8-i", "\xf9\xec\xe5\xed", "שלום"},
		{"windows-1256", "\xd3\xe1\xc7\xe3", "سلام"},
		{"windows-874 tis-620", "\xca\xc7\xd1\xca\xb4\xd5", "สวัสดี"},
		{"iso-8859-2 latin2 ISO8859-2 iso8859_2", "\xa3\xf3d\xbc", "Łódź"},
		{"iso-8859-5 cyrillic", "\xbf\xe0\xd8\xd2\xd5\xe2", "Привет"},
		{"iso-8859-7", "\xc1\xe8\xde\xed\xe1", "Αθήνα"},
		{"iso-8859-15 latin-9", "5 \xa4", "5 €"},
		{"ibm866 cp866", "\x8f\xe0\xa8\xa2\xa5\xe2", "Привет"},
		{"macintosh", "caf\x8e", "café"},
		{"utf-16", "\xff\xfe`O}Y", "你好"},
		{"utf-16 utf-16be", "O`Y}", "你好"},
		{"utf-16le", "`O}Y", "你好"},
		{"utf-32 utf-32be", "\x00\x00O`\x00\x00Y}", "你好"},
		{"utf-7 UTF-7 unicode-1-1-utf-7", "+T2BZfQ-, 1 +- 1 = 2; Hi Mom +Jjo!", "你好, 1 + 1 = 2; Hi Mom ☺!"},
		{"ibm037", "\xc8\x85\x93\x93\x96", "Hello"}, // EBCDIC: all is ASCII, and none of it means that
	}
	for _, tt := range tests {
		for label := range strings.FieldsSeq(tt.labels) {
			var bad Problems
			if got := DecodeText([]byte(tt.in), label, "", AsItIs, &bad); got != tt.want || len(bad) > 0 {
				t.Errorf("DecodeText(%q, %q) = %q, %q; want %q", tt.in, label, got, bad, tt.want)
			}
		}
	}
}

// TestEvidence guesses the charset of a line that is longer than what is looked at.
func TestEvidence(t *testing.T) {
	t.Parallel()
	var bad Problems
	long := strings.Repeat("caf\xe9 ", maxEvidence/5)
	got := DecodeText([]byte("été\n"+long), "utf-8", "", AsItIs, &bad)
	if want := "été\n" + strings.Repeat("café ", maxEvidence/5); got != want || len(bad) != 1 || !strings.Contains(bad[0], "windows-1252") {
		t.Errorf("got %d bytes, want %d, problems %q", len(got), len(want), bad)
	}
}

func TestDecodeCharsetWrongLabel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, label, hint, in string
		want, problem         string
	}{
		{"UTF-8 without label", "", "", "x你好", "x你好", "byte 1 is not us-ascii, and no charset is named: read as utf-8, which all of it is"},
		{"GBK without label", "", "", "\xc4\xe3\xba\xc3", "你好", "byte 0 is not us-ascii, and no charset is named: read as gb18030, since 2 common Chinese characters are in it"},
		{"GBK beyond GB 2312", "", "", "\xbcs\xb2\xbb\xbcs", "¼s²»¼s", "byte 0 is not us-ascii, and no charset is named: read as windows-1252, for want of evidence for anything else"},
		{"Latin-1 that would do as GBK", "", "", "na\xefve", "naïve", "byte 2 is not us-ascii, and no charset is named: read as windows-1252, for want of evidence for anything else"},
		{"hint", "us-ascii", "KOI8-R", "\xf0\xd2", "Пр", "byte 0 is not us-ascii: read as koi8-r, as other text of the message is labelled"},
		{"no charset fits but one", "us-ascii", "", "caf\xe9 \x80", "café €", "byte 3 is not us-ascii: read as windows-1252, for want of evidence for anything else"},
		{"unknown-8bit", "unknown-8bit", "", "é", "é", `byte 0 is not us-ascii, and "unknown-8bit" names no charset: read as utf-8, which all of it is`},
		{"GBK as UTF-8", "utf-8", "", "\xc4\xe3\xba\xc3", "你好", "byte 0 is not utf-8: read as gb18030, since 2 common Chinese characters are in it"},
		{"UTF-8 cut off", "utf-8", "", "你好\xe4\xbd", "你好\ufffd", "byte 6 is not utf-8"},
		{"UTF-8 as Shift_JIS", "shift_jis", "", "你好!", "你好!", "the text is not shift_jis: read as utf-8, which all of it is"},
		{"damage", "gbk", "", "\xc4\xe3\xff\xba\xc3", "你\ufffd好", "character 2 of the text is not gbk"},
		{"cut off", "big5", "", "\xa7A\xa6", "你\ufffd", "character 2 of the text is not big5"},
		{"odd UTF-16", "utf-16be", "", "O`Y", "你\ufffd", "character 2 of the text is not utf-16be"},
		{"8 bits in ISO-2022-JP", "iso-2022-jp", "", "a\xff", "a\ufffd", "character 2 of the text is not iso-2022-jp"},
		{"unknown", "x-klingon", "", "\xc4\xe3", "Äã", `charset "x-klingon" is unknown: read as windows-1252, for want of evidence for anything else`},
		{"unsupported by x/text", "iso-2022-cn", "", "abc", "abc", `charset "iso-2022-cn" is unknown: read as us-ascii, which all of it is`},
		{"long", strings.Repeat("x", 100), "", "abc", "abc", `charset "` + strings.Repeat("x", 60) + `…" is unknown: read as us-ascii, which all of it is`},
		{"UTF-7 with 8 bits", "utf-7", "", "a\xe9", "a\ufffd", "character 2 of the text is not utf-7"},
		{"UTF-7 with 8 bits in the shift", "utf-7", "", "+T2BZfQ\xe9", "你好\ufffd", "character 3 of the text is not utf-7"},
		{"UTF-7 with half a surrogate", "utf-7", "", "+2AA-x", "\ufffdx", "character 1 of the text is not utf-7"},
		{"UTF-7 with half a surrogate before a character", "utf-7", "", "+2ABPYA-", "\ufffd你", "character 1 of the text is not utf-7"},
		{"UTF-7 with the other half of a surrogate", "utf-7", "", "+3AA-", "\ufffd", "character 1 of the text is not utf-7"},
		{"UTF-7 with bits left over", "utf-7", "", "+T2BZ", "你\ufffd", "character 2 of the text is not utf-7"},
		{"UTF-7 with nothing in the shift", "utf-7", "", "a + b", "a \ufffd b", "character 3 of the text is not utf-7"},
		{"UTF-7 that ends in a shift", "utf-7", "", "a+", "a\ufffd", "character 2 of the text is not utf-7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := DecodeText([]byte(tt.in), tt.label, tt.hint, AsItIs, &bad)
			if got != tt.want || len(bad) != 1 || bad[0] != tt.problem {
				t.Errorf("DecodeText(%q, %q) = %q, problems %q;\nwant %q, problem %q", tt.in, tt.label, got, bad, tt.want, tt.problem)
			}
			if !utf8.ValidString(got) {
				t.Errorf("%q is not valid UTF-8", got)
			}
		})
	}
}

// Every character of GB 2312 must come out the same under each of its names.
func TestGB2312IsASubsetOfGB18030(t *testing.T) {
	t.Parallel()
	gbk := simplifiedchinese.GBK.NewDecoder()
	for hi := 0xa1; hi <= 0xf7; hi++ {
		for lo := 0xa1; lo <= 0xfe; lo++ {
			b := []byte{byte(hi), byte(lo)}
			want, err := gbk.Bytes(b)
			if err != nil || strings.ContainsRune(string(want), utf8.RuneError) {
				continue
			}
			if got := DecodeText(b, "gb2312", "", AsItIs, new(Problems)); got != string(want) {
				t.Errorf("GB 2312 %x = %q, want %q as in GBK", b, got, want)
			}
		}
	}
}

// CRLF becomes LF wherever a piece of the text may end, in every kind of charset, and bare CR stays.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	for _, label := range []string{"utf-8", "us-ascii", "gbk", "iso-8859-5", "utf-16be", "iso-2022-jp", "utf-7"} {
		for n := range 40 {
			text := strings.Repeat("x", 4090+n%10) + "\r\n\r\r\nx\ry" + strings.Repeat("\r\n", n) + "\r"
			b := []byte(text)
			if label == "utf-16be" {
				b = []byte("\x00" + strings.Join(strings.Split(text, ""), "\x00"))
			}
			for form, want := range map[Layout]string{AsItIs: text, AsLF: strings.ReplaceAll(text, "\r\n", "\n")} {
				var bad Problems
				if got := DecodeText(b, label, "", form, &bad); got != want || len(bad) > 0 {
					t.Errorf("%s, %d, %d: got %q, %q, want %q", label, n, form, got[4080:], bad, want[4080:])
				}
			}
		}
	}
}
