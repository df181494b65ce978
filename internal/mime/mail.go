// Package mime decodes mail, well-formed or as mailers write it. [Read] decodes a message (mail.go): the tree of its
// parts (tree.go, boundary.go), the values of their headers (header.go, part.go), and which parts are the body and
// which are attachments (body.go).
//
// Other files decode what a message consists of: encoded words (words.go), parameters (params.go), addresses
// (address.go) and dates (date.go) of header fields, and paths of SMTP commands (path.go); transfer encodings
// (transfer.go, uuencode.go) with text appended to them (footer.go); charsets by all their names (charset.go,
// shifted.go), or by a guess if the name is wrong or missing (text.go, guess.go); lines and format=flowed (layout.go).
// Callers ask separately for URLs in text (urls.go), for HTML as a person sees it (html.go and look.go, with style sheets
// in style.go and stylesheet.go), and for delivery status notifications (report.go).
//
// What can't be decoded as labelled is reported in [Problems]. The package knows neither servers nor tests.
package mime

// Mail: the decoded form of a message, and the problems of decoding it.

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Mail is a decoded message.
type Mail struct {
	// Parts is the tree of parts (RFC 2045 §2.4), each part before those below it. The first part is the message
	// itself.
	Parts []Part

	// Date is the first date in the header of the message. From and the other fields are the addresses in the header.
	Date                               time.Time
	From, Sender, ReplyTo, To, Cc, Bcc []Mailbox

	// Text and HTML are the indices in Parts of the two forms of the body, or -1.
	Text, HTML int

	// Attachments and Inline are the indices in Parts of the parts to be saved, and of those to be shown inline.
	Attachments, Inline []int

	// Problems lists what could not be decoded as labelled, in sentences that begin with the place. Places lists the
	// places in the same order. After MaxProblems problems one more sentence says that there are more.
	Problems []string
	Places   []Place
}

// Read decodes a message. It never fails; see Mail.Problems. The byte slices of the result share the memory of raw.
func Read(raw []byte) *Mail {
	m := &Mail{Text: -1, HTML: -1}
	t := treeReader{mail: m, raw: raw, bounds: NewBoundaries(raw)}
	t.entity(0, "", 0, "text/plain", "")
	m.readHeader(m.Parts[0].Params["charset"])
	m.findBodies()
	return m
}

// Outline returns the parts of a message as Read does, but without their contents, which take most of the time to
// decode.
func Outline(raw []byte) []Part {
	t := treeReader{mail: new(Mail), raw: raw, bounds: NewBoundaries(raw), outline: true}
	t.entity(0, "", 0, "text/plain", "")
	return t.mail.Parts
}

// MaxProblems is the maximum number of problems of a message, and of each thing in it.
const MaxProblems = 100

// Problems lists what could not be decoded as labelled, in sentences for people. The zero value is an empty list.
type Problems []string

// full reports whether no more problems are added. A caller that may have many problems asks first, which saves the
// memory of the arguments.
func (p *Problems) full() bool { return len(*p) >= MaxProblems }

// Addf adds a problem, unless the list is full.
func (p *Problems) Addf(format string, args ...any) {
	if !p.full() {
		*p = append(*p, fmt.Sprintf(format, args...))
	}
}

// Clip shortens text from a message for use in a problem.
func Clip[T string | []byte](s T) string {
	const most = 60
	if len(s) <= most {
		return string(s)
	}
	return string(s[:most]) + "…"
}

// Place is the place of a problem.
type Place struct {
	Part   string // the path of the part; "" for the message's own header, and for a multipart that is the whole body
	Header bool   // the problem is in the header of the part, not in its body
	Field  string // the name of the header field; "" if the problem is not in a field
	Offset int    // where the header, the field or the body begins; -1 if the sentence says that there are more problems
}

// String returns the place as it stands at the beginning of a problem.
func (p Place) String() string {
	where := "body"
	switch {
	case p.Header && p.Part != "":
		where = "part " + p.Part + ", header"
	case p.Header:
		where = "header"
	case p.Part != "":
		where = "part " + p.Part
	}
	if p.Field != "" {
		where += " " + p.Field
	}
	return where + " at byte " + strconv.Itoa(p.Offset)
}

// problems adds the problems at a place. After MaxProblems it adds only a sentence that there are more.
func (m *Mail) problems(where Place, bad Problems) {
	for _, why := range bad {
		switch n := len(m.Problems); {
		case n < MaxProblems:
			m.Problems, m.Places = append(m.Problems, where.String()+": "+why), append(m.Places, where)
		case n == MaxProblems:
			m.Problems = append(m.Problems, "there are more problems than are listed here")
			m.Places = append(m.Places, Place{Offset: -1})
		}
	}
}

// readHeader sets the fields of Mail that come from the header of the message. The hint is the charset of values that
// are not UTF-8.
func (m *Mail) readHeader(hint string) {
	var bad Problems
	at := 0
	for _, f := range m.Parts[0].Header {
		bad = nil
		switch {
		case strings.EqualFold(f.Name, "Date"):
			if t, ok := ParseDate(f.Value); !ok {
				bad.Addf("%q is not a date", Clip(f.Value))
			} else if m.Date.IsZero() {
				m.Date = t
			}
		case strings.EqualFold(f.Name, "From"):
			m.From = f.appendAddresses(m.From, hint, &bad)
		case strings.EqualFold(f.Name, "Sender"):
			m.Sender = f.appendAddresses(m.Sender, hint, &bad)
		case strings.EqualFold(f.Name, "Reply-To"):
			m.ReplyTo = f.appendAddresses(m.ReplyTo, hint, &bad)
		case strings.EqualFold(f.Name, "To"):
			m.To = f.appendAddresses(m.To, hint, &bad)
		case strings.EqualFold(f.Name, "Cc"):
			m.Cc = f.appendAddresses(m.Cc, hint, &bad)
		case strings.EqualFold(f.Name, "Bcc"):
			m.Bcc = f.appendAddresses(m.Bcc, hint, &bad)
		}
		m.problems(Place{Header: true, Field: f.Name, Offset: at}, bad)
		at += len(f.Raw)
	}
}

// appendAddresses appends the addresses of a field to those of an earlier one.
func (f Field) appendAddresses(all []Mailbox, hint string, bad *Problems) []Mailbox {
	list := ParseAddresses(f.Body(), hint, bad)
	if all == nil {
		return list
	}
	return append(all, list...)
}
