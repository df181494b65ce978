package corpus

// This file writes letters as mail programs do.

import (
	"cmp"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
)

// mailer is the handwriting of a mail program.
type mailer struct {
	name     string
	fields   string // the header of its messages; see head.lines
	date     string
	langs    string                                            // of the letters that it is used for, "" for every second one
	charset  func(l letter) string                             // of what it writes
	word     func(charset, text string) string                 // text beyond ASCII in a header
	quoted   bool                                              // it puts quotes around display names, encoded ones too
	boundary string                                            // with the number of the multipart
	mixed    string                                            // the Content-Type of a multipart
	leaf     string                                            // the header of a text part
	encoding func(charset string, b []byte) (cte, body string) // of text
	filename func(charset, name string) (contentType, disposition string)
	attached string // the header of an attachment
	htmlHead string
	shapes   []shape
}

// shape is how the parts of a message are arranged.
type shape int

const (
	plain            shape = iota
	alternative            // text and HTML
	htmlAlone              // no text
	withFile               // alternative and an attachment
	textWithFile           // text and an attachment
	withImage              // text and HTML with an image in it
	withImageAndFile       // all of that
)

func (s shape) String() string {
	return [...]string{"plain", "alternative", "html", "file", "text-file", "image", "image-file"}[s]
}

func always(charset string) func(letter) string { return func(letter) string { return charset } }

// usual is for programs that write a letter in the charset of its language.
func usual(l letter) string { return l.charsets[0] }

func asBase64(_ string, b []byte) (cte, body string) { return "base64", base64Lines(b, 76) }
func asQuoted(_ string, b []byte) (cte, body string) { return "quoted-printable", quotedPrintable(b) }
func as8bit(_ string, b []byte) (cte, body string)   { return "8bit", string(b) }
func asNeeded(charset string, b []byte) (cte, body string) { // 7bit, or else quoted-printable
	if isASCII(string(b)) {
		return "7bit", string(b)
	}
	return asQuoted(charset, b)
}

// both gives a file name as an encoded word, in the old parameter "name" and in "filename".
func both(word func(charset, text string) string) func(charset, name string) (contentType, disposition string) {
	return func(charset, name string) (string, string) {
		if !isASCII(name) {
			name = word(charset, name)
		}
		return `name="` + name + `"`, `filename="` + name + `"`
	}
}

func oneWordB(charset, text string) string    { return wordsB(charset, text, 10000) }
func shortWordsB(charset, text string) string { return wordsB(charset, text, 36) }
func shortWordsQ(charset, text string) string { return wordsQ(charset, text, 18) }

var mailPrograms = []mailer{
	{
		name: "outlook",
		fields: "From: {from}\nTo: {to}\nSubject: {subject}\nThread-Topic: {subject}\nThread-Index: AdyG1zR7Qm9vS2hLT0ZzUUNfV2NnPT0=\n" +
			"Date: {date}\nMessage-ID: <{id}>\nAccept-Language: en-US\nContent-Language: en-US\nX-MS-Has-Attach: yes\nX-MS-TNEF-Correlator:\nMIME-Version: 1.0",
		charset: usual, word: shortWordsB, encoding: asQuoted, boundary: "_%03d_SN6PR08MB4974A1B2C3D4E5F60718SN6PR08MB4974namp_",
		mixed:    "Content-Type: multipart/{subtype};{type}\\n\tboundary=\"{boundary}\"",
		leaf:     "Content-Type: {type}; charset=\"{charset}\"\nContent-Transfer-Encoding: {cte}",
		filename: both(shortWordsB),
		attached: "Content-Type: {type}; {ctname}\nContent-Description: {description}\nContent-Disposition: {disposition}; {name};\\n\tsize={size}; creation-date=\"Mon, 05 Jan 2026 08:30:00 GMT\";\\n\tmodification-date=\"Mon, 05 Jan 2026 08:30:00 GMT\"\n{id}Content-Transfer-Encoding: base64",
		htmlHead: "\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset={charset}\">\n<meta name=\"Generator\" content=\"Microsoft Word 15 (filtered medium)\">\n<style><!--\np.MsoNormal\n\t{margin:0cm; font-family:\"Calibri\",sans-serif;}\n--></style>\n",
		shapes:   []shape{alternative, withFile, withImage, withImageAndFile},
	},
	{
		name: "apple",
		fields: "From: {from}\nContent-Type: {ct}\nMime-Version: 1.0 (Mac OS X Mail 16.0 \\(3774.300.61.1.2\\))\nSubject: {subject}\nMessage-Id: <{id}>\n" +
			"Date: {date}\nTo: {to}\nX-Mailer: Apple Mail (2.3774.300.61.1.2)",
		charset: always("utf-8"), word: shortWordsQ, encoding: asNeeded, boundary: "Apple-Mail=_6C2B1A0E-8F77-4B57-9E5D-00000000000%d",
		mixed: "Content-Type: multipart/{subtype};{type}\\n\tboundary=\"{boundary}\"",
		leaf:  "Content-Transfer-Encoding: {cte}\nContent-Type: {type};\\n\tcharset={charset}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return `name="` + name + `"`, token("filename", name)
			}
			return `name="` + wordsQ(charset, name, 18) + `"`, extended("filename", charset, "", name, 60)
		},
		attached: "Content-Disposition: {disposition};\\n\t{name}\nContent-Type: {type};\\n\tx-unix-mode=0644;\\n\t{ctname}\n{id}Content-Transfer-Encoding: base64",
		htmlHead: "<meta http-equiv=\"Content-Type\" content=\"text/html; charset={charset}\">",
		shapes:   []shape{plain, alternative, textWithFile, withImage},
	},
	{
		name: "gmail",
		fields: "MIME-Version: 1.0\nReferences: <CAF-parent@mail.gmail.example>\nIn-Reply-To: <CAF-parent@mail.gmail.example>\nFrom: {from}\nDate: {date}\n" +
			"Message-ID: <{id}>\nSubject: {subject}\nTo: {to}",
		charset: always("UTF-8"), word: shortWordsB, encoding: asNeeded, boundary: "00000000000%dc1f3a05f3a1b2c3",
		mixed:    "Content-Type: multipart/{subtype}; boundary=\"{boundary}\"",
		leaf:     "Content-Type: {type}; charset=\"{charset}\"\nContent-Transfer-Encoding: {cte}",
		filename: both(shortWordsB),
		attached: "Content-Type: {type}; {ctname}\nContent-Disposition: {disposition}; {name}\nContent-Transfer-Encoding: base64\n{id}X-Attachment-Id: f_lq2a8v1x0",
		shapes:   []shape{plain, alternative, withFile, withImage, withImageAndFile},
	},
	{
		name: "qqmail",
		fields: "From: {from}\nTo: {to}\nSubject: {subject}\nMime-Version: 1.0\nContent-Type: {ct}\nContent-Transfer-Encoding: 8Bit\nDate: {date}\n" +
			"X-Priority: 3\nMessage-ID: <{id}>\nX-QQ-MIME: TCMime 1.0 by Tencent\nX-Mailer: QQMail 2.x\nX-QQ-Mailer: QQMail 2.x",
		langs: "zh zh-rare zh-beyond zh-tw en ru emoji", charset: always("gb18030"), word: oneWordB, quoted: true, encoding: asBase64, boundary: "----=_NextPart_65%02dF1A2_0B6C2D10_3C4D5E6F",
		mixed:    "Content-Type: multipart/{subtype};{type}\\n\tboundary=\"{boundary}\"",
		leaf:     "Content-Type: {type};\\n\tcharset=\"{charset}\"\nContent-Transfer-Encoding: {cte}",
		filename: both(oneWordB),
		attached: "Content-Type: application/octet-stream;\\n\tcharset=\"gb18030\";\\n\t{ctname}\nContent-Disposition: {disposition}; {name}\n{id}Content-Transfer-Encoding: base64",
		htmlHead: "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=GB18030\">",
		shapes:   []shape{alternative, withFile, withImageAndFile},
	},
	{
		name: "foxmail",
		fields: "Date: {date}\nFrom: {from}\nTo: {to}\nSubject: {subject}\nX-Priority: 3\nX-GUID: 7E1F2A3B-4C5D-4E6F-8A9B-0C1D2E3F4A5B\nX-Has-Attach: no\n" +
			"X-Mailer: Foxmail 7.2.25.375[cn]\nMime-Version: 1.0\nMessage-ID: <{id}>",
		langs: "zh zh-rare en ru ja", charset: always("GB2312"), word: oneWordB, quoted: true, encoding: asBase64, boundary: "----=_001_NextPart%012d_=----",
		mixed:    "Content-Type: multipart/{subtype};{type}\\n\tboundary=\"{boundary}\"",
		leaf:     "Content-Type: {type};\\n\tcharset=\"{charset}\"\nContent-Transfer-Encoding: {cte}",
		filename: both(oneWordB),
		attached: "Content-Type: {type};\\n\t{ctname}\nContent-Transfer-Encoding: base64\n{id}Content-Disposition: {disposition};\\n\t{name}",
		htmlHead: "<meta http-equiv=\"content-type\" content=\"text/html; charset=gb2312\">",
		shapes:   []shape{alternative, withFile, withImage},
	},
	{
		name: "netease",
		fields: "Received: from zhangwei ( [203.0.113.7] ) by\\n ajax-webmail-wmsvr-40-105 (Coremail) ; Mon, 5 Jan 2026 16:30:00\\n +0800 (CST)\nX-Originating-IP: [203.0.113.7]\n" +
			"Date: {date}\nFrom: {from}\nTo: {to}\nSubject: {subject}\nX-Priority: 3\nX-Mailer: Coremail Webmail Server Version 2023.4-cmXT\nMIME-Version: 1.0\n" +
			"Message-ID: <{id}>\nX-Coremail-Locale: zh_CN",
		date: "Mon, 2 Jan 2006 15:04:05 -0700 (CST)", langs: "zh zh-rare en ru zh-tw", charset: always("GBK"), word: oneWordB, encoding: asBase64, boundary: "----=_Part_1280%02d_1234567890.1767601800000",
		mixed:    "Content-Type: multipart/{subtype};{type}\\n\tboundary=\"{boundary}\"",
		leaf:     "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: both(oneWordB),
		attached: "Content-Type: {type}; {ctname}\nContent-Transfer-Encoding: base64\n{id}Content-Disposition: {disposition}; {name}",
		shapes:   []shape{alternative, withFile, withImageAndFile},
	},
	{
		name: "thunderbird",
		fields: "Message-ID: <{id}>\nDate: {date}\nMIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\nContent-Language: en-US\nTo: {to}\nFrom: {from}\n" +
			"Autocrypt: addr=someone@example.com; keydata=\\n xjMEZZ0aRBYJKwYBBAHaRw8BAQdAq6t1v0nZ0S1v5d1c3m9Yt6yCw0l5cFQ0lq0b2n4x5kM=\nSubject: {subject}",
		charset: always("UTF-8"), word: shortWordsQ, encoding: as8bit, boundary: "------------0%dkXw3bYq5Zr7t9V1n2M4p6S8",
		mixed: "Content-Type: multipart/{subtype};{type}\\n boundary=\"{boundary}\"",
		leaf:  "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return `name="` + name + `"`, `filename="` + name + `"`
			}
			return `name="` + wordsB(charset, name, 36) + `"`, extended("filename", charset, "", name, 55)
		},
		attached: "Content-Type: {type};\\n {ctname}\nContent-Disposition: {disposition};\\n {name}\n{id}Content-Transfer-Encoding: base64",
		htmlHead: "\n  <meta http-equiv=\"content-type\" content=\"text/html; charset=UTF-8\">\n",
		shapes:   []shape{plain, textWithFile, withImage, alternative},
	},
	{
		name: "phpmailer",
		fields: "Date: {date}\nTo: {to}\nFrom: {from}\nSubject: {subject}\nMessage-ID: <{id}>\n" +
			"X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)\nMIME-Version: 1.0",
		charset: always("utf-8"), word: shortWordsB, encoding: as8bit, boundary: "b%d_VqVSSjCkVqVSSjCkVqVSSjCkVqVSSjCkVqVSSjCkVqVSSjCkVqVSSjC",
		mixed: "Content-Type: multipart/{subtype};{type}\\n boundary=\"{boundary}\"",
		leaf:  "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return `name="` + name + `"`, `filename="` + name + `"`
			}
			return "name=\"" + wordsB(charset, name, 36) + "\"", "filename*=" + charset + "''" + percent([]byte(name))
		},
		attached: "Content-Type: {type}; {ctname}\nContent-Transfer-Encoding: base64\n{id}Content-Disposition: {disposition}; {name}",
		shapes:   []shape{plain, htmlAlone, alternative, withFile, withImage},
	},
	{
		name:    "javamail",
		fields:  "Date: {date}\nFrom: {from}\nTo: {to}\nMessage-ID: <{id}>\nSubject: {subject}\nMIME-Version: 1.0",
		charset: usual, word: shortWordsQ, encoding: asNeeded, boundary: "----=_Part_%d_1804441305.1767601800123", date: "Mon, 2 Jan 2006 15:04:05 -0700 (MST)",
		mixed:    "Content-Type: multipart/{subtype};{type} \\n\tboundary=\"{boundary}\"",
		leaf:     "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: both(shortWordsQ),
		attached: "Content-Type: {type}; \\n\t{ctname}\nContent-Transfer-Encoding: base64\n{id}Content-Disposition: {disposition}; \\n\t{name}",
		shapes:   []shape{plain, htmlAlone, withFile, alternative},
	},
	{
		name: "mutt",
		fields: "Date: {date}\nFrom: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}>\nMail-Followup-To: {to}\nMIME-Version: 1.0\n" +
			"Content-Disposition: inline\nUser-Agent: Mutt/2.2.12 (2023-09-09)",
		charset: usual, word: shortWordsB, encoding: as8bit, boundary: "%dvkX5FzTzzvTzz2m",
		mixed: "Content-Type: multipart/{subtype}; boundary=\"{boundary}\"",
		leaf:  "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return "x-mutt=yes", token("filename", name)
			}
			return "x-mutt=yes", extended("filename", charset, "", name, 50)
		},
		attached: "Content-Type: {type}; {ctname}\nContent-Disposition: {disposition}; {name}\n{id}Content-Transfer-Encoding: base64",
		shapes:   []shape{plain, textWithFile},
	},
	{
		name:    "nodemailer",
		fields:  "From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{id}>\nDate: {date}\nMIME-Version: 1.0",
		charset: always("utf-8"), word: shortWordsQ, encoding: asNeeded, boundary: "--_NmP-5c1f4a2b3d6e7f80-Part_%d",
		mixed: "Content-Type: multipart/{subtype};{type}\\n boundary=\"{boundary}\"",
		leaf:  "Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return token("name", name), token("filename", name)
			}
			return `name="` + wordsQ(charset, name, 18) + `"`, extended("filename", charset, "", name, 40)
		},
		attached: "Content-Type: {type}; {ctname}\n{id}Content-Transfer-Encoding: base64\nContent-Disposition: {disposition};\\n {name}",
		shapes:   []shape{alternative, htmlAlone, withFile, plain},
	},
	{
		name:    "django",
		fields:  "Subject: {subject}\nFrom: {from}\nTo: {to}\nDate: {date}\nMessage-ID: <{id}>",
		charset: always("utf-8"), word: shortWordsB, encoding: as8bit, boundary: "===============%d746528719364528190==",
		mixed: "Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\nMIME-Version: 1.0",
		leaf:  "Content-Type: {type}; charset=\"{charset}\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: {cte}",
		filename: func(charset, name string) (string, string) {
			if isASCII(name) {
				return "x-django=1", token("filename", name)
			}
			return "x-django=1", extended("filename", charset, "", name, 1000)
		},
		attached: "Content-Type: {type}; {ctname}\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n{id}Content-Disposition: {disposition}; {name}",
		shapes:   []shape{plain, alternative, withFile},
	},
}

// mailers returns letters as each mail program sends them: those for which it is used, or every second one.
func mailers() []Message {
	var all []Message
	for i, m := range mailPrograms {
		n := 0
		for j, l := range letters {
			if m.langs != "" && slices.Contains(strings.Fields(m.langs), l.lang) || m.langs == "" && (i+j)%2 == 0 {
				all = append(all, m.write(l, m.shapes[n%len(m.shapes)], 100*i+j))
				n++
			}
		}
	}
	return all
}

// write writes a letter in a shape, as message number n.
func (m mailer) write(l letter, s shape, n int) Message {
	charset := m.charset(l)
	_, domain, _ := strings.Cut(l.from.Address, "@")
	h := head{
		id: fmt.Sprintf("%s.%d.%s@%s", m.name, n, l.lang, domain), date: clock(n, l.zone),
		subject: l.subject, from: []Address{l.from}, to: []Address{l.to},
	}
	body := m.arrange(l, s, charset)
	contentType := ""
	for i, f := range body.fields {
		if v, ok := strings.CutPrefix(f, "Content-Type: "); ok && strings.Contains(m.fields, "{ct}") {
			contentType, body.fields = v, slices.Delete(body.fields, i, i+1)
			break
		}
	}
	layout := cmp.Or(m.date, rfc5322)
	fields := fill(m.fields, "{id}", h.id, "{date}", h.date.Format(layout), "{subject}", m.header(charset, h.subject, len("Subject: ")),
		"{from}", m.address(charset, l.from), "{to}", m.address(charset, l.to), "{ct}", contentType)
	return assemble(m.name, l.lang+"-"+s.String(), h, fields, body)
}

func (m mailer) header(charset, text string, offset int) string {
	if isASCII(text) {
		return fold(strings.Repeat("x", offset) + text)[offset:]
	}
	return m.word(charset, text)
}

func (m mailer) address(charset string, a Address) string {
	name := phrase(a.Name)
	if !isASCII(a.Name) {
		name = m.word(charset, a.Name)
		if strings.Contains(name, crlf) {
			name += crlf // a long name pushes the address to the next line
		}
	}
	if m.quoted {
		name = `"` + strings.Trim(name, `"`) + `"`
	}
	return name + " <" + a.Address + ">"
}

func (m mailer) arrange(l letter, s shape, charset string) *part {
	file := func() *part { return m.file(charset, l.file, mediaTypeOf(l.file), blob(l.file, 300+7*len(l.file)), "") }
	const image, id = "image001.png", "image001.png@01DC7E35.5A0B1C20"
	doc := func(tail string) *part {
		return m.text("text/html", asHTML, charset, page(strings.ReplaceAll(m.htmlHead, "{charset}", charset), l.text, tail))
	}
	text := m.text("text/plain", asText, charset, l.text)
	shown := func(n int) *part {
		return m.multi("alternative", n, text, m.multi("related", n+1, doc("<img src=\"cid:"+url.PathEscape(id)+"\" alt=\""+html.EscapeString(l.from.Name)+"\">\n"),
			m.file(charset, image, "image/png", blob(image, 260), id)))
	}
	switch s {
	case plain:
		return text
	case htmlAlone:
		return doc("")
	case alternative:
		return m.multi("alternative", 0, text, doc(""))
	case withFile:
		return m.multi("mixed", 0, m.multi("alternative", 1, text, doc("")), file())
	case textWithFile:
		return m.multi("mixed", 0, text, file())
	case withImage:
		return shown(0)
	default:
		return m.multi("mixed", 0, shown(1), file())
	}
}

func (m mailer) multi(subtype string, n int, parts ...*part) *part {
	boundary, typed := fmt.Sprintf(m.boundary, n), ""
	if subtype == "related" {
		typed = " type=\"text/html\";"
	}
	return &part{mediaType: "multipart/" + subtype, boundary: boundary, parts: parts,
		fields: fill(m.mixed, "{subtype}", subtype, "{boundary}", boundary, "{type}", typed)}
}

func (m mailer) text(mediaType string, r role, charset, text string) *part {
	cte, body := m.encoding(charset, encodeCharset(charset, lines(text)))
	return &part{mediaType: mediaType, role: r, text: text, body: body,
		fields: fill(m.leaf, "{type}", mediaType, "{charset}", charset, "{cte}", cte)}
}

func (m mailer) file(charset, name, mediaType string, content []byte, id string) *part {
	if strings.HasPrefix(m.attached, "Content-Type: application/octet-stream") {
		mediaType = "application/octet-stream"
	}
	ctName, dispositionName := m.filename(charset, name)
	disposition, r, idField, description := "attachment", asAttachment, "", name
	if id != "" {
		disposition, r, idField = "inline", asInline, "Content-ID: <"+id+">\n"
	}
	if !isASCII(name) {
		description = m.word(charset, name)
	}
	template := strings.ReplaceAll(m.attached, "{id}", idField)
	return &part{mediaType: mediaType, role: r, file: fileOf(name, mediaType, id, content), body: base64Lines(content, 76),
		fields: fill(template, "{type}", mediaType, "{ctname}", ctName, "{name}", dispositionName, "{disposition}", disposition,
			"{size}", fmt.Sprint(len(content)), "{description}", description)}
}
