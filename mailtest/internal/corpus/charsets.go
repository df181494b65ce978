package corpus

// This file writes every letter in every charset that it can be written in, in all ways in which
// that can be sent.

import "fmt"

func charsets() []Message {
	var all []Message
	n := 0
	for _, l := range letters {
		names := l.charsets
		if names[0] != "utf-8" {
			names = append(names[:len(names):len(names)], "utf-8")
		}
		for _, charset := range names {
			for _, way := range []struct {
				name     string
				encoding func(string, []byte) (cte, body string)
				word     func(charset, text string) string
			}{{"8bit", as8bit, shortWordsB}, {"qp", asQuoted, shortWordsQ}, {"base64", asBase64, shortWordsB}} {
				if len(charset) > 5 && charset[:6] == "utf-16" && way.name == "8bit" {
					continue // has NUL, and line ends that are none for a mail server
				}
				n++
				all = append(all, inWay(l, charset, way.name, n, way.encoding, way.word))
			}
		}
	}
	return all
}

func inWay(l letter, charset, name string, n int, encoding func(string, []byte) (cte, body string), word func(charset, text string) string) Message {
	m := mailer{word: word, encoding: encoding, leaf: "MIME-Version: 1.0\nContent-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {cte}"}
	headCharset := charset
	if charset == "utf-16" || charset == "utf-16le" || charset == "iso-2022-kr" { // no charsets for header fields
		headCharset = "utf-8"
	}
	if name == "8bit" && (charset == "iso-2022-jp" || charset == "hz-gb-2312" || charset == "utf-7" || charset == "iso-2022-kr" || charset == "us-ascii") {
		m.leaf, name = "MIME-Version: 1.0\nContent-Type: {type}; charset=\"{charset}\"", "7bit" // nothing in it is beyond ASCII
	}
	h := head{id: fmt.Sprintf("charset.%d@mail.example", n), date: clock(n, l.zone), subject: l.subject, from: []Address{l.from}, to: []Address{l.to}}
	fields := fill("From: {from}\nTo: {to}\nDate: {date}\nMessage-ID: <{id}>\nSubject: {subject}",
		"{from}", m.address(headCharset, l.from), "{to}", m.address(headCharset, l.to), "{id}", h.id, "{date}", h.date.Format(rfc5322),
		"{subject}", m.header(headCharset, l.subject, len("Subject: ")))
	return assemble("charset", l.lang+"-"+charset+"-"+name, h, fields, m.text("text/plain", asText, charset, l.text))
}
