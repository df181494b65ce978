package mime

// Parts: the values of their header fields, and their content.

import (
	"strings"
	"unicode/utf8"
)

// readHeader reads the header that begins at p.Start into p. It sets hint to the charset of the part if the header
// names one, and returns the boundary as written.
func (t *treeReader) readHeader(p *Part, hint *string) (boundary string) {
	var bad, badType Problems
	at := p.Start
	p.Header, p.Body = t.bounds.fields(at, &bad)
	t.mail.problems(Place{Part: p.Path, Header: true, Offset: at}, bad)
	boundary = p.readType(rawValue(p.Header, "Content-Type"), *hint, &badType)
	if charset := p.Params["charset"]; charset != "" {
		*hint = charset
	}
	typed := false // a Content-Type was read
	for i := range p.Header {
		f := &p.Header[i]
		raw, bad := f.Body(), Problems(nil)
		f.Value = DecodeWords(raw, *hint, &bad)
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
			p.ContentID = ToUTF8(TrimID(raw), *hint, new(Problems))
		}
		t.mail.problems(Place{Part: p.Path, Header: true, Field: f.Name, Offset: at}, bad)
		at += len(f.Raw)
	}
	return boundary
}

// readType reads the Content-Type. If s is empty, the part keeps its type. It returns the boundary, which may not be
// UTF-8.
func (p *Part) readType(s, hint string, bad *Problems) (boundary string) {
	if s == "" {
		return ""
	}
	s = Token(s, bad)
	value, params := ParseParams(s, hint, bad)
	if charset := params["charset"]; charset != "" && !utf8.ValidString(s) { // the name may be in the charset of the content
		_, params = ParseParams(s, charset, new(Problems))
	}
	major, minor, _ := strings.Cut(value, "/")
	if major == "" || minor == "" || strings.ContainsAny(value, " \t\"(),:;<=>?@[\\]") || strings.Contains(minor, "/") {
		bad.Addf("%q is not a media type: read as text/plain", Clip(value))
		value = "text/plain"
	}
	p.MediaType, p.Params = value, params
	if p.Filename == "" {
		p.Filename = params["name"]
	}
	boundary = strings.TrimRight(params["boundary"], " \t")
	if !utf8.ValidString(boundary) { // already reported for the field
		params["boundary"] = ToUTF8(params["boundary"], hint, new(Problems))
	}
	return boundary
}

func (p *Part) readEncoding(s string, bad *Problems) {
	p.Encoding, _ = ParseParams(Token(s, bad), "", new(Problems))
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
		if IsUU(p.Encoding) {
			return
		}
		bad.Addf("the transfer encoding %q is unknown: the content is left as it is", Clip(p.Encoding))
	}
}

func (p *Part) readDisposition(s, hint string, bad *Problems) {
	value, params := ParseParams(Disposition(s, bad), hint, bad)
	p.Disposition = value
	if name := params["filename"]; name != "" {
		p.Filename = name
	}
}

// Disposition returns s, the body of a Content-Disposition, with a value that is a token. Some mailers write it without
// a value, or with the value in quotes.
func Disposition(s string, bad *Problems) string {
	s = Token(s, bad)
	first, params, _ := strings.Cut(s, ";")
	name, _, isParam := strings.Cut(first, "=")
	if isParam && !strings.ContainsAny(strings.TrimSpace(name), " \t(") || first == "" && params != "" {
		bad.Addf("there is no disposition before the parameters: read as attachment (RFC 2183 §2.8)")
		s = "attachment; " + s
	}
	return s
}

// readLeaf decodes the content of a leaf.
func (t *treeReader) readLeaf(p *Part, hint string) {
	var bad Problems
	p.Content = p.Raw
	if !strings.HasPrefix(p.MediaType, "multipart/") {
		p.Content = DecodeTransfer(p.Raw, p.Encoding, &bad)
	}
	if strings.HasPrefix(p.MediaType, "text/") {
		p.Text = p.readable(hint, &bad)
	}
	if IsTNEF(p.Content) {
		bad.Addf("it is TNEF (winmail.dat), in which Outlook puts text and attachments that other programs do not find: it is left as it is")
	}
	t.problems(p, bad)
}

// readable returns the content of a text part as UTF-8 in the layout that its parameters ask for.
func (p *Part) readable(hint string, bad *Problems) string {
	charset := p.Params["charset"]
	if charset == "" && p.MediaType == "text/html" {
		charset = CharsetOfHTML(p.Content)
	}
	form := AsLF
	if p.MediaType == "text/plain" && strings.EqualFold(p.Params["format"], "flowed") {
		form = Flowed
		if strings.EqualFold(p.Params["delsp"], "yes") {
			form = FlowedDelSp
		}
	}
	return DecodeText(p.Content, charset, hint, form, bad)
}

// TrimID returns the text between the angle brackets of a msg-id (RFC 5322 §3.6.4), or all of s if there are no
// brackets. It removes comments, and white space at the ends and around dots and the at sign (§4.5.4).
func TrimID(s string) string {
	if strings.Contains(s, "(") {
		s = StripComments(s)
	}
	if _, after, ok := strings.Cut(s, "<"); ok {
		if id, _, ok := strings.Cut(after, ">"); ok {
			s = id
		}
	}
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, space) || strings.Contains(s, `"`) {
		return s
	}
	var words []addressWord
	for w := range strings.FieldsSeq(s) {
		words = append(words, addressWord{text: w})
	}
	return strings.Join(joinAround(words, ".@"), " ")
}
