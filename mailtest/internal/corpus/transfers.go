package corpus

// This file holds content in all transfer encodings, and parts at the edges of what RFC 2046 allows.

import (
	"bytes"
	"strings"
)

func transfers() []Message {
	var all []Message
	attach := func(name, cte, body string, content []byte, damage string) {
		all = append(all, byHand("transfer", name, lines("{head}\nSubject: "+name+"\nContent-Type: multipart/mixed; boundary=\"b:1\"\n\n--b:1\n\nSee below.\n\n--b:1\nContent-Type: application/octet-stream; name=data.bin\nContent-Disposition: attachment; filename=data.bin\nContent-Transfer-Encoding: "+cte+"\n\n")+
			body+lines("\n--b:1--\n"), Want{Damage: damage, Subject: name, Text: "See below.\n", Tree: "multipart/mixed(text/plain application/octet-stream)", Attachments: []File{fileOf("data.bin", "application/octet-stream", "", content)}}))
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	quotedBinary := strings.NewReplacer("\r", "=0D", "\n", "=0A").Replace // of what quotedPrintable leaves
	binary := func(b []byte) string {
		var s strings.Builder
		for i, chunk := range bytes.Split(b, []byte(crlf)) {
			if i > 0 {
				s.WriteString(quotedBinary(crlf))
			}
			s.WriteString(quotedPrintable(chunk))
		}
		return s.String()
	}
	attach("base64-all-bytes", "base64", base64Lines(every, 76), every, "")
	attach("base64-all-bytes-60", "base64", base64Lines(every, 60), every, "")
	attach("base64-one-line", "base64", base64Lines(every, 1000), every, "")
	attach("base64-lines-of-one", "base64", base64Lines(every[:48], 1), every[:48], "")
	attach("base64-no-last-line-end", "base64", strings.TrimSuffix(base64Lines(every, 76), crlf), every, "")
	attach("base64-empty-lines", "base64", crlf+base64Lines(every, 76)+crlf+crlf, every, "")
	attach("base64-one-byte", "BASE64", "eA=="+crlf, []byte("x"), "")
	attach("base64-two-bytes", "Base64", "eHk="+crlf, []byte("xy"), "")
	attach("base64-empty", "base64", "", []byte{}, "")
	attach("qp-all-bytes", "quoted-printable", binary(every), every, "")
	attach("qp-lower-case", "quoted-printable", strings.ToLower(binary(every[128:])), every[128:], "")
	attach("binary-all-bytes", "binary", string(every), every, "")
	attach("8bit-high", "8bit", string(every[128:]), every[128:], "")
	attach("binary-looks-like-boundary", "binary", "\n--b:12\r\n--b:\r\n --b:1\r\n-- b:1\r\n", []byte("\n--b:12\r\n--b:\r\n --b:1\r\n-- b:1\r\n"), "")
	attach("no-encoding", "7bit (really)", "just text\r\n", []byte("just text\r\n"), "")
	attach("uuencode", "x-uuencode", "begin 644 data.bin\r\n#86)C\r\n`\r\nend\r\n", []byte("abc"), "")

	text := func(name, text string, want Want) { all = append(all, byHand("transfer", name, text, want)) }
	text("qp-soft-breaks", "{head}\nSubject: soft\nContent-Transfer-Encoding: quoted-printable\n\nOne =\nline, =20\nanother =3D=\n=3D=\n=3D line.=\n", Want{Subject: "soft", Text: "One line,  \nanother === line."})
	text("qp-trailing-space", "{head}\nSubject: trail\nContent-Transfer-Encoding: quoted-printable\n\nspace added by a gateway   \nand after a soft break=  \n goes\n", Want{Subject: "trail", Text: "space added by a gateway\nand after a soft break goes\n"})
	text("long-line", "{head}\nSubject: long\n\n"+strings.Repeat("0123456789", 99)+"\nend\n", Want{Subject: "long", Text: strings.Repeat("0123456789", 99) + "\nend\n"})
	text("html-8bit-meta", "{head}\nSubject: meta\nContent-Type: text/html\nContent-Transfer-Encoding: 8bit\n\n<html><head><meta charset=\"gbk\"></head>"+string(encodeCharset("gbk", "你好"))+"</html>\n",
		Want{Subject: "meta", HTML: "<html><head><meta charset=\"gbk\"></head>你好</html>\n", Tree: "text/html"})
	text("preamble-and-epilogue", "{head}\nSubject: around\nContent-Type: multipart/mixed; boundary=b\n\nThis is a multi-part message in MIME format.\n--not b\n\n--b\n\nthe text\n--b--\nThis is the epilogue.\n--b\nno part\n", Want{Subject: "around", Text: "the text", Tree: "multipart/mixed(text/plain)"})
	text("boundary-with-spaces", "{head}\nSubject: gone\nContent-Type: multipart/mixed; boundary=\"with some spaces\"\n\n--with some spaces  \n\none\n--with some spaces\t\nContent-Type: text/html\n\ntwo\n--with some spaces-- \n", Want{Subject: "gone", Text: "one", HTML: "two", Tree: "multipart/mixed(text/plain text/html)"})
	text("boundary-begins-with-other", "{head}\nSubject: prefix\nContent-Type: multipart/mixed; boundary=abc\n\n--abc\nContent-Type: multipart/alternative; boundary=abcd\n\n--abcd\n\none\n--abcd\nContent-Type: text/html\n\ntwo\n--abcd--\n--abc--\n", Want{Subject: "prefix", Text: "one", HTML: "two", Tree: "multipart/mixed(multipart/alternative(text/plain text/html))"})
	text("boundary-longest", "{head}\nSubject: 70\nContent-Type: multipart/mixed; boundary=\""+strings.Repeat("0123456789", 7)+"\"\n\n--"+strings.Repeat("0123456789", 7)+"\n\none\n--"+strings.Repeat("0123456789", 7)+"--\n", Want{Subject: "70", Text: "one", Tree: "multipart/mixed(text/plain)"})
	text("boundary-all-characters", "{head}\nSubject: all\nContent-Type: multipart/mixed; boundary=\"'()+_,-./:=?\"\n\n--'()+_,-./:=?\n\none\n--'()+_,-./:=?--\n", Want{Subject: "all", Text: "one", Tree: "multipart/mixed(text/plain)"})
	text("text-attached", "{head}\nSubject: two texts\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nlog\n--b\nContent-Type: text/plain\n\nthe real text\n--b--\n",
		Want{Subject: "two texts", Text: "the real text", Tree: "multipart/mixed(text/plain text/plain)", Attachments: []File{fileOf("log.txt", "text/plain", "", []byte("log"))}})
	text("csv-inline", "{head}\nSubject: csv\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: text/csv; charset=gbk; name=a.csv\nContent-Disposition: inline; filename=a.csv\n\n"+string(encodeCharset("gbk", "姓名,年龄\n"))+"--b--\n",
		Want{Subject: "csv", Text: "text", Tree: "multipart/mixed(text/plain text/csv)", Attachments: []File{fileOf("a.csv", "text/csv", "", encodeCharset("gbk", "姓名,年龄"))}})
	text("no-text", "{head}\nSubject: picture\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQABAAAAACw=\n", Want{Subject: "picture", Tree: "image/gif", Attachments: []File{fileOf("", "image/gif", "", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00,"))}})
	text("empty-body", "{head}\nSubject: nothing\n\n", Want{Subject: "nothing"})
	text("many-levels", "{head}\nSubject: levels\nContent-Type: multipart/mixed; boundary=1\n\n--1\nContent-Type: multipart/mixed; boundary=2\n\n--2\nContent-Type: multipart/mixed; boundary=3\n\n--3\nContent-Type: multipart/mixed; boundary=4\n\n--4\n\ndeep\n--4--\n--3--\n--2--\n--1--\n",
		Want{Subject: "levels", Text: "deep", Tree: "multipart/mixed(multipart/mixed(multipart/mixed(multipart/mixed(text/plain))))"})
	text("unknown-types", "{head}\nSubject: unknown\nContent-Type: multipart/x-unheard-of; boundary=b\n\n--b\nContent-Type: text/x-markdown; charset=utf-8\n\n# hello\n--b\nContent-Type: application/vnd.example+json\n\n{}\n--b--\n",
		Want{Subject: "unknown", Tree: "multipart/x-unheard-of(text/x-markdown application/vnd.example+json)", Attachments: []File{fileOf("", "application/vnd.example+json", "", []byte("{}"))}})
	text("external-body", "{head}\nSubject: external\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nfetch it\n--b\nContent-Type: message/external-body; access-type=URL;\n URL=\"ftp://ftp.example/x.ps\"\n\nContent-Type: application/postscript\nContent-ID: <id42@example.com>\n\n--b--\n",
		Want{Subject: "external", Text: "fetch it", Tree: "multipart/mixed(text/plain message/external-body)", Attachments: []File{fileOf("", "message/external-body", "", []byte("Content-Type: application/postscript\r\nContent-ID: <id42@example.com>\r\n"))}})
	text("mhtml-location", "{head}\nSubject: page\nContent-Type: multipart/related; boundary=b; type=\"text/html\"\n\n--b\nContent-Type: text/html; charset=utf-8\nContent-Location: https://www.example/\n\n<img src=\"cid:a%40b\"><img src='logo.gif'>\n--b\nContent-Type: image/gif\nContent-ID: <a@b>\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n--b\nContent-Type: image/gif\nContent-Location: logo.gif\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n--b--\n",
		Want{Subject: "page", HTML: "<img src=\"cid:a%40b\"><img src='logo.gif'>", Tree: "multipart/related(text/html image/gif image/gif)", Inline: []File{fileOf("", "image/gif", "a@b", []byte("GIF89a")), fileOf("", "image/gif", "", []byte("GIF89a"))}})
	text("image-marked-attached-but-shown", "{head}\nSubject: shown\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<img src=\"cid:logo\">\n--b\nContent-Type: image/png; name=logo.png\nContent-ID: <logo>\nContent-Disposition: attachment; filename=logo.png\nContent-Transfer-Encoding: base64\n\niVBORw==\n--b--\n",
		Want{Subject: "shown", HTML: "<img src=\"cid:logo\">", Tree: "multipart/related(text/html image/png)", Inline: []File{fileOf("logo.png", "image/png", "logo", []byte("\x89PNG"))}})
	return all
}
