package question

// Names as people write them, and the suffixes that resolvers append.

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// WithoutSuffixes returns a name, and the name without its last label, without its last two, and so on. One of them
// is the name that a stub resolver was asked for before it appended a suffix of the search list in resolv.conf.
func WithoutSuffixes(name string) []string {
	names := []string{name}
	labels := dns.Split(name)
	for i := len(labels) - 1; i > 0; i-- {
		names = append(names, name[:labels[i]])
	}
	return names
}

// unicode maps names as people write them (RFC 5895). It allows labels such as _25 and *.
var unicode = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// ASCII returns a domain name with A-labels and a final dot.
func ASCII(name string) (string, error) {
	ascii := name
	if !IsASCII(name) {
		var err error
		if ascii, err = unicode.ToASCII(name); err != nil {
			return "", fmt.Errorf("%q is not a domain name: %w", name, err)
		}
	}
	if _, ok := dns.IsDomainName(ascii); !ok || ascii == "" || strings.ContainsFunc(ascii, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q is not a domain name", name)
	}
	return dns.Fqdn(ascii), nil
}

// IsASCII reports whether a name has nothing but ASCII characters.
func IsASCII(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 })
}
