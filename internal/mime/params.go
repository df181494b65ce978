package mime

// This file parses MIME header fields with parameters: Content-Type, Content-Disposition (RFC 2045 §5.1, RFC 2183),
// with the extended parameters of RFC 2231.

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// ParseParams splits the unfolded body of a field like "text/plain; charset=utf-8" into its value, in lower case, and
// its decoded parameters, with names in lower case. It accepts what mailers write against the RFCs: encoded words in
// values, values with spaces without quotes, comments, missing and superfluous semicolons.
func ParseParams(s, hint string, bad *Problems) (value string, params map[string]string) {
	var comments commentFinder
	value, rest := cutValue(s, &comments, bad)
	var extended []segment
	for p := range eachParam(rest, &comments, bad) {
		if p.order >= 0 {
			extended = append(extended, p)
			continue
		}
		if p.name != "boundary" {
			p.value = DecodeWords(p.value, hint, new(Problems))
		}
		params = setParam(params, p.name, p.value, bad)
	}
	slices.SortStableFunc(extended, func(a, b segment) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.order, b.order))
	})
	for len(extended) > 0 {
		n := 1
		for n < len(extended) && extended[n].name == extended[0].name {
			n++
		}
		delete(params, extended[0].name) // the plain form is for readers without RFC 2231
		params = setParam(params, extended[0].name, joinSegments(extended[:n], hint, bad), bad)
		extended = extended[n:]
	}
	return value, params
}

// RawParams returns the parameters of such a field as they are written: their values are without quotes, but neither
// decoded nor joined, so that "filename*0*" is a parameter of its own (RFC 2231).
func RawParams(s string) map[string]string {
	var comments commentFinder
	var params map[string]string
	var bad Problems
	_, rest := cutValue(s, &comments, &bad)
	for p := range eachParam(rest, &comments, &bad) {
		params = setParam(params, p.written, p.value, &bad)
	}
	return params
}

// cutValue returns the value at the beginning of a field with parameters, and the rest of the field.
func cutValue(s string, comments *commentFinder, bad *Problems) (value, rest string) {
	end := comments.past(s, ";")
	value, rest = strings.ToLower(strings.TrimSpace(StripComments(s[:end]))), s[end:]
	if major, minor, ok := strings.Cut(value, "/"); ok && !strings.Contains(value, "=") { // RFC 2045 §5.1: white space and comments may be between tokens
		value = strings.TrimRight(major, " \t") + "/" + strings.TrimLeft(minor, " \t")
	}
	if i := strings.IndexAny(value, " \t"); i >= 0 && strings.Contains(value[i:], "=") {
		bad.Addf("there is no semicolon after %q", Clip(value[:i]))
		rest = s[strings.IndexAny(strings.TrimLeft(s, " \t"), " \t"):]
		value = value[:i]
	}
	return value, rest
}

func setParam(params map[string]string, name, value string, bad *Problems) map[string]string {
	if params == nil {
		params = map[string]string{}
	}
	if old, ok := params[name]; !ok {
		params[name] = value
	} else if old != value {
		bad.Addf("the parameter %q is there again, as %q", Clip(name), Clip(value))
	}
	return params
}

// segment is one parameter as written. A segment of RFC 2231 ("name*1*=…") has an order of at least 0, and percent is
// true if its value is percent-encoded.
type segment struct {
	written     string // the name with its asterisks, in lower case
	name, value string
	order       int
	percent     bool
}

// eachParam returns the parameters in s, in order.
func eachParam(s string, comments *commentFinder, bad *Problems) iter.Seq[segment] {
	return func(yield func(segment) bool) {
		for rest := comments.skip(s); rest != ""; rest = comments.skip(rest) {
			var p segment
			var ok bool
			if p, rest, ok = nextParam(rest, comments, bad); ok && !yield(p) {
				return
			}
		}
	}
}

// nextParam parses the parameter at the beginning of s, and returns the rest of s.
func nextParam(s string, comments *commentFinder, bad *Problems) (p segment, rest string, ok bool) {
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		name, rest, _ := strings.Cut(s, ";")
		if strings.TrimSpace(StripComments(name)) != "" {
			bad.Addf("the parameter %q has no value", Clip(name))
		}
		return segment{}, rest, false
	}
	p.written = strings.ToLower(strings.TrimSpace(s[:i]))
	p.name, p.order, p.percent = splitExtended(p.written)
	s = strings.TrimLeft(s[i+1:], " \t")
	if strings.HasPrefix(s, `"`) {
		p.value, rest, ok = unquoteParam(s)
		if !ok {
			bad.Addf("the value of the parameter %q has no closing quote", Clip(p.name))
		}
		return p, rest, true
	}
	p.value, rest, ok = cutBareValue(s, comments)
	if !ok {
		bad.Addf("there is no semicolon after the parameter %q", Clip(p.name))
	}
	return p, rest, true
}

// cutBareValue reads the value without quotes at the beginning of s. The value extends to the next semicolon, as in
// "filename=my holiday.jpg", without a comment at its end. It also ends before what looks like a parameter, as in
// "charset=utf-8 format=flowed"; ok is then false.
func cutBareValue(s string, comments *commentFinder) (value, rest string, ok bool) {
	word := strings.HasPrefix(s, "=?") // an encoded word may contain equals signs
	for i := 0; i < len(s); {
		i += comments.past(s[i:], " \t;")
		if i == len(s) {
			break
		}
		if s[i] == ';' {
			return trimComment(s[:i]), s[i:], true
		}
		i++
		if n := strings.IndexAny(s[i:], "= \t;"); n > 0 && s[i+n] == '=' && !word {
			return trimComment(s[:i]), s[i:], false
		}
	}
	return trimComment(s), "", true
}

// trimComment removes white space, and a comment, from the end of s.
func trimComment(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.Index(s, " ("); i >= 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// unquoteParam reads the quoted string at the beginning of s. It keeps a backslash before a character that need not be
// quoted, so that a Windows path in a filename survives.
func unquoteParam(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`()<>@,;:\"/[]?=`, s[i+1]) >= 0:
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), "", false
}

// splitExtended splits the name of a parameter of RFC 2231, such as "filename*0*".
func splitExtended(s string) (name string, order int, percent bool) {
	name, suffix, found := strings.Cut(s, "*")
	if !found {
		return s, -1, false
	}
	number, percent := strings.CutSuffix(suffix, "*")
	if suffix == "" { // "filename*" alone
		return name, 0, true
	}
	order, err := strconv.Atoi(number)
	if err != nil || order < 0 {
		return s, -1, false
	}
	return name, order, percent
}

// joinSegments joins the segments of one parameter, which are in order (RFC 2231 §3, §4).
func joinSegments(segments []segment, hint string, bad *Problems) string {
	charset := ""
	var b []byte
	next := 0
	anyPercent := slices.ContainsFunc(segments, func(p segment) bool { return p.percent })
	for i, p := range segments {
		if i > 0 && p.order < next {
			if p.value != segments[i-1].value {
				bad.Addf("segment %d of the parameter %q is there again", p.order, Clip(p.name))
			}
			continue
		}
		if p.order > next {
			bad.Addf("segment %d of the parameter %q is missing", next, Clip(p.name))
		}
		next = p.order + 1
		if i == 0 && anyPercent { // the first segment should be percent-encoded if another one is
			label, rest, _ := strings.Cut(p.value, "'")
			known, _ := CharsetByLabel(label)
			if _, text, ok := strings.Cut(rest, "'"); ok && (p.percent || label == "" || known != nil) {
				charset, p.value = label, text
			}
		}
		if !p.percent {
			b = append(b, p.value...)
			continue
		}
		b = appendUnescaped(b, p.value, '%', 0, bad)
	}
	if charset == "" {
		return ToUTF8(string(b), hint, bad)
	}
	return DecodeText(b, charset, hint, AsItIs, bad)
}

// commentFinder skips comments, in time proportional to its input.
type commentFinder struct {
	none bool // a comment is not closed: from there on parentheses are text
}

// end returns the index after the comment that begins at s[i], or -1.
func (c *commentFinder) end(s string, i int) int {
	if c.none {
		return -1
	}
	end := CommentEnd(s, i)
	c.none = end < 0
	return end
}

// skip returns s without the white space, semicolons and comments at its beginning.
func (c *commentFinder) skip(s string) string {
	for {
		s = strings.TrimLeft(s, "; \t\r\n")
		if !strings.HasPrefix(s, "(") {
			return s
		}
		end := c.end(s, 0)
		if end < 0 {
			return s
		}
		s = s[end:]
	}
}

// past returns the index of the first byte of some outside of comments, or the length of s.
func (c *commentFinder) past(s, some string) int {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(some, s[i]) >= 0 {
			return i
		}
		if s[i] == '(' {
			if end := c.end(s, i); end >= 0 {
				i = end - 1
			}
		}
	}
	return len(s)
}

// Unescape decodes the quoted pairs in a quoted string or comment (RFC 5322 §3.2.1).
func Unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// StripComments removes comments, which are in parentheses outside of quoted strings (RFC 5322 §3.2.2). A parenthesis
// that is never closed stays.
func StripComments(s string) string {
	if !strings.Contains(s, "(") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch s[i] {
		case '"':
			end := quotedEnd(s, i)
			if end < 0 {
				return b.String() + s[i:]
			}
			b.WriteString(s[i:end])
			i = end
		case '(':
			end := CommentEnd(s, i)
			if end < 0 {
				return b.String() + s[i:]
			}
			i = end
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return b.String()
}

// quotedEnd returns the index after the quoted string that begins at s[i], or -1.
func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// CommentEnd returns the index after the comment that begins at s[i], or -1.
func CommentEnd(s string, i int) int {
	for depth := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
