// Package eventtext reads the texts by which a test names events of the journal: "ask mx qq.com", "dial
// mx1.qq.com:25", "smtp mx1.qq.com RCPT", "mail". A text for an event that can't occur is an error.
package eventtext

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// Pattern is a pattern of events: their kind, and words that are compared from the left.
type Pattern struct {
	kind     string
	question question.Question // of "ask", if there is a name
	named    bool
	words    []string // the other words, as normal returns them
}

// Parse reads a text that names events. The empty text names all events. If there can be no such event, the error
// says why.
func Parse(text string) (*Pattern, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return &Pattern{}, nil // all events
	}
	p := &Pattern{kind: strings.ToLower(fields[0])}
	fields = fields[1:]
	var err error
	switch p.kind {
	case "ask":
		if len(fields) > 2 {
			return nil, fmt.Errorf("a question is a type and a name, and then %q follows", fields[2])
		}
		if p.named = len(fields) > 0; len(fields) == 1 {
			fields = append(fields, "*")
		}
		if p.named {
			p.question, err = question.Parse(strings.Join(fields, " "))
		}
		return p, err
	case "dial", "smtp", "mail":
	default:
		return nil, fmt.Errorf("there is no kind %q; there are ask, dial, smtp and mail", p.kind)
	}
	for i, word := range fields {
		switch {
		case i == 0:
			err = checkTarget(word)
		case i == 1 && p.kind == "smtp":
			err = checkCommand(word)
		case i == 1 && p.kind == "dial":
			_, err = netip.ParseAddr(word)
		case i == 1 && p.kind == "mail":
			err = checkRecipient(word)
		case i > 1 && p.kind != "smtp":
			err = fmt.Errorf("nothing comes after %q", fields[1])
		}
		if err != nil {
			return nil, err
		}
		if i == 0 {
			p.words = append(p.words, normalTarget(word))
		} else {
			p.words = append(p.words, normal(word))
		}
	}
	return p, nil
}

// checkTarget checks a host or an address, with or without a port.
func checkTarget(word string) error {
	if strings.HasPrefix(word, "(") || wire.KnownVerb(word) {
		return fmt.Errorf("a host comes before %q", word)
	}
	host, port := splitTarget(word)
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) || strings.HasSuffix(word, ":") {
		return fmt.Errorf("%q is not a port", port)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	if strings.ContainsAny(host, "[]:@()<>") {
		return fmt.Errorf("%q is neither a host nor an address", host)
	}
	_, err := question.ASCII(host)
	return err
}

// splitTarget cuts a port, if there is one, from a host or an address, with or without brackets.
func splitTarget(word string) (host, port string) {
	if addr, err := netip.ParseAddr(word); err == nil && addr.Is6() {
		return word, ""
	}
	if host, port, err := net.SplitHostPort(word); err == nil {
		return host, port
	}
	if inner, ok := strings.CutPrefix(word, "["); ok && strings.HasSuffix(inner, "]") {
		return inner[:len(inner)-1], ""
	}
	return word, ""
}

// checkCommand checks an SMTP command, or a word that stands for one: "(dot)".
func checkCommand(word string) error {
	if name, ok := strings.CutPrefix(word, "("); ok {
		name, closed := strings.CutSuffix(name, ")")
		var stage mailtest.Stage
		if err := stage.UnmarshalText([]byte(name)); err != nil {
			return err
		}
		switch stage {
		case mailtest.Greeting, mailtest.Handshake, mailtest.AuthStep, mailtest.Body, mailtest.Dot, mailtest.Idle, mailtest.Unknown:
		default:
			return fmt.Errorf("%s is a command, and not in parentheses", stage)
		}
		if !closed {
			return fmt.Errorf("%q has no closing parenthesis", word)
		}
		return nil
	}
	private := strings.HasPrefix(strings.ToUpper(word), "X") // RFC 5321 §4.1.5
	if !private && !wire.KnownVerb(word) {
		return fmt.Errorf("SMTP has no command %q; what is not one is \"(unknown)\"", word)
	}
	return nil
}

// checkRecipient checks the address of a recipient: a mailbox, or postmaster without a domain (RFC 5321 §4.1.1.3).
func checkRecipient(word string) error {
	i := strings.LastIndexByte(word, '@')
	switch {
	case i < 0 && strings.EqualFold(word, "postmaster"):
		return nil
	case i < 1 || strings.ContainsAny(word[i:], "<>"):
		return fmt.Errorf("%q is not the address of a recipient", word)
	case strings.HasPrefix(word[i+1:], "["):
		return nil
	}
	_, err := question.ASCII(word[i+1:])
	return err
}

// normalTarget returns the form in which a host or an address, with or without a port, is compared. Names have
// A-labels, in lower case and without a final dot. IPv6 addresses are in brackets and in their canonical form (RFC
// 5952).
func normalTarget(word string) string {
	host, port := splitTarget(word)
	if addr, err := netip.ParseAddr(host); err == nil {
		if host = addr.Unmap().String(); addr.Unmap().Is6() {
			host = "[" + host + "]"
		}
	} else if name, err := question.ASCII(host); err == nil {
		host = strings.ToLower(strings.TrimSuffix(name, "."))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		return host + ":" + strconv.FormatUint(n, 10)
	}
	return host
}

// normal returns the form in which a word after the host is compared. It is in lower case. A domain after an at
// sign has A-labels and no final dot. IP addresses are in their canonical form.
func normal(word string) string {
	if addr, err := netip.ParseAddr(word); err == nil {
		return addr.Unmap().String()
	}
	begin, end := strings.LastIndexByte(word, '@')+1, len(word)
	if begin == 0 {
		return strings.ToLower(word)
	}
	if i := strings.IndexAny(word[begin:], ">:"); i >= 0 {
		end = begin + i
	}
	if name, err := question.ASCII(word[begin:end]); err == nil {
		word = word[:begin] + strings.TrimSuffix(name, ".") + word[end:]
	}
	return strings.ToLower(word)
}

// Matches reports whether the pattern matches an event with the text what, of a host with further names. The names
// are separated by spaces.
func (p *Pattern) Matches(what, names string) bool {
	kind, rest, _ := strings.Cut(what, " ")
	if p.kind == "" {
		return true
	}
	words := strings.Fields(rest)
	if p.kind != kind || len(p.words) > len(words) {
		return false
	}
	if p.kind == "ask" {
		return !p.named || len(words) == 2 && p.question.Matches(strings.ToLower(dns.Fqdn(words[1])), dns.StringToType[strings.ToUpper(words[0])])
	}
	for i, want := range p.words {
		switch {
		case i == 0:
			if !matchesTarget(want, words[0], names) {
				return false
			}
		case i == 1 && want == "(unknown)":
			if words[1] != want && (strings.HasPrefix(words[1], "(") || wire.KnownVerb(words[1])) {
				return false
			}
		case !begins(normal(words[i]), want):
			return false
		}
	}
	return true
}

// matchesTarget reports whether the host of an event, which may have further names, is the wanted one.
func matchesTarget(want, target, names string) bool {
	target = normalTarget(target)
	if begins(target, want) {
		return true
	}
	_, port, _ := strings.Cut(target, ":") // the port of a name, since an address has no further names
	for name := range strings.FieldsSeq(names) {
		if begins(normalTarget(name)+":"+port, want) {
			return true
		}
	}
	return false
}

// begins reports whether a word is the wanted one, or begins with it before a colon.
func begins(word, want string) bool {
	rest, ok := strings.CutPrefix(word, want)
	return ok && (rest == "" || rest[0] == ':')
}
