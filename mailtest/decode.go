package mailtest

// This file turns the raw bytes of a message into its decoded form: what the header fields
// say, which parts are text, attachments and inline, and what is wrong.

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// decode fills everything that follows from Raw. It must be called once.
func (m *Message) decode() {
	d := decoder{msg: m, raw: m.Raw, bounds: mime.NewBoundaries(m.Raw)}
	d.entity(0, "", 0, "text/plain", "")
	m.Header = m.Parts[0].Header
	m.fillHeader(m.Parts[0].Params["charset"])
	m.fillBodies()
}

// place is an element of Message.Places.
type place struct {
	Part   string
	Header bool
	Field  string
	Offset int
}

// String returns the place as the sentences of Message.Problems begin with it.
func (p place) String() string {
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

// addProblems notes what is wrong at a place. Beyond mime.MaxProblems it says only that there is more.
func (m *Message) addProblems(where place, bad mime.Problems) {
	for _, why := range bad {
		switch n := len(m.Problems); {
		case n < mime.MaxProblems:
			m.Problems, m.Places = append(m.Problems, where.String()+": "+why), append(m.Places, where)
		case n == mime.MaxProblems:
			m.Problems = append(m.Problems, "there are more problems than are listed here")
			m.Places = append(m.Places, place{Offset: -1})
		}
	}
}

// fillHeader sets what header fields say. The hint is the charset of what is not in UTF-8.
func (m *Message) fillHeader(hint string) {
	m.Subject, m.MessageID = m.Get("Subject"), mime.TrimID(m.Get("Message-ID"))
	var bad mime.Problems
	at := 0
	for _, f := range m.Header {
		bad = nil
		switch {
		case strings.EqualFold(f.Name, "Date"):
			if t, ok := mime.ParseDate(f.Value); !ok {
				bad.Addf("%q is not a date", mime.Clip(f.Value))
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
		m.addProblems(place{Header: true, Field: f.Name, Offset: at}, bad)
		at += len(f.Raw)
	}
}

// appendAddresses adds the addresses of the field to those of an earlier one.
func (f Field) appendAddresses(all []Address, hint string, bad *mime.Problems) []Address {
	list := mime.ParseAddresses(f.body(), hint, bad)
	all = slices.Grow(all, len(list))
	for _, m := range list {
		all = append(all, Address(m))
	}
	return all
}

// fillBodies finds the text, the HTML, the attachments and the inline parts.
func (m *Message) fillBodies() {
	body := m.bodyParts()
	text, html := -1, -1 // their indices in Parts
	for i, p := range m.Parts {
		switch {
		case !body[i]:
		case text < 0 && p.MediaType == "text/plain":
			text, m.Text = i, p.Text
		case html < 0 && p.MediaType == "text/html":
			html, m.HTML = i, p.Text
		}
	}
	shown := contentIDs(m.HTML)
	for i, p := range m.Parts {
		isText := strings.HasPrefix(p.MediaType, "text/")
		isOther := isText && p.MediaType != "text/plain" && p.MediaType != "text/html"
		switch {
		case i == text || i == html || strings.HasPrefix(p.MediaType, "multipart/"):
		case p.ContentID != "" && shown[p.ContentID]:
			m.Inline = append(m.Inline, p)
		case p.Disposition != "" && p.Disposition != "inline":
			m.Attachments = append(m.Attachments, p)
		case p.Filename == "" && (body[i] || isOther):
		case body[i] || p.ContentID != "" || p.Disposition == "inline" && !isText:
			m.Inline = append(m.Inline, p)
		default:
			m.Attachments = append(m.Attachments, p)
		}
	}
}

// bodyParts reports for each part whether it is plain text or HTML of the body, by the algorithm of
// RFC 8621 §4.1.4, except that a file name does not make an attachment of one that is an alternative or
// says that it is inline.
func (m *Message) bodyParts() []bool {
	body := make([]bool, len(m.Parts))
	isBody := func(p *Part, named bool) bool {
		return (p.MediaType == "text/plain" || p.MediaType == "text/html") &&
			(p.Disposition == "inline" || p.Disposition == "" && (named || p.Filename == ""))
	}
	body[0] = isBody(&m.Parts[0], true)
	for i := range m.Parts {
		parent := &m.Parts[i]
		first, end := i+1, i+1+parent.Below
		if parent.MediaType == "multipart/related" {
			first = m.root(i)
		}
		for k := i + 1; k < end; k += 1 + m.Parts[k].Below {
			body[k] = isBody(&m.Parts[k], k == first || parent.MediaType == "multipart/alternative") &&
				(k == first || parent.MediaType != "multipart/related")
		}
	}
	return body
}

// root returns the index of the root of the multipart/related that is part i: the part that its
// parameter start names, or else the first (RFC 2387 §3.2).
func (m *Message) root(i int) int {
	if start := mime.TrimID(m.Parts[i].Params["start"]); start != "" {
		for k := i + 1; k <= i+m.Parts[i].Below; k += 1 + m.Parts[k].Below {
			if m.Parts[k].ContentID == start {
				return k
			}
		}
	}
	return i + 1
}

// contentIDs returns the ids that the HTML refers to as "cid:…" (RFC 2392 §2), in any letter case.
func contentIDs(html string) map[string]bool {
	var ids map[string]bool
	for {
		before, after, found := strings.Cut(html, ":")
		if !found {
			return ids
		}
		if !hasSuffixFold(before, "cid") {
			html = after
			continue
		}
		if ids == nil {
			ids = map[string]bool{}
		}
		end := strings.IndexAny(after, "\"'<> \t\n)&")
		if end < 0 {
			end = len(after)
		}
		if id, err := url.PathUnescape(after[:end]); err == nil {
			ids[id] = true
		}
		html = after[end:]
	}
}

// hasSuffixFold reports whether s ends with an ASCII suffix in any letter case.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && strings.EqualFold(s[len(s)-len(suffix):], suffix)
}
