package lint

// This file finds what a program has left in a text: placeholders of a template, and one encoding below another.

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// placeholder matches what a template leaves if it is not filled in: the placeholders of text/template, Jinja, ERB,
// JavaScript, Marketing Cloud (%%name%%) and Mailchimp (*|NAME|*), and what text/template, html/template, fmt and
// JavaScript write for a value that they cannot show.
var placeholder = regexp.MustCompile(`\{\{[^{}\n]+\}\}|\{%[^{}\n]+%\}|<%[^<>\n]+%>|\$\{[A-Za-z_][\w.]*\}|` +
	`%%[A-Za-z_][\w.:-]*%%|\*\|[A-Za-z_][^|*\n]*\|\*|` +
	`<no[ ]value>|ZgotmplZ|%!(?:[A-Za-z]\(|\((?:EXTRA |NOVERB\)|BADINDEX\)))[^()\n]*\)?|\[object Object\]`)

// marks are texts of which each placeholder has one: to look for them takes less time than the expression.
var marks = [...]string{"{{", "{%", "<%", "${", "%%", "*|", "<no ", "Zgotmpl", "%!", "[object "}

// placeholderIn returns the first placeholder in a text, or "".
func placeholderIn(text string) string {
	if slices.ContainsFunc(marks[:], func(mark string) bool { return strings.Contains(text, mark) }) {
		return placeholder.FindString(text)
	}
	return ""
}

// addressPlaceholder matches placeholders that can be something else in a text, but not in an address: those of Mailjet
// ([[name]]), and of ActiveCampaign and Mailgun (%NAME%).
var addressPlaceholder = regexp.MustCompile(`\[\[[^\[\]\s]+\]\]|^%[A-Za-z_.]+%$`)

// placeholderOf returns the first placeholder in an address, or "". Some programs have written it with percent-encoding.
func placeholderOf(address string) string {
	if s := cmp.Or(placeholderIn(address), addressPlaceholder.FindString(address)); s != "" {
		return s
	}
	if plain, err := url.PathUnescape(address); err == nil && plain != address {
		return cmp.Or(placeholderIn(plain), addressPlaceholder.FindString(plain))
	}
	return ""
}

// references are the character references that functions for HTML write for characters of plain text.
var references = [...]string{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#34;", "&nbsp;"}

// referenceIn returns the first of references in a text, or "".
func referenceIn(text string) string {
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			return ""
		}
		text = text[i:]
		for _, r := range references {
			if strings.HasPrefix(text, r) {
				return r
			}
		}
		text = text[1:]
	}
}

// escapesIn returns the first three or more bytes beyond ASCII that are written as in quoted-printable, or "".
func escapesIn(text string) string {
	const least = len("=E4=BD=A0")
	for {
		i := strings.IndexByte(text, '=')
		if i < 0 {
			return ""
		}
		text = text[i:]
		n := 0
		for len(text) >= n+3 && text[n] == '=' && strings.IndexByte("89ABCDEF", text[n+1]) >= 0 && strings.IndexByte("0123456789ABCDEF", text[n+2]) >= 0 {
			n += 3
		}
		if n >= least {
			return text[:n]
		}
		text = text[max(n, 1):]
	}
}

// leftovers looks at the decoded header and texts.
func (c *checker) leftovers() {
	for i, f := range c.msg.Header {
		if i >= len(c.fields) {
			break
		}
		raw := c.fields[i]
		if s := placeholderIn(f.Value); s != "" {
			c.add(templateUnfilled, raw.at, "the field %s has %s in it", quote(f.Name), quote(s))
		}
		if s := innerWord(f.Value); s != "" && !strings.Contains(raw.body, s) {
			c.add(encodedTwice, raw.at, "the field %s has the encoded word %s in an encoded word", quote(f.Name), quote(s))
		}
		if s := mojibake(f.Value); s != "" {
			c.add(encodedTwice, raw.at, "the field %s has UTF-8 that was taken for another charset: %s", quote(f.Name), quote(s))
		}
	}
	if f := c.find("Subject"); f != nil {
		if s := referenceIn(c.msg.Subject); s != "" {
			c.add(encodedTwice, f.at, "the Subject has the character reference %s of HTML in it", quote(s))
		}
	}
	for _, l := range c.leaves {
		if (l.MediaType == "text/plain" || l.MediaType == "text/html") && l.Disposition != "attachment" {
			c.leftIn(l)
		}
	}
}

// leftIn looks at the text of a leaf.
func (c *checker) leftIn(l leaf) {
	report := func(r rule, s, format string) { c.out.add(r, l.Path, c.placeIn(r, l, s), format, quote(s)) }
	if s := placeholderIn(l.Text); s != "" {
		c.unfilled[s] = true
		report(templateUnfilled, s, "the text has %s in it")
	}
	if s := mojibake(l.Text); s != "" {
		report(encodedTwice, s, "the text has UTF-8 that was taken for another charset: %s")
	}
	if s := referenceIn(l.Text); s != "" && l.MediaType == "text/plain" {
		report(encodedTwice, s, "plain text has the character reference %s of HTML in it")
	}
	switch l.Encoding {
	case "quoted-printable", "base64":
		if s := escapesIn(l.Text); s != "" {
			report(encodedTwice, s, "the decoded text has quoted-printable in it: %s")
		}
		if allBase64(l.Text) {
			report(encodedTwice, l.Text, "the decoded text is base64: %s")
		}
	}
}

// innerWord returns the first encoded word in a field that was decoded, or "".
func innerWord(value string) string {
	if !strings.Contains(value, "=?") {
		return ""
	}
	for scan := mime.NewWordScanner(value); ; {
		w, ok := scan.Next()
		if !ok {
			return ""
		}
		if w.Fault == mime.NoFault {
			return value[w.Begin:w.End]
		}
	}
}

// allBase64 reports whether a whole text is base64 of some other text in UTF-8.
func allBase64(text string) bool {
	const least = 24 // a shorter one may be a word
	text = strings.TrimSpace(text)
	if len(text) < least || strings.ContainsAny(text[:least], " -_") {
		return false
	}
	inner, err := base64.StdEncoding.DecodeString(text) // it skips line ends
	return err == nil && utf8.Valid(inner)
}

// mojibake returns the first part of a text that must be UTF-8 whose bytes were taken for characters of windows-1252
// or ISO 8859-1, or "".
func mojibake(text string) string {
	begin := 0
	var run []byte
	for i, r := range text {
		if utf8.RuneSelf <= r && r <= '™' { // which is the last character of windows-1252
			b, ok := charmap.Windows1252.EncodeRune(r)
			if !ok && r < 0x100 {
				b, ok = byte(r), true
			}
			if ok {
				if len(run) == 0 {
					begin = i
				}
				run = append(run, b)
				continue
			}
		}
		if len(run) > 0 && looksUTF8(run) {
			return text[begin:i]
		}
		run = run[:0]
	}
	if looksUTF8(run) {
		return text[begin:]
	}
	return ""
}
