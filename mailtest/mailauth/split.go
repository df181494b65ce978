package mailauth

// This file takes messages apart, and brings them into the forms that DKIM signs.

import (
	"bytes"
	"hash"
	"strings"
)

// field is one header field as it stands in the message, with its line end.
type field struct {
	name string // in lower case
	raw  []byte
}

// value returns what stands after the colon.
func (f field) value() string {
	_, v, _ := bytes.Cut(f.raw, []byte(":"))
	return string(v)
}

// split returns the header fields and the body of a message. The header ends with an empty line, or before a line
// that is not a field, which belongs to the body. The "From " line of a Unix mailbox (RFC 4155) is not part of the
// message.
func split(raw []byte) (fields []field, body []byte) {
	if bytes.HasPrefix(raw, []byte("From ")) {
		raw = raw[lineEnd(raw):]
	}
	for len(raw) > 0 {
		end := lineEnd(raw)
		if line := raw[:end]; len(bytes.TrimRight(line, "\r\n")) == 0 {
			return fields, raw[end:]
		}
		name, _, ok := bytes.Cut(raw[:end], []byte(":"))
		name = bytes.TrimRight(name, " \t")
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
			return fields, raw
		}
		for end < len(raw) && (raw[end] == ' ' || raw[end] == '\t') {
			end += lineEnd(raw[end:])
		}
		fields = append(fields, field{lower(string(name)), raw[:end]})
		raw = raw[end:]
	}
	return fields, nil
}

// lineEnd returns where the first line of b ends, its line end included.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// withCRLF returns the line ends of b as CRLF, an LF without CR being one too. A CR without LF stays.
func withCRLF(b []byte) []byte {
	if bytes.Count(b, []byte("\n")) == bytes.Count(b, []byte("\r\n")) {
		return b
	}
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}

// canonicalField returns a header field in the form that is signed (RFC 6376 §3.4.1, §3.4.2).
func canonicalField(raw []byte, relaxed bool) []byte {
	if raw = withCRLF(raw); !relaxed {
		return raw
	}
	name, value, _ := bytes.Cut(raw, []byte(":"))
	out := make([]byte, 0, len(raw))
	out = append(out, lower(string(bytes.TrimRight(name, " \t")))...)
	out = append(out, ':')
	value = bytes.ReplaceAll(value, []byte("\r\n"), nil)
	return append(appendSqueezed(out, bytes.Trim(value, " \t")), "\r\n"...)
}

// appendSqueezed appends b with every run of spaces and tabs replaced by one space.
func appendSqueezed(out, b []byte) []byte {
	for i, c := range b {
		switch {
		case c != ' ' && c != '\t':
			out = append(out, c)
		case i == 0 || b[i-1] != ' ' && b[i-1] != '\t':
			out = append(out, ' ')
		}
	}
	return out
}

// hashBody writes the body in the form that is signed (RFC 6376 §3.4.3, §3.4.4) to h: all of it, or
// its first limit bytes if limit is not negative. It returns how long that form is.
func hashBody(h hash.Hash, body []byte, relaxed bool, limit int64) (size int64) {
	write := func(b []byte) {
		n := int64(len(b))
		if limit >= 0 {
			n = max(0, min(n, limit-size))
		}
		h.Write(b[:n])
		size += int64(len(b))
	}
	crlf := []byte("\r\n")
	empty := 0 // lines that are not yet written, for they may be the last ones
	var buf []byte
	for len(body) > 0 {
		end := lineEnd(body)
		line := bytes.TrimSuffix(body[:end], []byte("\n"))
		if len(line) < end {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		body = body[end:]
		if relaxed {
			line = bytes.TrimRight(line, " \t")
		}
		if len(line) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			write(crlf)
		}
		if relaxed {
			buf = appendSqueezed(buf[:0], line)
			line = buf
		}
		write(line)
		write(crlf)
	}
	if size == 0 && !relaxed {
		write(crlf)
	}
	return size
}

// headerHash writes the fields that names says to h, and the signature's own field without the value
// of its b= tag (RFC 6376 §3.7). A name stands for the lowest field that has not been used, and for
// nothing where there is none. It returns the names for which there was none.
func headerHash(h hash.Hash, fields []field, names []string, relaxed bool, signature []byte) (missing []string) {
	byName := make(map[string][]int)
	for i, f := range fields {
		byName[f.name] = append(byName[f.name], i)
	}
	for _, name := range names {
		at := byName[lower(name)]
		if len(at) == 0 {
			missing = append(missing, name)
			continue
		}
		last := len(at) - 1
		h.Write(canonicalField(fields[at[last]].raw, relaxed))
		byName[lower(name)] = at[:last]
	}
	h.Write(bytes.TrimSuffix(canonicalField(withoutB(signature), relaxed), []byte("\r\n")))
	return missing
}

// withoutB returns a DKIM-Signature field with the value of its b= tag removed, and with the white
// space around that value.
func withoutB(raw []byte) []byte {
	name, value, _ := strings.Cut(string(raw), ":")
	parts := strings.Split(value, ";")
	for i, part := range parts {
		if tag, _, ok := strings.Cut(part, "="); ok && strings.Trim(tag, space) == "b" {
			parts[i] = tag + "="
			if i == len(parts)-1 {
				parts[i] += "\r\n"
			}
		}
	}
	return []byte(name + ":" + strings.Join(parts, ";"))
}
