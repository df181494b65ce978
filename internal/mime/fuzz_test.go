package mime

// Fuzz targets of what reads fields, and contents.

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"
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
		if raw := RawParams(s); len(raw) < len(params) {
			t.Errorf("RawParams(%q) = %q, want all of %q", s, raw, params)
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
		if n := 0; !strings.Contains(s, "=?") {
			for _, group := range RawAddresses(s) {
				n += len(group.Members)
			}
			if want := len(ParseAddresses(s, "", &bad)); n != want {
				t.Errorf("RawAddresses(%q) has %d addresses, want %d", s, n, want)
			}
		}
	})
}

// FuzzPath takes paths apart, and puts them together again.
func FuzzPath(f *testing.F) {
	for _, s := range []string{
		"<a@b.example> SIZE=1", "<>", "", `<"a b> \\" @"@b.example>SIZE=1`, `<@x,@y:"a:b"@c.example> `, "@x:a@b.example\tBODY=7BIT", `<"a@b.example> SIZE=1`, "<a@b.example", "a@b>", "<@x>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := ParsePath(s)
		again := p.Address
		if n := QuotedLocal(p.Address); strings.Contains(p.Address[n:], ">") && p.Bracketed {
			t.Errorf("ParsePath(%q) has the address %q", s, p.Address)
		}
		if p.Route != "" {
			again = p.Route + ":" + again
		}
		if p.Bracketed {
			again = "<" + again
		}
		if p.Closed {
			again += ">"
		}
		if again += p.Rest; again != strings.TrimSpace(s) || p.Closed && !p.Bracketed || p.Bracketed && !p.Closed && p.Rest != "" {
			t.Errorf("ParsePath(%q) = %+v", s, p)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{
		"Mon, 2 Mar 2026 09:30:00 +0800 (CST)", "2 Mar 26 9 : 30 EST", "Tue, 31 Dec 1999 23:59:60 GMT", "1 Jan 100 00:00 A", "Mon, 2 (x) Mar 2026 09:30 -2359", "32 Jan 2026 00:00 +0000",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		date, ok := ParseDate(s)
		if !ok {
			if !date.IsZero() {
				t.Errorf("ParseDate(%q) = %v, false", s, date)
			}
			return
		}
		if again, ok := ParseDate(date.Format("Mon, 2 Jan 2006 15:04:05 -0700")); !ok || !again.Equal(date) {
			t.Errorf("ParseDate(%q) = %v, which is read as %v, %t", s, date, again, ok)
		}
		if _, offset := date.Zone(); max(offset, -offset) >= int(100*time.Hour/time.Second) {
			t.Errorf("ParseDate(%q) = %v", s, date)
		}
	})
}

// FuzzTransfer decodes what is in no encoding, and what was encoded.
func FuzzTransfer(f *testing.F) {
	for _, s := range []string{
		"SGVsbG8=", "SGVsbG8\r\n=\r\nmore", "U0dWc2JHOD0=\n-- \nfooter of a list\n", "a=E4=\r\nb =\n=zz", "begin 644 x\n%2&5L;&\\\n`\nend\n", "begin-base64 644 x\nSGVsbG8=\n====\n", "begin 644 x\nM\n",
	} {
		for _, encoding := range []string{"base64", "quoted-printable", "x-uuencode", "7bit"} {
			f.Add([]byte(s), encoding)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, encoding string) {
		var bad Problems
		if got := DecodeTransfer(body, encoding, &bad); len(bad) > MaxProblems || len(got) > len(body)+4<<10 {
			t.Errorf("DecodeTransfer(%q, %q) has %d bytes and %d problems", body, encoding, len(got), len(bad))
		}
		encoded := base64.StdEncoding.EncodeToString(body)
		var qp bytes.Buffer
		w := quotedprintable.NewWriter(&qp)
		w.Binary = true
		w.Write(body)
		w.Close()
		for _, form := range [][2]string{
			{"base64", encoded}, {"base64", strings.Join(strings.Split(encoded, ""), " ")}, {"quoted-printable", qp.String()},
		} {
			var bad Problems
			if got := DecodeTransfer([]byte(form[1]), form[0], &bad); !bytes.Equal(got, body) || len(bad) > 0 {
				t.Errorf("DecodeTransfer(%q, %q) = %q, %q; want %q", form[1], form[0], got, bad, body)
			}
		}
	})
}

// FuzzText decodes text in any charset: it is UTF-8, and its lines are those that it has without a layout.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Hello\r\nBob\n", "\xc4\xe3\xba\xc3\r\n", "\xef\xbb\xbfHi", "caf\xe9 \xc3\xa9\n", "\x1b$B$\"\x1b(B", "~{VRND~}", "+T2BZfQ-", "\xff\xfeH\x00i\x00\r\x00\n\x00", "> a \n> b\n>> c \n-- \nd", "\x82\xa0\x82\xa2",
	} {
		for _, label := range []string{"", "utf-8", "us-ascii", "gbk", "iso-2022-jp", "utf-16", "shift_jis", "x-none"} {
			f.Add([]byte(s), label, "gbk")
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, label, hint string) {
		plain := DecodeText(b, label, hint, AsItIs, new(Problems))
		lines := DecodeText(b, label, hint, AsLF, new(Problems))
		if want := strings.TrimPrefix(strings.ReplaceAll(plain, "\r\n", "\n"), byteOrderMark); lines != want || !utf8.ValidString(lines) {
			t.Errorf("DecodeText(%q, %q, %q) = %q, want %q", b, label, hint, lines, want)
		}
		for _, form := range []Layout{Flowed, FlowedDelSp} {
			got := DecodeText(b, label, hint, form, new(Problems))
			if !utf8.ValidString(got) || strings.Count(got, "\r") > strings.Count(lines, "\r") { // those without a LF remain
				t.Errorf("DecodeText(%q, %q, %q), flowed, = %q", b, label, hint, got)
			}
		}
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<p>Hello <b>Bob</b></p><a href=\"https://a.example/\">here<img alt=x></a>", "<style>.x{display:none} @media (max-width:1px){p{color:red}}</style><p class=x>hidden<p>shown",
		"<base href=\"https://a.example/\"><a href=b>c</a>", "<div style=\"max-height:0;overflow:hidden\">x</div>", "<!-- <a --><table><tr><td>1<td>2</table>&nbsp;&amp;", "<a href=x><a href=y>z", "<script>x</script><title>y",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		text, links, _ := ReadHTML(s)
		if !utf8.ValidString(text) || strings.Contains(text, "\t") {
			t.Errorf("ReadHTML(%q) = %q", s, text)
		}
		total := 0
		for _, l := range links {
			total += len(l.URL)
		}
		if total > 8*len(s)+1000 {
			t.Errorf("ReadHTML(%q) has links of %d bytes", s, total)
		}
	})
}

// FuzzURLs finds URLs in text, in order.
func FuzzURLs(f *testing.F) {
	for _, s := range []string{"see https://a.example/(b), and (http://c.example).", "*https://a.example/*", "MAILTO:bob@qq.com", "xhttp://a http:// https://", "<https://a.example>, <mailto:b@c.example >"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rest := s
		for _, u := range TextURLs(s) {
			_, after, found := strings.Cut(rest, u)
			if scheme, _, _ := strings.Cut(strings.ToLower(u), ":"); !found || scheme != "http" && scheme != "https" && scheme != "mailto" {
				t.Fatalf("TextURLs(%q) has %q, which is not in %q", s, u, rest)
			}
			rest = after
		}
		for _, u := range Bracketed(s) {
			if strings.ContainsAny(u, " \t\r\n>") {
				t.Errorf("Bracketed(%q) has %q", s, u)
			}
		}
	})
}
