package zone

// Domain names, in the form in which they are looked up.

import (
	"bytes"
	"fmt"

	"github.com/miekg/dns"
)

// name is a domain name in wire form (RFC 1035 §3.1), in lower case and without its root label, and
// where its labels begin. In this form no label needs escapes and equal names are equal bytes.
type name struct {
	wire   [255]byte
	starts [128]uint8 // starts[labels] is the length
	labels int
}

// parseName reads the presentation form of a name. The final dot may be missing.
func parseName(s string) (name, error) {
	var n name
	if s == "" {
		return n, fmt.Errorf("zone: empty domain name")
	}
	if _, ok := dns.IsDomainName(s); !ok {
		return n, fmt.Errorf("zone: %q is not a domain name (RFC 1035 §2.3.4: labels to 63 octets, names to 255)", s)
	}
	end, err := dns.PackDomainName(dns.Fqdn(s), n.wire[:], 0, nil, false)
	if err != nil || !n.index(end) {
		return n, fmt.Errorf("zone: %q is not a domain name", s)
	}
	return n, nil
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
