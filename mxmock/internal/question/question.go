// Package question is about questions of the DNS, and not about their answers: patterns that a test writes as text,
// names as people write them, and the habits of the resolver of package net.
package question

// Patterns of questions: "mx qq.com".

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// Question is a pattern of DNS questions: a type, or ANY for all, and a name in lower case with a final dot, or all
// names below one. It is comparable.
type Question struct {
	Type  uint16
	Name  string
	Below bool
}

// Parse reads "mx qq.com", "any qq.com", "mx *.qq.com" (all names below), "ptr 192.0.2.1" (the name of an address), or
// "any *" (all questions).
func Parse(text string) (Question, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return Question{}, fmt.Errorf("%q is not a question such as \"mx qq.com\"", text)
	}
	typ, ok := dns.StringToType[strings.ToUpper(fields[0])]
	if !ok {
		return Question{}, fmt.Errorf("question %q: there is no record type %q", text, fields[0])
	}
	name, below := fields[1], false
	addr, err := netip.ParseAddr(name)
	switch {
	case err == nil && typ == dns.TypePTR:
		name = dnstext.ReverseName(addr)
	case name == "*":
		name, below = ".", true
	case strings.HasPrefix(name, "*."):
		name, below = name[2:], true
	}
	fqdn, err := ASCII(name)
	if err != nil {
		return Question{}, fmt.Errorf("question %q: %w", text, err)
	}
	return Question{typ, strings.ToLower(fqdn), below}, nil
}

// Exact returns the only name that the pattern matches, or "" if it matches several.
func (q Question) Exact() string {
	if q.Below {
		return ""
	}
	return q.Name
}

// String returns the question as [Parse] reads it.
func (q Question) String() string {
	name := strings.TrimSuffix(q.Name, ".")
	switch {
	case q.Below && name == "":
		name = "*"
	case q.Below:
		name = "*." + name
	case name == "":
		name = "."
	}
	return strings.ToLower(dns.Type(q.Type).String()) + " " + name
}

// Matches reports whether the pattern matches a question for a name, in lower case, and a type.
func (q Question) Matches(name string, typ uint16) bool {
	switch {
	case q.Type != dns.TypeANY && q.Type != typ:
		return false
	case !q.Below:
		return q.Name == name
	case q.Name == ".":
		return true
	}
	return len(name) > len(q.Name) && strings.HasSuffix(name, q.Name) && name[len(name)-len(q.Name)-1] == '.'
}
