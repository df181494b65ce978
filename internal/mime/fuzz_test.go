package mime

// Fuzz targets.

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func FuzzDecodeHeaderValue(f *testing.F) {
	for _, s := range []string{
		"=?utf-8?B?5L2g5aW9?=", "=?gbk?Q?=C4?= =?GBK?B?4w==?=", "=?utf-8?Q?ab =?utf-8?Q?cd?=", "=?utf-8?B?5L2g5aW?= =?utf-8?B?95L2g?=",
		"=?iso-2022-jp?B?GyRCRnwbKEI=?=", "=?utf-7?Q?+T2BZfQ-?=", "\xc4\xe3 =?x?q??=", "=?=?=?",
	} {
		f.Add(s, "gbk")
	}
	f.Fuzz(func(t *testing.T, s, hint string) {
		var bad Problems
		got := DecodeWords(s, hint, &bad)
		if !utf8.ValidString(got) {
			t.Errorf("DecodeWords(%q) = %q, which is not UTF-8", s, got)
		}
		if !bytes.Contains([]byte(s), []byte("=?")) && isUTF8(s) && (got != s || len(bad) > 0) {
			t.Errorf("DecodeWords(%q) = %q, %q; there is nothing to decode", s, got, bad)
		}
	})
}

func FuzzParams(f *testing.F) {
	for _, s := range []string{
		"text/plain; charset=utf-8; format=flowed", `a/b; name="x\"y"; name*=utf-8''%E4%BD%A0`, "a/b; n*1=b; n*0*=gbk'zh'%C4; n*2",
		"text/plain charset=utf-8 format=flowed", `a/b; name="=?GB2312?B?xOO6ww==?="`, "a/b (x); y=z (c); ;=;\"", "a/b; name=\"open",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var bad Problems
		_, params := ParseParams(s, "", &bad)
		for k, v := range params {
			if k != "boundary" && utf8.ValidString(s) && !utf8.ValidString(v) {
				t.Errorf("ParseParams(%q): %q = %q, which is not UTF-8", s, k, v)
			}
		}
	})
}

func FuzzAddressList(f *testing.F) {
	for _, s := range []string{
		`"Smith, Bob" <bob@qq.com>, a@x (c)`, "Friends: a@x, B <b@y>;", "=?utf-8?Q?Smith, Bob <x>?= <bob@qq.com>", "bob @ [1.2.3.4], <@a,@b:c@d>",
		`"open <a@b>, (open <c@d`, "<a,<b>;:", "=?utf-8?B?5byg5LiJIDx6c0BxcS5jb20+?=", "a b c@d e f@g",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var bad Problems
		for _, a := range ParseAddresses(s, "", &bad) {
			if !utf8.ValidString(a.Name) || !utf8.ValidString(a.Address) {
				t.Errorf("ParseAddresses(%q) has %q, which is not UTF-8", s, a)
			}
		}
	})
}
