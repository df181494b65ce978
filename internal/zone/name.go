package zone

// Domain names, in the form in which they are looked up.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// name is a domain name in wire form (RFC 1035 §3.1), in lower case and without its root label, and
// where its labels begin. In this form no label needs escapes and equal names are equal bytes.
type name struct {
	wire   [255]byte
	starts [128]uint8 // starts[labels] is the length
	labels int
}

// parseName returns the name with a presentation form (RFC 1035 §5.1). The final dot may be missing.
func parseName(s string) (name, error) {
	var n name
	err := n.parse(s)
	return n, err
}

// parse makes n the name with a presentation form. It is parseName for frequent use, since a name is large.
func (n *name) parse(s string) error {
	if s == "" {
		return errors.New("zone: empty domain name")
	}
	n.labels = 0
	rest, end := s, 0
	if s == "." {
		rest = ""
	}
	for rest != "" {
		begin := end
		end++
		for rest != "" && rest[0] != '.' {
			c, size := octet(rest)
			if size == 0 || end-begin > 63 || end >= len(n.wire)-1 {
				return notName(s)
			}
			n.wire[end] = c
			end, rest = end+1, rest[size:]
		}
		if end == begin+1 {
			return notName(s)
		}
		n.wire[begin] = byte(end - begin - 1)
		n.starts[n.labels] = uint8(begin)
		n.labels++
		rest = strings.TrimPrefix(rest, ".")
	}
	n.starts[n.labels] = uint8(end)
	lower(n.wire[:end])
	return nil
}

func notName(s string) error {
	return fmt.Errorf("zone: %q is not a domain name (RFC 1035 §2.3.4: labels to 63 octets, names to 255)", s)
}

// octet returns the first octet of a name, and the length of its presentation form, which is 0 if that is cut off.
func octet(s string) (c byte, size int) {
	digit := func(i int) bool { return i < len(s) && '0' <= s[i] && s[i] <= '9' }
	switch {
	case s[0] != '\\':
		return s[0], 1
	case digit(1) && digit(2) && digit(3):
		return 100*(s[1]-'0') + 10*(s[2]-'0') + s[3] - '0', 4
	case len(s) > 1:
		return s[1], 2
	}
	return 0, 0
}

// index lower-cases the name that is in wire[:end] with its root label, and finds its labels.
func (n *name) index(end int) bool {
	lower(n.wire[:end])
	n.labels = 0
	for at := 0; at < end; {
		length := int(n.wire[at])
		n.starts[n.labels] = uint8(at)
		if length == 0 {
			return at+1 == end
		}
		n.labels++
		at += 1 + length
	}
	return false
}

func lower(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
}

// label returns the i-th label from the left, without its length.
func (n *name) label(i int) []byte { return n.wire[n.starts[i]+1 : n.starts[i+1]] }

// len returns the length on the wire without the root label.
func (n *name) len() int { return int(n.starts[n.labels]) }

// within reports whether n is apex or beneath it.
func (n *name) within(apex *name) bool {
	skip := n.labels - apex.labels
	return skip >= 0 && bytes.Equal(n.wire[n.starts[skip]:n.len()], apex.wire[:apex.len()])
}
