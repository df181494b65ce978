package mailtest

// This file takes the body of a message apart into its tree of parts (RFC 2045, RFC 2046).

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of the tree of parts; see Message.
const (
	maxDepth  = 100
	maxParts  = 10_000
	maxCopies = 4 // messages within encoded messages: each costs a copy of what is in it
)

// decoder reads one message, and those inside it that need no decoding first, in a single pass: it
// looks for the boundaries of all open multiparts at the same time, so each line is looked at once
// however deep the nesting.
type decoder struct {
	raw    []byte
	msg    *Message       // the message that is being read, which gets the problems
	base   int            // where msg begins in raw
	bounds map[string]int // the boundaries of the open multiparts, with their level from 1
	parts  int            // the number of parts up to now
	copies int            // how many transfer encodings raw has been through
	full   bool           // there were more than maxParts: the last one gets the rest
}

// delimiter is what ends the body of a part: the line with a boundary, or the end of the message.
type delimiter struct {
	end   int  // of the body
	next  int  // where the line after the boundary begins
	level int  // of the multipart whose boundary it is, 0 at the end of the message
	final bool // the boundary has "--" at its end
}

// message reads the message that begins at at, at the given depth in the tree.
func (d *decoder) message(m *Message, at, depth int) delimiter {
	outer, base := d.msg, d.base
	d.msg, d.base = m, at
	body, delim := d.entity(at, "", depth, "text/plain", "")
	m.Raw = d.between(at, delim.end)
	m.fill(body)
	d.msg, d.base = outer, base
	return delim
}

// entity reads the part that begins at at: its header, its body, and the parts below it. The media
// type is what a part has that names none, and the hint the charset of unlabelled text. The path of
// the root of a message is "".
func (d *decoder) entity(at int, path string, depth int, mediaType, hint string) (Part, delimiter) {
	d.parts++
	p := Part{Path: path, MediaType: mediaType}
	body, boundary := d.readHeader(&p, at, &hint)
	if strings.HasPrefix(p.MediaType, "multipart/") && d.open(&p, boundary, body, depth) {
		delim := d.readParts(&p, boundary, body, depth, hint)
		p.Raw = d.between(body, delim.end)
		if p.Parts == nil {
			p.Path, p.Content = leafPath(path), p.Raw
		}
		return p, delim
	}
	p.Path = leafPath(path)
	encoded := p.Encoding == "base64" || p.Encoding == "quoted-printable"
	nested := (p.MediaType == "message/rfc822" || p.MediaType == "message/global") && d.mayNest(&p, body, depth)
	if nested && !encoded {
		p.Message = &Message{}
		delim := d.message(p.Message, body, depth+1)
		p.Raw, p.Content = p.Message.Raw, p.Message.Raw
		d.adoptProblems(&p)
		return p, delim
	}
	delim := d.nextDelimiter(body)
	p.Raw = d.between(body, delim.end)
	d.readLeaf(&p, body, hint)
	if nested {
		p.Message = &Message{}
		inner := decoder{raw: p.Content, bounds: map[string]int{}, parts: d.parts, copies: d.copies + 1}
		inner.message(p.Message, 0, depth+1)
		d.parts = inner.parts
		d.adoptProblems(&p)
	}
	return p, delim
}

// leafPath returns the path of a leaf: that of a root is "1".
func leafPath(path string) string { return cmp.Or(path, "1") }

// readHeader fills in what the header that begins at at says about the part, changes hint if it
// names a charset, and returns where the body begins, and the boundary as it stands there.
func (d *decoder) readHeader(p *Part, at int, hint *string) (body int, boundary string) {
	where := "header"
	if p.Path != "" {
		where = "part " + p.Path + ", header"
	}
	var bad, badType faults
	p.Header, body = d.header(at, &bad)
	d.msg.addProblem(where, "", at-d.base, bad)
	boundary = p.readType(rawValue(p.Header, "Content-Type"), *hint, &badType)
	if charset := p.Params["charset"]; charset != "" {
		*hint = charset
	}
	typed := false // there was a Content-Type
	for i := range p.Header {
		f := &p.Header[i]
		raw, bad := f.body(), faults(nil)
		f.Value = decodeWords(raw, *hint, &bad)
		switch {
		case strings.EqualFold(f.Name, "Content-Type"):
			if typed {
				bad.addf("it is there again, and does not count")
			}
			bad, badType, typed = append(bad, badType...), nil, true
		case strings.EqualFold(f.Name, "Content-Transfer-Encoding") && p.Encoding != "":
			bad.addf("it is there again, and does not count")
		case strings.EqualFold(f.Name, "Content-Transfer-Encoding"):
			p.readEncoding(raw, &bad)
		case strings.EqualFold(f.Name, "Content-Disposition") && p.Disposition == "":
			p.readDisposition(raw, *hint, &bad)
		case strings.EqualFold(f.Name, "Content-ID") && p.ContentID == "":
			p.ContentID = toUTF8(trimID(raw), *hint, new(faults))
		}
		d.msg.addProblem(where, f.Name, at-d.base, bad)
		at += len(f.Raw)
	}
	return body, boundary
}

// readType reads the Content-Type. Without one the part keeps the type that it has. It returns the boundary, which may
// be no UTF-8.
func (p *Part) readType(s, hint string, bad *faults) (boundary string) {
	if s == "" {
		return ""
	}
	value, params := parseParams(s, hint, bad)
	if charset := params["charset"]; charset != "" && !utf8.ValidString(s) { // the name may be in the charset of the content
		_, params = parseParams(s, charset, new(faults))
	}
	major, minor, _ := strings.Cut(value, "/")
	if major == "" || minor == "" || strings.ContainsAny(value, " \t\"(),:;<=>?@[\\]") || strings.Contains(minor, "/") {
		bad.addf("%q is not a media type: read as text/plain", clip(value))
		value = "text/plain"
	}
	p.MediaType, p.Params = value, params
	if p.Filename == "" {
		p.Filename = params["name"]
	}
	boundary = strings.TrimRight(params["boundary"], " \t")
	if !utf8.ValidString(boundary) { // which the field has been reported for
		params["boundary"] = toUTF8(params["boundary"], hint, new(faults))
	}
	return boundary
}

func (p *Part) readEncoding(s string, bad *faults) {
	p.Encoding, _ = parseParams(s, "", new(faults))
	switch p.Encoding {
	case "", "7bit", "8bit", "binary":
	case "base64", "quoted-printable":
		switch major, _, _ := strings.Cut(p.MediaType, "/"); {
		case major == "multipart":
			bad.addf("a multipart cannot have the transfer encoding %s (RFC 2045 §6.4): read as if it had none", p.Encoding)
		case p.MediaType == "message/rfc822":
			bad.addf("a message cannot have the transfer encoding %s (RFC 2046 §5.2.1): decoded nevertheless", p.Encoding)
		}
	default:
		bad.addf("the transfer encoding %q is unknown: the content is left as it is", clip(p.Encoding))
	}
}

func (p *Part) readDisposition(s, hint string, bad *faults) {
	value, params := parseParams(s, hint, bad)
	p.Disposition = value
	if name := params["filename"]; name != "" {
		p.Filename = name
	}
}

// readLeaf fills in the content of the leaf whose Raw begins at at.
func (d *decoder) readLeaf(p *Part, at int, hint string) {
	var bad faults
	p.Content = p.Raw
	if !strings.HasPrefix(p.MediaType, "multipart/") {
		p.Content = decodeTransfer(p.Raw, p.Encoding, &bad)
	}
	if strings.HasPrefix(p.MediaType, "text/") {
		p.Text = p.readable(hint, &bad)
	}
	d.problem(p, at, bad)
}

// readable returns the content of a text part as a person would read it.
func (p *Part) readable(hint string, bad *faults) string {
	charset := p.Params["charset"]
	if charset == "" && p.MediaType == "text/html" {
		charset = charsetOfHTML(p.Content)
	}
	text := decodeCharset(p.Content, charset, hint, asLF, bad)
	text = strings.TrimPrefix(text, "\ufeff") // the byte order mark
	if p.MediaType == "text/plain" && strings.EqualFold(p.Params["format"], "flowed") {
		text = unflow(text, strings.EqualFold(p.Params["delsp"], "yes"))
	}
	return text
}

// open makes the boundary of the multipart p one to look for. It returns false if that cannot be.
func (d *decoder) open(p *Part, boundary string, at, depth int) bool {
	var bad faults
	_, used := d.bounds[boundary]
	switch {
	case boundary == "":
		bad.addf("the multipart has no boundary parameter: it is left as it is")
	case used:
		bad.addf("the boundary %q is that of a multipart around this one, which gets the parts", clip(boundary))
	case !d.mayNest(p, at, depth):
		return false
	default:
		d.bounds[boundary] = len(d.bounds) + 1
		return true
	}
	d.problem(p, at, bad)
	return false
}

// mayNest returns whether there may be parts below p.
func (d *decoder) mayNest(p *Part, at, depth int) bool {
	var bad faults
	switch {
	case depth >= maxDepth:
		bad.addf("it is nested %d deep: it is not taken apart", depth)
	case d.copies >= maxCopies:
		bad.addf("it is in %d encoded messages: it is not taken apart", d.copies)
	case d.parts >= maxParts:
		bad.addf("there are more than %d parts: it is not taken apart", maxParts)
	default:
		return true
	}
	d.problem(p, at, bad)
	return false
}

// readParts reads the parts of the open multipart whose body begins at at, and closes it.
func (d *decoder) readParts(p *Part, boundary string, at, depth int, hint string) delimiter {
	var bad faults
	level := d.bounds[boundary]
	mediaType := "text/plain"
	if p.MediaType == "multipart/digest" {
		mediaType = "message/rfc822" // RFC 2046 §5.1.5
	}
	prefix := ""
	if p.Path != "" {
		prefix = p.Path + "."
	}
	delim := d.nextDelimiter(at)
	for delim.level == level && !delim.final {
		if d.parts >= maxParts {
			bad.addf("there are more than %d parts: part %s%d gets all that is left", maxParts, prefix, len(p.Parts)+1)
			clear(d.bounds)
			d.full = true
		}
		var child Part
		child, delim = d.entity(delim.next, prefix+strconv.Itoa(len(p.Parts)+1), depth+1, mediaType, hint)
		p.Parts = append(p.Parts, child)
	}
	delete(d.bounds, boundary)
	switch {
	case delim.level == level:
		if len(p.Parts) == 0 {
			bad.addf("the multipart has no parts")
		}
		delim = d.nextDelimiter(delim.next) // the epilogue
	case d.full:
	case len(p.Parts) == 0:
		bad.addf("no line is the boundary %q", clip(boundary))
	default:
		bad.addf("the closing boundary %q is missing", clip(boundary))
	}
	d.problem(p, at, bad)
	return delim
}

// problem notes what is wrong with the body of p, which begins at at.
func (d *decoder) problem(p *Part, at int, bad faults) {
	if p.Path == "" {
		d.msg.addProblem("body", "", at-d.base, bad)
		return
	}
	d.msg.addProblem("part", p.Path, at-d.base, bad)
}

// nextDelimiter returns what ends the body that begins at from.
func (d *decoder) nextDelimiter(from int) delimiter {
	if delim, ok := d.delimiterAt(from); ok {
		return delim
	}
	for at := from; len(d.bounds) > 0; {
		i := bytes.Index(d.raw[at:], []byte("\n--"))
		if i < 0 {
			break
		}
		at += i + 1
		if delim, ok := d.delimiterAt(at); ok {
			return delim
		}
	}
	return delimiter{end: len(d.raw), next: len(d.raw)}
}

// between returns the bytes from start to end, with no room to append, or none if that is negative.
func (d *decoder) between(start, end int) []byte {
	return d.raw[min(start, end):end:end]
}

// delimiterAt returns the delimiter that is the line at at, if it is one. Nothing but white space may be
// behind the boundary, so that one may begin with another. The line end before it is part of it (RFC 2046
// §5.1.1), so that the end of an empty body may be before its beginning.
func (d *decoder) delimiterAt(at int) (delim delimiter, ok bool) {
	if len(d.bounds) == 0 || !bytes.HasPrefix(d.raw[at:], []byte("--")) {
		return delim, false
	}
	delim.end = at - len(lineBreak(d.raw[:at]))
	delim.next = d.lineEnd(at)
	line := bytes.TrimRight(d.raw[at+2:delim.next], " \t\r\n")
	if delim.level, ok = d.bounds[string(line)]; ok {
		return delim, true
	}
	line, delim.final = bytes.CutSuffix(line, []byte("--"))
	delim.level, ok = d.bounds[string(line)]
	return delim, ok && delim.final
}

// adoptProblems repeats the problems of the message that p holds.
func (d *decoder) adoptProblems(p *Part) {
	for _, s := range p.Message.Problems {
		d.msg.addProblemText("part " + p.Path + ", message: " + s)
	}
}
