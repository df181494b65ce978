package mailtest

// This file splits headers into fields, and fields into name and body (RFC 5322 §2.2).

import (
	"bytes"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// maxHeader bounds one header, in bytes.
const maxHeader = 1 << 20

// header splits the header that begins at at. It returns the fields, their values not yet
// decoded, and where the body begins. Besides the empty line, a header is ended by a boundary of the
// multiparts around it, and by a line that is no field: the body begins with that line. But a line among
// fields is skipped, as is white space before the first: it becomes a field without a name.
func (d *decoder) header(at int, bad *mime.Problems) (fields []Field, body int) {
	type span struct{ name, end int } // how long the name is, and where the field ends, counted from at
	spans := make([]span, 0, 16)
	pos := at
	last := -1 // where the last line begins that is surely a field; not yet known if it is before pos
	for body = -1; body < 0; {
		line := d.raw[pos:d.lineEnd(pos)]
		name, ok := nameLength(line, pos == 0)
		end := d.fieldEnd(pos)
		delim, isDelimiter := d.delimiterAt(pos)
		switch {
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			body = pos + len(line)
		case isDelimiter && len(spans) > 0: // which begins with the line end of the last field
			pos = delim.end
			spans[len(spans)-1].end, body = pos-at, pos
		case isDelimiter:
			body = pos
		case end-at > maxHeader:
			bad.Addf("it is longer than %d bytes: what is beyond byte %d is left in the body", maxHeader, pos)
			body = pos
		case !ok && len(spans) > 0 && continuesParams(d.raw[at:pos], line):
			bad.Addf("%q at byte %d goes on with the parameters of the line before it, and has no space in front", mime.Clip(bytes.TrimRight(line, "\r\n")), pos)
			spans[len(spans)-1].end, pos = end-at, end
		case !ok && (len(spans) > 0 || line[0] == ' ' || line[0] == '\t') && d.fieldFollows(end, at+maxHeader, &last):
			bad.Addf("%q at byte %d is not a field: it is skipped", mime.Clip(bytes.TrimRight(line, "\r\n")), pos)
			spans = append(spans, span{0, end - at})
			pos = end
		case !ok:
			bad.Addf("%q at byte %d is neither a field nor an empty line: the body begins with it", mime.Clip(bytes.TrimRight(line, "\r\n")), pos)
			body = pos
		default:
			if bytes.ContainsAny(line[:name], " \t") {
				bad.Addf("the field name %q at byte %d has a space in it", mime.Clip(line[:name]), pos)
			}
			spans = append(spans, span{name, end - at})
			pos = end
		}
	}
	if len(spans) == 0 {
		return nil, body
	}
	raw, start := string(d.raw[at:pos]), 0
	fields = make([]Field, len(spans))
	for i, s := range spans {
		fields[i] = Field{Name: raw[start : start+s.name], Raw: raw[start:s.end]}
		start = s.end
	}
	return fields, body
}

// fieldFollows reports whether there is a line at pos or after it, but before limit and the end of the
// header, that is surely a field. It keeps in last where the last of them begins, so that each line is
// looked at once.
func (d *decoder) fieldFollows(pos, limit int, last *int) bool {
	if *last < 0 {
		*last = 0
		for at := pos; at < min(limit, len(d.raw)); {
			end := d.lineEnd(at)
			line := d.raw[at:end]
			if _, isDelimiter := d.delimiterAt(at); isDelimiter || len(bytes.TrimRight(line, "\r\n")) == 0 {
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

// surelyField reports whether a line that may be text is a field. Text too has lines like "Note: this",
// so the name must have a hyphen in it, as most have, or be one of those that every message has.
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

// continuesParams returns whether the line is a parameter such as `name="a.txt"` that belongs to
// the field above it: above ends with a semicolon. There are gateways that fold so.
func continuesParams(above, line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte("="))
	return ok && bytes.HasSuffix(bytes.TrimRight(above, " \t\r\n"), []byte(";")) && len(name) > 0 && len(name) <= 20 &&
		len(bytes.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-")) == 0
}

// fieldEnd returns where the field that begins at pos ends, folded lines included.
func (d *decoder) fieldEnd(pos int) int {
	end := d.lineEnd(pos)
	for end < len(d.raw) && (d.raw[end] == ' ' || d.raw[end] == '\t') {
		end = d.lineEnd(end)
	}
	return end
}

// lineEnd returns where the line that begins at pos ends, its line end included.
func (d *decoder) lineEnd(pos int) int {
	if i := bytes.IndexByte(d.raw[pos:], '\n'); i >= 0 {
		return pos + i + 1
	}
	return len(d.raw)
}

// nameLength returns how long the name of the field is that the line begins. White space before the
// colon is allowed as RFC 5322 §4.5 has it, and single words in a name ("mail from: x") because there
// are programs that write such. The first line of a message may be a "From " line of a Unix
// mailbox (RFC 4155), whose name is "".
func nameLength(line []byte, first bool) (n int, ok bool) {
	if first && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))) &&
		!bytes.HasPrefix(bytes.TrimLeft(line[len("From "):], " \t"), []byte(":")) {
		return 0, true
	}
	const longest = 998 // of a line, RFC 5322 §2.1.1
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

// body returns the body of the field, unfolded (RFC 5322 §2.2.3) but not decoded.
func (f Field) body() string {
	s := f.Raw
	if f.Name != "" {
		_, s, _ = strings.Cut(s, ":")
	}
	return unfold(s)
}

// unfold removes the line ends of a folded field, and the white space around it. The tab that
// some mailers fold with in place of a space becomes a space.
func unfold(s string) string {
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

// rawValue returns the body of the first field of that name, unfolded but not decoded.
func rawValue(fields []Field, name string) string {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return f.body()
		}
	}
	return ""
}
