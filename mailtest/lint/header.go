package lint

// This file looks at headers and their fields (RFC 5322 §2.2, §3.6).

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// field is a header field with its place.
type field struct {
	name string // in lower case
	body string // unfolded, not decoded
	at   int    // where it begins in the message
}

// header looks at the header of a part, and returns its fields.
func (c *checker) header(p *mime.Part, path string) (fields []field) {
	at := p.Start
	for _, f := range p.Header {
		c.field(f, path, at)
		c.places = append(c.places, at)
		fields = append(fields, field{strings.ToLower(f.Name), f.Body(), at})
		at += len(f.Raw)
	}
	root := path == ""
	if root {
		c.fields = fields
	}
	for _, f := range fields {
		c.words(f, path)
	}
	switch text := bytes.TrimRight(c.line(at), "\r\n"); {
	case len(fields) == 0 && root:
		c.add(headerMissing, 0, "the message begins with %s, which is not a header field", quote(text))
	case len(text) > 0 && !(bytes.HasPrefix(text, []byte("--")) && !root):
		c.out.add(blankLineMissing, path, at, "%s is neither a header field nor the empty line that ends the header", quote(text))
	}
	return fields
}

// displaced looks for a field that the header lacks among the first lines of the body. A multipart is not looked at,
// since its parts have headers.
func (c *checker) displaced() {
	if strings.HasPrefix(c.tree[0].MediaType, "multipart/") {
		return
	}
	const lines = 20
	at := c.tree[0].Body
	for range lines {
		line := c.line(at)
		name, _, found := bytes.Cut(line, []byte(": "))
		if found && displaceable(string(name)) && c.find(string(name)) == nil {
			c.add(headerInBody, at, "the header has no such field, but the body has the line %s", quote(bytes.TrimRight(line, "\r\n")))
			return
		}
		at += len(line)
	}
}

// displaceable reports whether a name is that of a field that no reader sees, so a text does not have it at the
// beginning of a line.
func displaceable(name string) bool {
	switch strings.ToLower(name) {
	case "message-id", "mime-version", "content-type", "content-transfer-encoding":
		return true
	}
	return false
}

// field looks at the bytes of one field.
func (c *checker) field(f mime.Field, path string, at int) {
	switch {
	case f.Name == "" && !strings.HasPrefix(strings.TrimPrefix(f.Raw, ">"), "From "):
		c.out.add(fieldName, path, at, "%s is not a header field", quote(strings.TrimRight(f.Raw, "\r\n")))
	case f.Name == "":
		c.out.add(fieldName, path, at, "%s is a line of a mailbox file and no header field", quote(strings.TrimRight(f.Raw, "\r\n")))
	case strings.ContainsAny(f.Name, " \t"):
		c.out.add(fieldName, path, at, "the field name %s has a space in it", quote(f.Name))
	case len(f.Raw) > len(f.Name) && f.Raw[len(f.Name)] != ':':
		c.out.add(fieldName, path, at, "there is a space between the field name %s and the colon", quote(f.Name))
	}
	bad, what := -1, 0
	for i := 0; i < len(f.Raw); i++ {
		switch b := f.Raw[i]; {
		case b >= utf8.RuneSelf && bad < 0:
			bad = i
		case (b < ' ' && b != '\t' && b != '\r' && b != '\n' && b != 0 || b == 0x7f) && what == 0:
			what = int(b)
			c.out.add(controlCharacter, path, at+i, "the control character %#02x is in the field %s", b, quote(f.Name))
		}
	}
	switch {
	case bad < 0:
	case !c.msg.Envelope.SMTPUTF8:
		c.out.add(headerNotASCII, path, at+bad, "the field %s has bytes beyond ASCII: %s", quote(f.Name), quote(strings.TrimRight(f.Raw[bad:], "\r\n")))
	case !utf8.ValidString(f.Raw):
		c.out.add(headerNotUTF8, path, at+bad, "the field %s is not UTF-8: %s", quote(f.Name), quote(strings.TrimRight(f.Raw[bad:], "\r\n")))
	case !needsUTF8(c.msg.Envelope):
		c.out.add(headerRawUTF8, path, at+bad, "%s %s, and is garbage at every server without SMTPUTF8: %s", rawText(f.Name), quote(f.Name), quote(strings.TrimRight(f.Raw[bad:], "\r\n")))
	}
	first := true
	for line := range strings.Lines(f.Raw) {
		text := strings.TrimRight(line, "\r\n")
		switch n := utf8.RuneCountInString(text); {
		case !first && strings.Trim(text, " \t") == "":
			c.out.add(foldBlank, path, at, "the field %s goes on with a line that has only white space", quote(f.Name))
		case n > 78 && len(text) <= 998 && foldable(text, first):
			c.out.add(headerLineLength, path, at, "the line has %d characters: %s", n, quote(text))
		}
		at += len(line)
		first = false
	}
}

// needsUTF8 reports whether an envelope has an address that no server without SMTPUTF8 takes.
func needsUTF8(e mailtest.Envelope) bool {
	return !isASCII([]byte(e.From)) || slices.ContainsFunc(e.To, func(r mailtest.Recipient) bool { return !isASCII([]byte(r.Address)) })
}

// rawText says of a field that it has text beyond ASCII as it is, and what should be there.
func rawText(name string) string {
	switch kindOf(strings.ToLower(name)) {
	case parameters:
		return "a parameter beyond ASCII, such as a file name, stands as it is (RFC 2231 wants filename*=utf-8''…) in the field"
	case identifiers, trace:
		return "text beyond ASCII is in the field"
	}
	return "text beyond ASCII stands as it is (RFC 2047 wants encoded words) in the field"
}

// foldable reports whether a line of a field has white space where it could be folded.
func foldable(line string, first bool) bool {
	if first {
		_, line, _ = strings.Cut(line, ":")
	}
	return strings.ContainsAny(strings.Trim(line, " \t"), " \t")
}

// place returns where the first field of that name begins in the message, or -1.
func (c *checker) place(name string) int {
	if f := c.find(name); f != nil {
		return f.at
	}
	return -1
}

// find returns the first field of that name of the message's header, or nil.
func (c *checker) find(name string) *field {
	for i := range c.fields {
		if strings.EqualFold(c.fields[i].name, name) {
			return &c.fields[i]
		}
	}
	return nil
}

// once looks for fields that are missing, and for second ones of those that may be there once.
func (c *checker) once() {
	if len(c.fields) > 0 { // else that is the finding
		c.needed()
	}
	c.twice(c.fields, "", "date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references",
		"subject", "mime-version")
	if f := c.find("Return-Path"); f != nil && c.find("Received") == nil {
		c.add(returnPath, f.at, "the sender has written Return-Path: %s", quote(f.body))
	}
}

func (c *checker) needed() {
	for _, need := range []struct {
		name string
		rule rule
	}{{"Date", dateMissing}, {"From", fromMissing}, {"Message-ID", messageIDMissing}} {
		if c.find(need.name) == nil {
			c.add(need.rule, -1, "there is no %s field", need.name)
		}
	}
}

// twice reports those of the named fields that are there again.
func (c *checker) twice(fields []field, path string, names ...string) {
	seen := make(map[string]bool)
	for _, f := range fields {
		for _, name := range names {
			if f.name == name && seen[name] {
				c.out.add(fieldTwice, path, f.at, "the field %s is there again: %s", quote(name), quote(f.body))
			}
		}
		seen[f.name] = true
	}
}
