package corpus

// This file holds messages with defects that are seen in real mail, and the best that a reader can
// make of them.

import "strings"

func damaged() []Message {
	var all []Message
	text := func(name, damage, text string, want Want) {
		want.Damage = damage
		all = append(all, byHand("damaged", name, text, want))
	}
	in := func(charset, s string) string { return string(encodeCharset(charset, s)) }
	pdf, pdfBody := content("damaged.pdf", 150)
	file := func(name string) []File { return []File{fileOf(name, "application/pdf", "", pdf)} }
	const mixed = "{head}\nSubject: parts\nContent-Type: multipart/mixed; boundary=b\n\n"

	// Header fields.
	text("subject-gbk-raw", "a Subject in GBK as it is", "{head}\nSubject: "+in("gbk", "您的验证码是四八三九")+"\n\nhi\n", Want{Subject: "您的验证码是四八三九", Text: "hi\n"})
	text("subject-gb2312-or-utf8", "", "{head}\nSubject: "+in("gb2312", "系统通知")+"\nContent-Type: text/plain; charset=gb2312\n\n"+in("gb2312", "系统通知")+"\n", Want{Subject: in("gb2312", "系统通知"), Text: "系统通知\n"})
	text("subject-koi8-raw", "a Subject in the charset of the body", "{head}\nSubject: "+in("koi8-r", "Привет")+"\nContent-Type: text/plain; charset=koi8-r\n\n"+in("koi8-r", "Привет")+"\n", Want{Subject: "Привет", Text: "Привет\n"})
	text("subject-latin1-raw", "a Subject in ISO 8859-1 as it is", "{head}\nSubject: Caf\xe9 cr\xe8me\n\nhi\n", Want{Subject: "Café crème", Text: "hi\n"})
	text("word-cut-in-character", "", "{head}\nSubject: =?gb2312?B?xOO6?= =?gb2312?B?w8rAvec=?=\n\nhi\n", Want{Subject: "你好世界", Text: "hi\n"})
	text("word-cut-in-base64", "", "{head}\nSubject: =?utf-8?B?5L2g5?= =?utf-8?B?aW9?=\n\nhi\n", Want{Subject: "你好", Text: "hi\n"})
	text("word-no-padding", "base64 without its padding", "{head}\nSubject: =?utf-8?B?5L2g5aW9IQ?=\n\nhi\n", Want{Subject: "你好!", Text: "hi\n"})
	text("word-with-spaces", "white space in an encoded word, which makes it none", "{head}\nSubject: =?utf-8?Q?with real spaces?=\n\nhi\n", Want{Subject: "=?utf-8?Q?with real spaces?=", Text: "hi\n"})
	text("word-in-word", "", "{head}\nSubject: before=?utf-8?Q?in?=after\n\nhi\n", Want{Subject: "beforeinafter", Text: "hi\n"})
	text("word-unknown-charset", "a charset that does not exist", "{head}\nSubject: =?x-klingon?Q?qapla=E9?=\n\nhi\n", Want{Subject: "qaplaé", Text: "hi\n"})
	text("word-wrong-charset", "UTF-8 labelled as GB2312 where that cannot be", "{head}\nSubject: =?gb2312?B?"+strings.TrimSuffix(base64Lines([]byte("中.文"), 1000), crlf)+"?=\n\nhi\n", Want{Subject: "中.文", Text: "hi\n"})
	text("word-never-closed", "", "{head}\nSubject: =?utf-8?B?5L2g5aW9\n\nhi\n", Want{Subject: "=?utf-8?B?5L2g5aW9", Text: "hi\n"})
	text("word-bad-escape", "an escape that is none", "{head}\nSubject: =?utf-8?Q?100=_caf=C3=A9?=\n\nhi\n", Want{Subject: "100= café", Text: "hi\n"})
	text("two-subjects", "", "{head}\nSubject: first\nSubject: second\n\nhi\n", Want{Subject: "first", Text: "hi\n"})
	text("space-before-colon", "", "{head}\nSubject : spaced\n\nhi\n", Want{Subject: "spaced", Text: "hi\n"})
	text("nul-in-subject", "", "{head}\nSubject: a\x00b\n\nhi\n", Want{Subject: "a\x00b", Text: "hi\n"})
	text("fold-of-spaces", "", "{head}\nSubject: one\n  \n two\n\nhi\n", Want{Subject: "one   two", Text: "hi\n"})
	text("long-subject", "", "{head}\nSubject: "+strings.Repeat("long ", 1000)+"end\n\nhi\n", Want{Subject: strings.Repeat("long ", 1000) + "end", Text: "hi\n"})
	text("mbox-line", "", "From alice@example.com Tue Jan  6 09:15:00 2026\n{head}\nSubject: mbox\n\n>From here on\n", Want{Subject: "mbox", Text: ">From here on\n"})
	text("no-empty-line", "a line that is no field, where the body should begin", "{head}\nSubject: none\nThis is text already.\n", Want{Subject: "none", Text: "This is text already.\n"})
	text("html-in-header", "", "{head}\nX-Note: <b>\n bold</b>\nSubject: tags\n\nhi\n", Want{Subject: "tags", Text: "hi\n"})

	// Addresses and dates.
	address := func(name, damage, to string, want []Address) {
		text("to-"+name, damage, "From: Alice <alice@example.com>\nTo: "+to+"\nSubject: to\nDate: Tue, 06 Jan 2026 09:15:00 +0800\nMessage-ID: <to@example.com>\n\nhi\n",
			Want{From: people("Alice", "alice@example.com"), To: want, Subject: "to", Date: "2026-01-06T09:15:00+08:00", MessageID: "to@example.com", Text: "hi\n"})
	}
	address("semicolons", "semicolons between addresses", "a@x.example; b@x.example", people("", "a@x.example", "", "b@x.example"))
	address("no-domain", "an address without a domain", "bob", people("", "bob"))
	address("open-angle", "an angle bracket that is not closed", "Bob <bob@example.org", people("Bob", "bob@example.org"))
	address("open-quote", "a quote that is not closed", `"Bob <bob@example.org>`, people(`"Bob`, "bob@example.org"))
	address("name-with-at", "", "bob@home <bob@example.org>", people("bob@home", "bob@example.org"))
	address("no-angle", "a name without angle brackets", "Bob Miller bob@example.org", people("Bob Miller", "bob@example.org"))
	address("all-in-word", "an address in an encoded word", "=?utf-8?B?5byg5LiJIDx6M0BleGFtcGxlLmNuPg==?=", people("张三", "z3@example.cn"))
	address("spaces-in-angle", "", "Bob < bob@example.org >", people("Bob", "bob@example.org"))
	address("comma-in-name", "a comma in a name without quotes", "Miller, Bob <bob@example.org>", people("", "Miller", "Bob", "bob@example.org"))
	address("no-comma", "no comma between two addresses", "Bob <bob@example.org> Eve Miller <eve@example.org>", people("Bob", "bob@example.org", "Eve Miller", "eve@example.org"))
	address("gbk-raw", "a name in GBK as it is", in("gbk", "张三丰")+" <z3@example.cn>", people("张三丰", "z3@example.cn"))
	address("empty-items", "", ",a@x.example,, b@x.example,", people("", "a@x.example", "", "b@x.example"))
	address("double-angle", "two angle brackets", "<<bob@example.org>>", people("", "bob@example.org"))
	date := func(name, damage, d, want string) {
		text("date-"+name, damage, "From: a@example.com\nTo: b@example.com\nSubject: date\nDate: "+d+"\nMessage-ID: <date@example.com>\n\nhi\n",
			Want{From: people("", "a@example.com"), To: people("", "b@example.com"), Subject: "date", Date: want, MessageID: "date@example.com", Text: "hi\n"})
	}
	date("iso", "a Date in ISO 8601", "2026-01-06 09:15:00", "")
	date("words", "a Date that is none", "yesterday", "")
	date("impossible", "the 30th of February", "Mon, 30 Feb 2026 09:15:00 +0000", "")

	// Structure.
	text("no-final-boundary", "the closing boundary is missing", mixed+"--b\n\nthe text\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"+pdfBody,
		Want{Subject: "parts", Text: "the text", Tree: "multipart/mixed(text/plain application/pdf)", Attachments: file("a.pdf")})
	text("truncated-in-base64", "cut off in an attachment", mixed+"--b\n\nthe text\n--b\nContent-Type: application/octet-stream; name=a.bin\nContent-Transfer-Encoding: base64\n\nQUJDREVGR0\n",
		Want{Subject: "parts", Text: "the text", Tree: "multipart/mixed(text/plain application/octet-stream)", Attachments: []File{fileOf("a.bin", "application/octet-stream", "", []byte("ABCDEFG"))}})
	text("no-boundary-parameter", "a multipart without a boundary", "{head}\nSubject: none\nContent-Type: multipart/mixed\n\n--b\n\nthe text\n--b--\n", Want{Subject: "none", Tree: "multipart/mixed"})
	text("wrong-boundary", "a boundary that is nowhere", "{head}\nSubject: wrong\nContent-Type: multipart/mixed; boundary=a\n\n--b\n\nthe text\n--b--\n", Want{Subject: "wrong", Tree: "multipart/mixed"})
	text("part-without-empty-line", "", mixed+"--b\nContent-Type: text/plain\n--b\n\nthe text\n--b--\n", Want{Subject: "parts", Text: "", Tree: "multipart/mixed(text/plain text/plain)"})
	text("inner-never-closed", "an inner multipart that is not closed", mixed+"--b\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\nthe text\n--i\nContent-Type: text/html\n\n<p>html</p>\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"+pdfBody+"--b--\n",
		Want{Subject: "parts", Text: "the text", HTML: "<p>html</p>", Tree: "multipart/mixed(multipart/alternative(text/plain text/html) application/pdf)", Attachments: file("a.pdf")})
	text("boundary-unquoted", "", "{head}\nSubject: equals\nContent-Type: multipart/mixed; boundary=----=_Part_1\n\n------=_Part_1\n\nthe text\n------=_Part_1--\n", Want{Subject: "equals", Text: "the text", Tree: "multipart/mixed(text/plain)"})
	text("lf-only", "", "{head}\nSubject: lf", Want{Subject: "lf"})
	all[len(all)-1].Raw = []byte(strings.ReplaceAll(string(all[len(all)-1].Raw), crlf, "\n") + "\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nthe text\n\n--b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" + pdfBody + "--b--\n")
	all[len(all)-1].Want.Text, all[len(all)-1].Want.Tree, all[len(all)-1].Want.Attachments = "the text\n", "multipart/mixed(text/plain application/pdf)", file("a.pdf")
	text("parameter-without-fold", "a parameter on a line of its own without a space in front", "{head}\nSubject: parts\nContent-Type: multipart/mixed;\nboundary=\"b\"\n\n--b\n\nthe text\n--b\nContent-Transfer-Encoding: base64\nContent-Type: application/pdf; x-unix-mode=0600;\nname=\"a.pdf\"\nContent-Disposition: attachment\n\n"+pdfBody+"--b--\n",
		Want{Subject: "parts", Text: "the text", Tree: "multipart/mixed(text/plain application/pdf)", Attachments: file("a.pdf")})
	text("boundary-not-utf8", "a boundary with a byte beyond ASCII", "{head}\nSubject: parts\nContent-Type: multipart/mixed; boundary=\"b\x80\"\n\n--b\x80\n\nthe text\n--b\x80--\n", Want{Subject: "parts", Text: "the text", Tree: "multipart/mixed(text/plain)"})
	text("base64-multipart", "a multipart that says it is in base64", "{head}\nSubject: claims\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nthe text\n--b--\n", Want{Subject: "claims", Text: "the text", Tree: "multipart/mixed(text/plain)"})
	text("blank-before-header", "", mixed+"--b\n\nContent-Type: text/html\n\n<p>not html</p>\n--b--\n", Want{Subject: "parts", Text: "Content-Type: text/html\n\n<p>not html</p>", Tree: "multipart/mixed(text/plain)"})
	text("empty", "", "", Want{})
	text("body-alone", "there is no header", "Just text, and nothing else.\n", Want{Text: "Just text, and nothing else.\n"})

	// Types, charsets, encodings.
	text("type-without-slash", "a Content-Type that is none", "{head}\nSubject: type\nContent-Type: text\n\nhi\n", Want{Subject: "type", Text: "hi\n"})
	text("type-no-semicolon", "no semicolon before charset", "{head}\nSubject: type\nContent-Type: text/html charset=utf-8\n\n<p>你好</p>\n", Want{Subject: "type", HTML: "<p>你好</p>\n", Tree: "text/html"})
	text("two-types", "two Content-Type fields", "{head}\nSubject: type\nContent-Type: text/html; charset=utf-8\nContent-Type: text/plain\n\n<p>你好</p>\n", Want{Subject: "type", HTML: "<p>你好</p>\n", Tree: "text/html"})
	text("charset-quotes", "", "{head}\nSubject: quotes\nContent-Type: text/plain; charset='utf-8'\nContent-Transfer-Encoding: 8bit\n\n你好\n", Want{Subject: "quotes", Text: "你好\n"})
	text("charset-unknown", "an unknown charset", "{head}\nSubject: unknown\nContent-Type: text/plain; charset=x-mystery\nContent-Transfer-Encoding: 8bit\n\n你好\n", Want{Subject: "unknown", Text: "你好\n"})
	text("charset-missing-gbk", "no charset, and the text is GBK", "{head}\nSubject: none\nContent-Transfer-Encoding: 8bit\n\n"+in("gbk", "您好,欢迎使用本服务")+"\n", Want{Subject: "none", Text: "您好,欢迎使用本服务\n"})
	text("charset-missing-latin1", "no charset, and the text is ISO 8859-1", "{head}\nSubject: none\nContent-Transfer-Encoding: 8bit\n\nUne cr\xe8me br\xfbl\xe9e \xe0 la carte\n", Want{Subject: "none", Text: "Une crème brûlée à la carte\n"})
	text("charset-utf8-is-gbk", "labelled UTF-8, and the text is GBK", "{head}\nSubject: wrong\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"+in("gbk", "您好,欢迎使用本服务")+"\n", Want{Subject: "wrong", Text: "您好,欢迎使用本服务\n"})
	text("charset-gb2312-is-gbk", "", "{head}\nSubject: more\nContent-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: 8bit\n\n"+in("gbk", "朱镕基與囍宴")+"\n", Want{Subject: "more", Text: "朱镕基與囍宴\n"})
	text("charset-latin1-is-1252", "", "{head}\nSubject: more\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n\x93quoted\x94 \x96 5 \x80\n", Want{Subject: "more", Text: "“quoted” – 5 €\n"})
	text("charset-ascii-is-utf8", "labelled ASCII, and the text is UTF-8", "{head}\nSubject: ascii\nContent-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 8bit\n\nGrüße\n", Want{Subject: "ascii", Text: "Grüße\n"})
	text("utf8-one-bad-byte", "one byte that is not UTF-8", "{head}\nSubject: bad byte\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n你好\xff世界\n", Want{Subject: "bad byte", Text: "你好\ufffd世界\n"})
	text("utf8-bom", "", "{head}\nSubject: bom\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\ufeffhi\n", Want{Subject: "bom", Text: "hi\n"})
	text("encoding-unknown", "an unknown transfer encoding", "{head}\nSubject: cte\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: utf-8\n\n你好\n", Want{Subject: "cte", Text: "你好\n"})
	text("encoding-7bit-is-8bit", "", "{head}\nSubject: cte\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n你好\n", Want{Subject: "cte", Text: "你好\n"})
	text("qp-bad-escapes", "escapes that are none", "{head}\nSubject: qp\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n1 = 2, =ZZ, =C3=A9\n", Want{Subject: "qp", Text: "1 = 2, =ZZ, é\n"})
	text("qp-8bit", "", "{head}\nSubject: qp\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nraw é and =C3=A9\n", Want{Subject: "qp", Text: "raw é and é\n"})
	text("base64-with-junk", "junk in base64", "{head}\nSubject: junk\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5L2g*5aW9!\n", Want{Subject: "junk", Text: "你好"})
	text("base64-footer", "a footer behind base64", "{head}\nSubject: footer\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5L2g5aW9\n=\n", Want{Subject: "footer", Text: "你好"})
	text("base64-padding-within", "padding within base64", "{head}\nSubject: twice\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5L2g5Q==\npb0h\n", Want{Subject: "twice", Text: "你好!"})
	text("base64-no-padding", "padding is missing", "{head}\nSubject: short\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n5L2g5aW9IQ\n", Want{Subject: "short", Text: "你好!"})
	text("bare-cr", "", "{head}\nSubject: cr\n\none\rtwo\n", Want{Subject: "cr", Text: "one\rtwo\n"})
	text("nul-in-body", "", "{head}\nSubject: nul\n\na\x00b\n", Want{Subject: "nul", Text: "a\x00b\n"})
	text("utf16-unlabelled-endian", "", "{head}\nSubject: utf-16\nContent-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n//5gT31ZCgA=\n", Want{Subject: "utf-16", Text: "你好\n"})
	text("html-meta-lies", "", "{head}\nSubject: meta\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<meta charset=\"gbk\"><p>你好</p>\n", Want{Subject: "meta", HTML: "<meta charset=\"gbk\"><p>你好</p>\n", Tree: "text/html"})
	text("winmail", "TNEF, which only Outlook reads", mixed+"--b\n\nthe text\n--b\nContent-Type: application/ms-tnef; name=\"winmail.dat\"\nContent-Transfer-Encoding: base64\n\neJ8+IgAA\n--b--\n",
		Want{Subject: "parts", Text: "the text", Tree: "multipart/mixed(text/plain application/ms-tnef)", Attachments: []File{fileOf("winmail.dat", "application/ms-tnef", "", []byte("\x78\x9f\x3e\x22\x00\x00"))}})
	return all
}
