package imap

// Documents: decoded messages, with what several items of a command need to know about them.

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// maxNested is the maximum number of messages inside one another that are looked into. It is that of Dovecot, too.
const maxNested = mime.MaxDepth

// document is a decoded message. It remembers what it was asked for, since a command may ask for thousands of items.
type document struct {
	*mailtest.Message
	nested   int               // the number of messages around it
	numbers  map[string]int    // the indices of the parts, by their paths
	inner    map[int]*document // the messages that parts hold, by the indices of the parts; nil for those that hold none
	searched *searched
}

// searched has what SEARCH looks into, in lower case.
type searched struct {
	fields    map[string][]string // the values of the message's own header fields, by name
	all, body []string            // the texts of TEXT and BODY
}

// part returns the index of the part with a number, or -1 if there is none.
func (d *document) part(number []int) int {
	if len(number) > mime.MaxDepth {
		return -1
	}
	if d.numbers == nil {
		d.numbers = make(map[string]int, len(d.Parts))
		for i := len(d.Parts) - 1; i >= 0; i-- { // the first of several counts
			d.numbers[d.Parts[i].Path] = i
		}
	}
	words := make([]string, len(number))
	for i, n := range number {
		words[i] = strconv.Itoa(n)
	}
	if i, ok := d.numbers[strings.Join(words, ".")]; ok {
		return i
	}
	return -1
}

// inside returns the message that a part holds, or nil.
func (d *document) inside(i int) *document {
	inner, known := d.inner[i]
	if known {
		return inner
	}
	if d.nested < maxNested {
		if m := d.Parts[i].Message(); m != nil {
			inner = &document{Message: m, nested: d.nested + 1}
		}
	}
	if d.inner == nil {
		d.inner = make(map[int]*document)
	}
	d.inner[i] = inner
	return inner
}

// message is inside for a client that fetches the message. Without its encoding a message would have other bytes than those
// that the client can fetch, so an encoded part holds none (RFC 2046 §5.2.1 forbids it).
func (d *document) message(i int) *document {
	if p := &d.Parts[i]; !bytes.Equal(p.Raw, p.Content) {
		return nil
	}
	return d.inside(i)
}

// search returns what SEARCH looks into.
func (d *document) search() *searched {
	if d.searched != nil {
		return d.searched
	}
	s := &searched{fields: make(map[string][]string)}
	d.searched = s
	for _, f := range d.Header {
		name := strings.ToLower(f.Name)
		s.fields[name] = append(s.fields[name], strings.ToLower(f.Value))
	}
	for i, p := range d.Parts {
		text := strings.ToLower(p.Text)
		s.all = append(appendHeader(s.all, p.Header), text)
		inner := d.inside(i)
		if inner == nil {
			s.body = append(s.body, text)
			continue
		}
		s.all = append(s.all, inner.search().all...)
		s.body = append(appendHeader(s.body, inner.Header), inner.search().body...)
	}
	return s
}

// appendHeader appends the fields of a header in lower case.
func appendHeader(texts []string, header []mailtest.Field) []string {
	for _, f := range header {
		texts = append(texts, strings.ToLower(f.Name+": "+f.Value))
	}
	return texts
}
