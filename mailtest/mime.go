package mailtest

// This file takes the body of a message apart into its tree of parts (RFC 2045, RFC 2046).

import (
	"cmp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// Bounds of the tree of parts; see Message.
const (
	maxDepth = 100
	maxParts = 10_000
)

// decoder reads the parts of a message in a single pass: it looks for the boundaries of all open
// multiparts at the same time.
type decoder struct {
	raw    []byte
	msg    *Message        // which gets the parts and the problems
	bounds mime.Boundaries // those of the open multiparts
	full   bool            // there were more than maxParts: the last one gets the rest
}

// entity reads the part that begins at at: its header, its body, and the parts below it. The media
// type is what a part has that names none, and the hint the charset of unlabelled text. The path of
// the root is "".
func (d *decoder) entity(at int, path string, depth int, mediaType, hint string) mime.Delimiter {
	p := Part{Path: path, MediaType: mediaType}
	body, boundary := d.readHeader(&p, at, &hint)
	index := len(d.msg.Parts)
	d.msg.Parts = append(d.msg.Parts, p)
	var delim mime.Delimiter
	if strings.HasPrefix(p.MediaType, "multipart/") && d.open(&p, boundary, body, depth) {
		delim = d.readParts(&p, boundary, body, depth, hint)
	} else {
		delim = d.bounds.Next(body)
	}
	p.Raw, p.Below = d.between(body, delim.End), len(d.msg.Parts)-index-1
	if p.Below == 0 {
		p.Path = cmp.Or(path, "1")
		d.readLeaf(&p, body, hint)
	}
	d.msg.Parts[index] = p
	return delim
}

// readHeader fills in what the header that begins at at says about the part, changes hint if it
// names a charset, and returns where the body begins, and the boundary as it stands there.
func (d *decoder) readHeader(p *Part, at int, hint *string) (body int, boundary string) {
	var bad, badType mime.Problems
	p.Header, body = d.fields(at, &bad)
	d.msg.addProblems(place{Part: p.Path, Header: true, Offset: at}, bad)
	boundary = p.readType(rawValue(p.Header, "Content-Type"), *hint, &badType)
	if charset := p.Params["charset"]; charset != "" {
		*hint = charset
	}
	typed := false // there was a Content-Type
	for i := range p.Header {
		f := &p.Header[i]
		raw, bad := f.body(), mime.Problems(nil)
		f.Value = mime.DecodeWords(raw, *hint, &bad)
		switch {
		case strings.EqualFold(f.Name, "Content-Type"):
			if typed {
				bad.Addf("it is there again, and does not count")
			}
			bad, badType, typed = append(bad, badType...), nil, true
		case strings.EqualFold(f.Name, "Content-Transfer-Encoding") && p.Encoding != "":
			bad.Addf("it is there again, and does not count")
		case strings.EqualFold(f.Name, "Content-Transfer-Encoding"):
			p.readEncoding(raw, &bad)
		case strings.EqualFold(f.Name, "Content-Disposition") && p.Disposition == "":
			p.readDisposition(raw, *hint, &bad)
		case strings.EqualFold(f.Name, "Content-ID") && p.ContentID == "":
			p.ContentID = mime.ToUTF8(mime.TrimID(raw), *hint, new(mime.Problems))
		}
		d.msg.addProblems(place{Part: p.Path, Header: true, Field: f.Name, Offset: at}, bad)
		at += len(f.Raw)
	}
	return body, boundary
}

// readType reads the Content-Type. Without one the part keeps the type that it has. It returns the
// boundary, which may be no UTF-8.
func (p *Part) readType(s, hint string, bad *mime.Problems) (boundary string) {
	if s == "" {
		return ""
	}
	s = mime.Token(s, bad)
	value, params := mime.ParseParams(s, hint, bad)
	if charset := params["charset"]; charset != "" && !utf8.ValidString(s) { // the name may be in the charset of the content
		_, params = mime.ParseParams(s, charset, new(mime.Problems))
	}
	major, minor, _ := strings.Cut(value, "/")
	if major == "" || minor == "" || strings.ContainsAny(value, " \t\"(),:;<=>?@[\\]") || strings.Contains(minor, "/") {
		bad.Addf("%q is not a media type: read as text/plain", mime.Clip(value))
		value = "text/plain"
	}
	p.MediaType, p.Params = value, params
	if p.Filename == "" {
		p.Filename = params["name"]
	}
	boundary = strings.TrimRight(params["boundary"], " \t")
	if !utf8.ValidString(boundary) { // which the field has been reported for
		params["boundary"] = mime.ToUTF8(params["boundary"], hint, new(mime.Problems))
	}
	return boundary
}

func (p *Part) readEncoding(s string, bad *mime.Problems) {
	p.Encoding, _ = mime.ParseParams(mime.Token(s, bad), "", new(mime.Problems))
	switch p.Encoding {
	case "", "7bit", "8bit", "binary":
	case "base64", "quoted-printable":
		switch major, _, _ := strings.Cut(p.MediaType, "/"); {
		case major == "multipart":
			bad.Addf("a multipart cannot have the transfer encoding %s (RFC 2045 §6.4): read as if it had none", p.Encoding)
		case p.MediaType == "message/rfc822":
			bad.Addf("a message cannot have the transfer encoding %s (RFC 2046 §5.2.1): decoded nevertheless", p.Encoding)
		}
	default:
		if mime.IsUU(p.Encoding) {
			return
		}
		bad.Addf("the transfer encoding %q is unknown: the content is left as it is", mime.Clip(p.Encoding))
	}
}

func (p *Part) readDisposition(s, hint string, bad *mime.Problems) {
	s = mime.Token(s, bad)
	if first, _, _ := strings.Cut(s, ";"); strings.Contains(first, "=") && !strings.ContainsAny(strings.TrimSpace(first[:strings.IndexByte(first, '=')]), " \t(") {
		bad.Addf("there is no disposition before the parameters: read as attachment (RFC 2183 §2.8)")
		s = "attachment; " + s
	}
	value, params := mime.ParseParams(s, hint, bad)
	p.Disposition = value
	if name := params["filename"]; name != "" {
		p.Filename = name
	}
}

// readLeaf fills in the content of the leaf whose Raw begins at at.
func (d *decoder) readLeaf(p *Part, at int, hint string) {
	var bad mime.Problems
	p.Content = p.Raw
	if !strings.HasPrefix(p.MediaType, "multipart/") {
		p.Content = mime.DecodeTransfer(p.Raw, p.Encoding, &bad)
	}
	if strings.HasPrefix(p.MediaType, "text/") {
		p.Text = p.readable(hint, &bad)
	}
	if mime.IsTNEF(p.Content) {
		bad.Addf("it is TNEF (winmail.dat), in which Outlook puts text and attachments that other programs do not find: it is left as it is")
	}
	d.problem(p, at, bad)
}

// readable returns the content of a text part as a person would read it.
func (p *Part) readable(hint string, bad *mime.Problems) string {
	charset := p.Params["charset"]
	if charset == "" && p.MediaType == "text/html" {
		charset = mime.CharsetOfHTML(p.Content)
	}
	form := mime.AsLF
	if p.MediaType == "text/plain" && strings.EqualFold(p.Params["format"], "flowed") {
		form = mime.Flowed
		if strings.EqualFold(p.Params["delsp"], "yes") {
			form = mime.FlowedDelSp
		}
	}
	return mime.DecodeText(p.Content, charset, hint, form, bad)
}

// open makes the boundary of the multipart p one to look for. It returns false if that cannot be.
func (d *decoder) open(p *Part, boundary string, at, depth int) bool {
	var bad mime.Problems
	switch {
	case boundary == "":
		bad.Addf("the multipart has no boundary parameter: it is left as it is")
	case d.bounds.IsOpen(boundary):
		bad.Addf("the boundary %q is that of a multipart around this one, which gets the parts", mime.Clip(boundary))
	case depth >= maxDepth:
		bad.Addf("it is nested %d deep: it is not taken apart", depth)
	case len(d.msg.Parts) >= maxParts:
		bad.Addf("there are more than %d parts: it is not taken apart", maxParts)
	default:
		d.bounds.Open(boundary)
		return true
	}
	d.problem(p, at, bad)
	return false
}

// readParts reads the parts of the open multipart whose body begins at at, and closes it.
func (d *decoder) readParts(p *Part, boundary string, at, depth int, hint string) mime.Delimiter {
	var bad mime.Problems
	level, children := d.bounds.Level(boundary), 0
	mediaType := "text/plain"
	if p.MediaType == "multipart/digest" {
		mediaType = "message/rfc822" // RFC 2046 §5.1.5
	}
	prefix := ""
	if p.Path != "" {
		prefix = p.Path + "."
	}
	delim := d.bounds.Next(at)
	for delim.Level == level && !delim.Final {
		children++
		path := prefix + strconv.Itoa(children)
		if len(d.msg.Parts) >= maxParts {
			bad.Addf("there are more than %d parts: part %s gets all that is left", maxParts, path)
			d.bounds.CloseAll()
			d.full = true
		}
		delim = d.entity(delim.Next, path, depth+1, mediaType, hint)
	}
	d.bounds.Close(boundary)
	switch {
	case delim.Level == level:
		if children == 0 {
			bad.Addf("the multipart has no parts")
		}
		delim = d.bounds.Next(delim.Next) // the epilogue
	case d.full:
	case children == 0:
		bad.Addf("no line is the boundary %q", mime.Clip(boundary))
	default:
		bad.Addf("the closing boundary %q is missing", mime.Clip(boundary))
	}
	d.problem(p, at, bad)
	return delim
}

// problem notes what is wrong with the body of p, which begins at at.
func (d *decoder) problem(p *Part, at int, bad mime.Problems) {
	d.msg.addProblems(place{Part: p.Path, Offset: at}, bad)
}

// between returns the bytes from start to end, with no room to append, or none if that is negative.
func (d *decoder) between(start, end int) []byte {
	return d.raw[min(start, end):end:end]
}

// fields returns the fields of the header that begins at at, their values not yet decoded, and where the body begins.
func (d *decoder) fields(at int, bad *mime.Problems) (fields []Field, body int) {
	var room [16]mime.FieldSpan
	spans, body := d.bounds.AppendFields(room[:0], at, bad)
	if len(spans) == 0 {
		return nil, body
	}
	raw, start := string(d.raw[at:at+spans[len(spans)-1].End]), 0
	fields = make([]Field, len(spans))
	for i, s := range spans {
		fields[i] = Field{Name: raw[start : start+s.Name], Raw: raw[start:s.End]}
		start = s.End
	}
	return fields, body
}

// body returns the body of the field, unfolded (RFC 5322 §2.2.3) but not decoded.
func (f Field) body() string {
	s := f.Raw
	if f.Name != "" {
		_, s, _ = strings.Cut(s, ":")
	}
	return mime.Unfold(s)
}

// rawValue returns the body of the first field of that name, unfolded but not decoded.
func rawValue(fields []Field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.body()
		}
	}
	return ""
}
