// Package corpus makes the messages of testdata/corpus: what real mail programs, mailing lists,
// shops and mail servers send, in many languages and charsets, whole and damaged. Nothing in it was
// ever sent. Each message comes with what a reader must find in it, which is known because the
// message was made from it, not because a decoder said so: this package uses none.
//
// To add a message, add it to the family that it belongs to (the functions that [Messages] calls), run the
// tests of mailtest with -update, and read what they write.
package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is one message of the corpus.
type Message struct {
	Family string // the directory that it is in
	Name   string // the file there, without ".eml"
	Raw    []byte
	Want   Want
}

// Want is what a reader must find in a message.
type Want struct {
	Damage      string    `json:",omitempty"` // what is wrong with it, in words; "" if a decoder has nothing to complain of
	Date        string    `json:",omitempty"` // RFC 3339
	Subject     string    `json:",omitempty"`
	MessageID   string    `json:",omitempty"`
	From        []Address `json:",omitempty"`
	Sender      []Address `json:",omitempty"`
	ReplyTo     []Address `json:",omitempty"`
	To          []Address `json:",omitempty"`
	Cc          []Address `json:",omitempty"`
	Text        string    `json:",omitempty"`
	HTML        string    `json:",omitempty"`
	Attachments []File    `json:",omitempty"`
	Inline      []File    `json:",omitempty"`
	Tree        string    // media types, with what is in a multipart in parentheses
	Messages    []Want    `json:",omitempty"` // the messages in its parts, in order
}

// Address is a mailbox.
type Address struct {
	Name    string `json:",omitempty"`
	Address string
}

// File is an attachment or an inline part.
type File struct {
	Name   string `json:",omitempty"`
	Type   string
	ID     string `json:",omitempty"` // the Content-ID
	Size   int
	SHA256 string
}

// Messages returns the corpus. It is the same each time.
func Messages() []Message {
	all := slices.Concat(
		mailers(), charsets(), filenames(), headers(), flowed(), forwards(), bulk(), calendars(), reports(), signed(), transfers(), damaged(),
	)
	seen := map[string]bool{}
	for _, m := range all {
		if name := m.Family + "/" + m.Name; seen[name] {
			panic("corpus: there are two messages " + name)
		} else {
			seen[name] = true
		}
	}
	return all
}

// role is what a leaf is for a reader.
type role int

const (
	other role = iota // neither shown as a body nor to be saved
	asText
	asHTML
	asAttachment
	asInline
)

// part is an entity of a message that is being made: a leaf, a multipart, or a part that holds a message.
type part struct {
	mediaType string
	fields    []string // of the header, folded with CRLF
	role      role
	file      File   // of an attachment or inline part
	text      string // what a text or HTML body says
	body      string // of a leaf, encoded

	boundary           string // of a multipart
	parts              []*part
	preamble, epilogue string

	message *Message // in a part of the type message/rfc822 that is not encoded, or is
}

// render returns the part as it stands in a message.
func (p *part) render() string {
	return strings.Join(p.fields, crlf) + crlf + crlf + p.content()
}

const crlf = "\r\n"

func (p *part) content() string {
	if p.boundary == "" {
		return p.body
	}
	var b strings.Builder
	if p.preamble != "" {
		b.WriteString(p.preamble + crlf)
	}
	for _, q := range p.parts {
		b.WriteString("--" + p.boundary + crlf + q.render() + crlf)
	}
	b.WriteString("--" + p.boundary + "--" + crlf + p.epilogue)
	return b.String()
}

// describe adds what is in p to want.
func (p *part) describe(want *Want) {
	switch p.role {
	case asText:
		want.Text = p.text
	case asHTML:
		want.HTML = p.text
	case asAttachment:
		want.Attachments = append(want.Attachments, p.file)
	case asInline:
		want.Inline = append(want.Inline, p.file)
	}
	if p.message != nil {
		want.Messages = append(want.Messages, p.message.Want)
	}
	for _, q := range p.parts {
		q.describe(want)
	}
}

func (p *part) tree() string {
	if p.boundary == "" {
		return p.mediaType
	}
	var parts []string
	for _, q := range p.parts {
		parts = append(parts, q.tree())
	}
	return p.mediaType + "(" + strings.Join(parts, " ") + ")"
}

// multipart returns a multipart whose Content-Type field is as Thunderbird and many others write it.
func multipart(subtype, boundary string, parts ...*part) *part {
	return &part{
		mediaType: "multipart/" + subtype, boundary: boundary, parts: parts,
		fields: []string{"Content-Type: multipart/" + subtype + ";" + crlf + " boundary=\"" + boundary + "\""},
	}
}

// head is what the header of a message says.
type head struct {
	id            string
	date          time.Time
	subject       string
	from, to      []Address
	cc            []Address
	sender, reply []Address
}

func (h head) want() Want {
	return Want{
		Date: h.date.Format(time.RFC3339), Subject: h.subject, MessageID: h.id,
		From: h.from, Sender: h.sender, ReplyTo: h.reply, To: h.to, Cc: h.cc,
	}
}

// assemble makes a message: the fields are its own, in front of those of its body.
func assemble(family, name string, h head, fields []string, body *part) Message {
	want := h.want()
	body.describe(&want)
	want.Tree = body.tree()
	whole := *body
	whole.fields = slices.Concat(fields, body.fields)
	return Message{Family: family, Name: name, Raw: []byte(whole.render()), Want: want}
}

// fill replaces {id}, {date} and so on in the lines of a template, which are header fields.
func fill(template string, pairs ...string) []string {
	lines := strings.Split(strings.TrimSpace(template), "\n")
	r := strings.NewReplacer(pairs...)
	for i, line := range lines {
		lines[i] = r.Replace(strings.ReplaceAll(line, "\\n", crlf))
	}
	return lines
}

// blob returns bytes that begin as a file of the type of name does, and go on at random, the same
// each time.
func blob(name string, size int) []byte {
	var b []byte
	switch extension := name[strings.LastIndexByte(name, '.')+1:]; extension {
	case "pdf":
		b = []byte("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	case "png":
		b = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	case "jpg":
		b = []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	case "gif":
		b = []byte("GIF89a")
	case "zip", "docx", "xlsx", "pptx":
		b = []byte("PK\x03\x04\x14\x00\x06\x00")
	}
	for i := 0; len(b) < size; i++ {
		sum := sha256.Sum256(fmt.Append(nil, name, i))
		b = append(b, sum[:]...)
	}
	return b[:size]
}

func mediaTypeOf(name string) string {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "pdf":
		return "application/pdf"
	case "png":
		return "image/png"
	case "jpg":
		return "image/jpeg"
	case "gif":
		return "image/gif"
	case "zip":
		return "application/zip"
	case "docx":
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	case "xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case "pptx":
		return "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	}
	return "application/octet-stream"
}

// fileOf describes a file with that content.
func fileOf(name, mediaType, id string, content []byte) File {
	sum := sha256.Sum256(content)
	return File{Name: name, Type: mediaType, ID: id, Size: len(content), SHA256: hex.EncodeToString(sum[:])}
}

// clock returns a time for the n-th message of something, in the zone of its language.
func clock(n int, zone string) time.Time {
	z, err := time.Parse("-0700", zone)
	if err != nil {
		panic(err)
	}
	_, offset := z.Zone()
	loc := time.UTC
	if offset != 0 {
		loc = time.FixedZone("", offset)
	}
	return time.Date(2026, time.January, 5, 8, 30, 0, 0, time.UTC).Add(time.Duration(n) * 7919 * time.Second).In(loc)
}

const rfc5322 = "Mon, 2 Jan 2006 15:04:05 -0700"
