package mxmock

// Questions as text: "mx qq.com".

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// question is a pattern of DNS questions: a type, ANY for all, and a name in lower case with a
// final dot, or all names beneath one.
type question struct {
	typ     uint16
	name    string
	beneath bool
}

// parseQuestion reads "mx qq.com", "any qq.com", "mx *.qq.com" (all names beneath), or "any *" (all
// questions).
func parseQuestion(text string) (question, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return question{}, fmt.Errorf("%q is no question such as \"mx qq.com\"", text)
	}
	typ, ok := dns.StringToType[strings.ToUpper(fields[0])]
	if !ok {
		return question{}, fmt.Errorf("question %q: there is no record type %q", text, fields[0])
	}
	if addr, err := netip.ParseAddr(fields[1]); err == nil && typ == dns.TypePTR {
		return question{}, fmt.Errorf("question %q: the DNS has the name of %s at %s", text, fields[1], dnstext.ReverseName(addr))
	}
	name, beneath := fields[1], false
	switch {
	case name == "*":
		name, beneath = ".", true
	case strings.HasPrefix(name, "*."):
		name, beneath = name[2:], true
	}
	fqdn, err := asciiName(name)
	if err != nil {
		return question{}, fmt.Errorf("question %q: %w", text, err)
	}
	return question{typ, strings.ToLower(fqdn), beneath}, nil
}

// mustQuestion is parseQuestion for questions that stand in the code of a test.
func mustQuestion(text string) question {
	q, err := parseQuestion(text)
	if err != nil {
		panic("mxmock: " + err.Error())
	}
	return q
}

// String returns the question as parseQuestion reads it.
func (q question) String() string {
	name := strings.TrimSuffix(q.name, ".")
	switch {
	case q.beneath && name == "":
		name = "*"
	case q.beneath:
		name = "*." + name
	case name == "":
		name = "."
	}
	return strings.ToLower(dns.Type(q.typ).String()) + " " + name
}

// matches reports whether a question for a name, in lower case, and a type is one of these.
func (q question) matches(name string, typ uint16) bool {
	switch {
	case q.typ != dns.TypeANY && q.typ != typ:
		return false
	case !q.beneath:
		return q.name == name
	case q.name == ".":
		return true
	}
	return len(name) > len(q.name) && strings.HasSuffix(name, q.name) && name[len(name)-len(q.name)-1] == '.'
}

// withoutSuffixes returns a name, and what is left of it if one, two and more labels are taken off
// its end: what a stub was asked for before it put on a suffix of the search list in resolv.conf.
func withoutSuffixes(name string) []string {
	names := []string{name}
	labels := dns.Split(name)
	for i := len(labels) - 1; i > 0; i-- {
		names = append(names, name[:labels[i]])
	}
	return names
}

// unicode maps names as people write them, with labels such as _25 and * too (RFC 5895).
var unicode = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// asciiName returns a domain name with A-labels and a final dot.
func asciiName(name string) (string, error) {
	ascii := name
	if !isASCII(name) {
		var err error
		if ascii, err = unicode.ToASCII(name); err != nil {
			return "", fmt.Errorf("%q is not a domain name: %w", name, err)
		}
	}
	if _, ok := dns.IsDomainName(ascii); !ok || ascii == "" || strings.ContainsFunc(ascii, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q is no domain name", name)
	}
	return dns.Fqdn(ascii), nil
}

// isASCII reports whether a name has nothing but ASCII characters.
func isASCII(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 })
}

// mustName is asciiName for names that stand in the code of a test.
func mustName(name string) string {
	fqdn, err := asciiName(name)
	if err != nil {
		panic("mxmock: " + err.Error())
	}
	return fqdn
}
