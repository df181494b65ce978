package mime

// Headers: their fields, and lines that are not fields (RFC 5322 §2.2).

import (
	"bytes"
	"strings"
)

// MaxHeader is the maximum size of a header in bytes.
const MaxHeader = 1 << 20

// FieldSpan is the position of a field in a header. Its offsets count from the beginning of the header.
type FieldSpan struct {
	Name int // the length of the name; 0 for a line that is not a field
	End  int
}

// AppendFields splits the header that begins at start. It appends the fields to spans, and returns the result and the
// index at which the body begins. Besides an empty line, two lines end a header, and the body begins with them: a
// boundary of an enclosing multipart, and a line that is not a field. Such a line between fields, or white space before
// the first field, is skipped instead, and becomes a field without a name.
func (b *Boundaries) AppendFields(spans []FieldSpan, start int, bad *Problems) (all []FieldSpan, body int) {
	pos := start
	last := -1 // the last line that is surely a field; not yet known if -1
	for body = -1; body < 0; {
		line := b.raw[pos:b.lineEnd(pos)]
		name, ok := nameLength(line, pos == 0)
		end := b.fieldEnd(pos)
		delim, isDelimiter := b.at(pos)
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			body = pos + len(line)
		case isDelimiter && len(spans) > 0: // the delimiter includes the line end of the last field
			pos = delim.End
			spans[len(spans)-1].End, body = pos-start, pos
		case isDelimiter:
			body = pos
		case end-start > MaxHeader:
			bad.Addf("it is longer than %d bytes: what is beyond byte %d is left in the body", MaxHeader, pos)
			body = pos
		case !ok && len(spans) > 0 && continuesParams(b.raw[start:pos], line):
			bad.Addf("%q at byte %d goes on with the parameters of the line before it, and has no space in front", Clip(bytes.TrimRight(line, "\r\n")), pos)
			spans[len(spans)-1].End, pos = end-start, end
		case !ok && (len(spans) > 0 || line[0] == ' ' || line[0] == '\t') && b.fieldFollows(end, start+MaxHeader, &last):
			bad.Addf("%q at byte %d is not a field: it is skipped", Clip(bytes.TrimRight(line, "\r\n")), pos)
			spans = append(spans, FieldSpan{0, end - start})
			pos = end
		case !ok:
			bad.Addf("%q at byte %d is neither a field nor an empty line: the body begins with it", Clip(bytes.TrimRight(line, "\r\n")), pos)
			body = pos
		default:
			if bytes.ContainsAny(line[:name], " \t") {
				bad.Addf("the field name %q at byte %d has a space in it", Clip(line[:name]), pos)
			}
			spans = append(spans, FieldSpan{name, end - start})
			pos = end
		}
	}
	return spans, body
}

// fields returns the fields of the header that begins at the index at, with values not yet decoded, and the index at
// which the body begins.
func (b *Boundaries) fields(at int, bad *Problems) (fields []Field, body int) {
	var room [16]FieldSpan
	spans, body := b.AppendFields(room[:0], at, bad)
	if len(spans) == 0 {
		return nil, body
	}
	raw, start := string(b.raw[at:at+spans[len(spans)-1].End]), 0
	fields = make([]Field, len(spans))
	for i, s := range spans {
		fields[i] = Field{Name: raw[start : start+s.Name], Raw: raw[start:s.End]}
		start = s.End
	}
	return fields, body
}

// fieldFollows reports whether a line at or after pos, but before limit and the end of the header, is surely a field.
// It stores the index of the last such line in last, so that each line is scanned once.
func (b *Boundaries) fieldFollows(pos, limit int, last *int) bool {
	if *last < 0 {
		*last = 0
		for at := pos; at < min(limit, len(b.raw)); {
			end := b.lineEnd(at)
			line := b.raw[at:end]
			if _, isDelimiter := b.at(at); isDelimiter || len(bytes.TrimRight(line, "\r\n")) == 0 {
				break
			}
			if surelyField(line) {
				*last = at
			}
			at = end
		}
	}
	return pos <= *last
}

// surelyField reports whether a line that may be text is a field. Text has lines like "Note: this" too, so the name
// must contain a hyphen, as most names do, or be one that every message has.
func surelyField(line []byte) bool {
	name, _, found := bytes.Cut(line, []byte(":"))
	if !found || len(bytes.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")) > 0 {
		return false
	}
	switch strings.ToLower(string(name)) {
	case "from", "to", "cc", "bcc", "subject", "date", "sender", "received", "references":
		return true
	}
	return bytes.IndexByte(name, '-') > 0
}

// continuesParams reports whether the line is a parameter such as `name="a.txt"` that belongs to the field above it,
// which ends with a semicolon. Some gateways fold fields without white space.
func continuesParams(above, line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte("="))
	return ok && bytes.HasSuffix(bytes.TrimRight(above, " \t\r\n"), []byte(";")) && len(name) > 0 && len(name) <= 20 &&
		len(bytes.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-")) == 0
}

// fieldEnd returns the index after the field that begins at pos, folded lines included.
func (b *Boundaries) fieldEnd(pos int) int {
	end := b.lineEnd(pos)
	for end < len(b.raw) && (b.raw[end] == ' ' || b.raw[end] == '\t') {
		end = b.lineEnd(end)
	}
	return end
}

// nameLength returns the length of the field name at the beginning of a line. It allows white space before the colon
// (RFC 5322 §4.5), and spaces in a name ("mail from: x") because some programs write them. The first line of a message
// may be the "From " line of a Unix mailbox (RFC 4155), whose name is "".
func nameLength(line []byte, first bool) (n int, ok bool) {
	if first && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))) &&
		!bytes.HasPrefix(bytes.TrimLeft(line[len("From "):], " \t"), []byte(":")) {
		return 0, true
	}
	const longest = 998 // the maximum length of a line, RFC 5322 §2.1.1
	i := bytes.IndexByte(line[:min(len(line), longest)], ':')
	if i <= 0 || line[0] == ' ' || line[0] == '\t' {
		return 0, false
	}
	for _, c := range line[:i] {
		if (c < ' ' || c > '~') && c != '\t' {
			return 0, false
		}
	}
	return len(bytes.TrimRight(line[:i], " \t")), true
}

// Field is a header field.
type Field struct {
	Name  string // as written; "" for a line that is not a field
	Value string // unfolded and decoded
	Raw   string // as in the message, with the name, folds and line ends
}

// Body returns the body of the field, unfolded (RFC 5322 §2.2.3) but not decoded.
func (f Field) Body() string {
	s := f.Raw
	if f.Name != "" {
		_, s, _ = strings.Cut(s, ":")
	}
	return Unfold(s)
}

// rawValue returns the body of the first field with the given name, unfolded but not decoded.
func rawValue(fields []Field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.Body()
		}
	}
	return ""
}

// Unfold removes the line ends of a folded field, and the white space around its body. A tab with which some mailers
// fold becomes a space.
func Unfold(s string) string {
	s = strings.Trim(s, " \t\r\n")
	if !strings.Contains(s, "\n") {
		return s
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		if b.Len() > 0 && line[0] == '\t' {
			line = " " + line[1:]
		}
		b.WriteString(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
	}
	return b.String()
}
