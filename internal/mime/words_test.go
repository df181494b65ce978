package mime

// This file tests encoded words.

import (
	"strings"
	"testing"
)

func TestDecodeWords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want string
	}{
		{"none", "Hello = ? world", "Hello = ? world"},
		{"B", "=?utf-8?B?5L2g5aW9?=", "你好"},
		{"Q", "=?utf-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
		{"lower case", "=?UTF-8?b?5L2g5aW9?= =?utf-8?q?=c3=a9?=", "你好é"},
		{"GBK", "=?GBK?B?xOO6ww==?=", "你好"},
		{"ISO-2022-JP", "=?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?=", "日本語"},
		{"language", "=?us-ascii*en-us?Q?Hello?=", "Hello"},
		{"no text", "a =?utf-8?Q??= b", "a  b"},
		{"white space around", "Re: =?utf-8?Q?a?= b", "Re: a b"},
		{"white space between words", "=?utf-8?Q?a?=  \t =?utf-8?Q?b?=", "ab"},
		{"white space between charsets", "=?utf-8?Q?=C3=A9?= =?iso-8859-1?Q?=E9?=", "éé"},
		{"space in a word", "=?utf-8?Q?a_?= =?utf-8?Q?b?=", "a b"},
		{"no white space between words", "=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"},
		{"no white space around", "x=?utf-8?Q?a?=y", "xay"},
		{"in quotes", `"=?utf-8?Q?J=C3=BCrgen?=" <j@x.de>`, `"Jürgen" <j@x.de>`},
		{"question mark in Q", "=?utf-8?Q?What?_No!?=", "What? No!"},
		{"character across words", "=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"},
		{"character across Q and B", "=?gbk?Q?=C4?= =?GBK?B?4w==?=", "你"},
		{"base64 across words", "=?utf-8?B?5L2g5aW?= =?utf-8?B?95L2g?=", "你好你"},
		{"ISO-2022-JP in each word", "=?ISO-2022-JP?B?GyRCRnwbKEI=?= =?ISO-2022-JP?B?GyRCS1wbKEI=?=", "日本"},
		{"ISO-2022-JP without the way back", "=?ISO-2022-JP?B?GyRCRnw=?= =?ISO-2022-JP?B?GyRCS1wbKEI=?=", "日本"},
		{"UTF-16 with a mark in the first word", "=?utf-16?B?/v9PYA==?= =?utf-16be?B?WX0=?=", "你好"},
		{"UTF-16 with a mark in each word", "=?utf-16?B?/v9PYA==?= =?utf-16?B?/v9ZfQ==?= =?utf-16?B?//59WQ==?=", "你好好"},
		{"not a word: no end", "=?utf-8?Q?abc", "=?utf-8?Q?abc"},
		{"not a word: no encoding", "=?utf-8?abc?=", "=?utf-8?abc?="},
		{"not a word: other encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?="},
		{"not a word: no charset", "=??Q?abc?=", "=??Q?abc?="},
		{"not a word: space in charset", "=?utf 8?Q?abc?=", "=?utf 8?Q?abc?="},
		{"not a word: next begins", "=?utf-8?Q?ab =?utf-8?Q?cd?=", "=?utf-8?Q?ab cd"},
		{"UTF-8 outside", "你好 =?utf-8?Q?a?= 你", "你好 a 你"},
		{"line ends inside", "=?utf-8?Q?a=0D=0AX:_b?=", "a\r\nX: b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			if got := DecodeWords(tt.in, "", &bad); got != tt.want || len(bad) > 0 {
				t.Errorf("DecodeWords(%q) = %q, problems %q; want %q", tt.in, got, bad, tt.want)
			}
		})
	}
}

func TestDecodeWordsDamaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, want, problem string
	}{
		{"spaces in Q", "=?utf-8?Q?a b =C3=A9?=", "=?utf-8?Q?a b =C3=A9?=", "is not an encoded word"},
		{"spaces in B", "=?utf-8?B?5L2g 5aW9?=", "=?utf-8?B?5L2g 5aW9?=", "is not an encoded word"},
		{"a quotation in Q", `=?utf-8?Q?a "b"; c?=`, `=?utf-8?Q?a "b"; c?=`, "there is white space in it"},
		{"segments", `x*0="=?utf-8?Q?a"; x*1="b?="`, `x*0="=?utf-8?Q?a"; x*1="b?="`, "a parameter ends and another begins in it"},
		{"segments without a space", `x*0="=?utf-8?Q?a";x*1*="b?="`, `x*0="=?utf-8?Q?a";x*1*="b?="`, "a parameter ends and another begins in it"},
		{"no padding", "=?utf-8?B?5L2g5aW9IQ?=", "你好!", `encoded word in "utf-8": base64: the padding at the end is missing`},
		{"junk in B", "=?utf-8?B?5L2g*5aW9?=", "你好", `encoded word in "utf-8": base64: skipped 1 bytes`},
		{"bad escape", "=?utf-8?Q?a=ZZ=41?=", "a=ZZA", `encoded word in "utf-8": "=ZZ" at byte 1 is not an escape`},
		{"equals sign at the end", "=?utf-8?Q?a=?=", "a=", `is not an escape`},
		{"unknown charset", "=?x-foo?Q?=C3=A9?=", "é", `charset "x-foo" is unknown: read as utf-8`},
		{"wrong charset", "=?utf-8?Q?=C4=E3=BA=C3?=", "你好", `byte 0 is not utf-8: read as gb18030`},
		{"half a character", "=?gbk?B?xOO6?= x", "你\ufffd x", `character 2 of the text is not gbk`},
		{"raw GBK", "\xc4\xe3\xba\xc3", "你好", `is not UTF-8: read as gb18030`},
		{"raw GBK beside a word", "=?utf-8?Q?a?= \xc4\xe3\xba\xc3", "a 你好", `is not UTF-8: read as gb18030`},
		{"raw Latin-1", "caf\xe9 x", "café x", `is not UTF-8: read as windows-1252`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			got := DecodeWords(tt.in, "", &bad)
			if got != tt.want {
				t.Errorf("DecodeWords(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if len(bad) != 1 || !strings.Contains(bad[0], tt.problem) {
				t.Errorf("problems of %q = %q, want one with %q", tt.in, bad, tt.problem)
			}
		})
	}
}
