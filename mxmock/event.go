package mxmock

// Events, and the texts that name them.

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/wire"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// Event is something that happened: a question to the DNS, an attempt to connect, a turn of an SMTP
// session, or a message that was accepted.
type Event struct {
	// Time is when the question was asked, when the attempt to connect began, or when the server
	// had finished the turn. In a [Journal], times never decrease.
	Time time.Time

	// Client is the address and port of the client.
	Client string

	// What is the kind of the event and what it is about, in one of these forms:
	//
	//	ask mx qq.com
	//	dial mx1.qq.com:25
	//	smtp mx1.qq.com:25 RCPT TO:<bob@qq.com>
	//	mail mx1.qq.com:25 bob@qq.com
	//
	// Turns that are not commands have names in parentheses, such as "smtp mx1.qq.com:25
	// (greeting)" and, for the end of a message, "smtp mx1.qq.com:25 (dot)". An address that
	// belongs to no host stands in place of the name. If a host has several addresses, the one that
	// was dialled follows: "dial mx1.qq.com:25 2001:db8::2". A message has one event for each of
	// its recipients.
	What string

	// Result is the outcome: the answer of the DNS; "connected", the error, or "(no answer yet)";
	// the first line of the reply; or sender and subject.
	Result string

	// Repeat reports whether a stub resolver asked again because it did not get a usable answer;
	// see [DNSRule.Times].
	Repeat bool
}

// String returns the event as one line, without its time and client.
func (e Event) String() string {
	if e.Result == "" {
		return e.What
	}
	return e.What + " → " + e.Result
}

// pattern is what a text says about events, see [Journal].
type pattern struct {
	kind     string
	question question // of "ask", if there is a name
	named    bool
	words    []string // the others, as normal makes them
}

// mustPattern reads the text that names events, which stands in the code of a test.
func mustPattern(text string) *pattern {
	p, err := parsePattern(text)
	if err != nil {
		panic(fmt.Sprintf("mxmock: the event %q can't occur: %v", text, err))
	}
	return p
}

func parsePattern(text string) (*pattern, error) {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return &pattern{}, nil // all events
	}
	p := &pattern{kind: strings.ToLower(fields[0])}
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
			p.question, err = parseQuestion(strings.Join(fields, " "))
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
		case i > 1 && p.kind == "dial", i > 1 && p.kind == "mail":
			err = fmt.Errorf("nothing comes after %q", fields[1])
		}
		if err != nil {
			return nil, err
		}
		p.words = append(p.words, normal(word, i == 0))
	}
	return p, nil
}

// checkTarget looks at a host or an address, with or without a port.
func checkTarget(word string) error {
	host, port, err := net.SplitHostPort(word)
	if err != nil {
		host, port = word, "1"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q is not a port", port)
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	_, err = asciiName(host)
	return err
}

// checkCommand looks at an SMTP command, or at what stands for one: "(dot)".
func checkCommand(word string) error {
	if stage, ok := strings.CutPrefix(word, "("); ok {
		return new(mailtest.Stage).UnmarshalText([]byte(strings.TrimSuffix(stage, ")")))
	}
	private := strings.HasPrefix(strings.ToUpper(word), "X") // RFC 5321 §4.1.5
	if !private && !wire.KnownVerb(word) {
		return fmt.Errorf("SMTP has no command %q; what is not one is \"(unknown)\"", word)
	}
	return nil
}

// normal returns a word as it is compared: in lower case, and names in A-labels without a final dot.
// Target says that it is a host and maybe a port; otherwise a name follows an at sign.
func normal(word string, target bool) string {
	begin, end := 0, len(word)
	if !target {
		if begin = strings.LastIndexByte(word, '@') + 1; begin == 0 {
			return strings.ToLower(word)
		}
		if i := strings.IndexAny(word[begin:], ">:"); i >= 0 {
			end = begin + i
		}
	} else if i := strings.LastIndexByte(word, ':'); i >= 0 {
		if _, err := netip.ParseAddr(word); err == nil {
			return "[" + strings.ToLower(word) + "]"
		}
		end = i
	}
	if name, err := asciiName(word[begin:end]); err == nil {
		word = word[:begin] + strings.TrimSuffix(name, ".") + word[end:]
	}
	return strings.ToLower(word)
}

// matches reports whether an event is one of those.
func (p *pattern) matches(e Event) bool {
	kind, rest, _ := strings.Cut(e.What, " ")
	if p.kind == "" {
		return true
	}
	words := strings.Fields(rest)
	if p.kind != kind || len(p.words) > len(words) {
		return false
	}
	if p.kind == "ask" {
		return !p.named || len(words) == 2 && p.question.matches(strings.ToLower(dns.Fqdn(words[1])), dns.StringToType[strings.ToUpper(words[0])])
	}
	for i, want := range p.words {
		word := normal(words[i], i == 0)
		if i == 1 && want == "(unknown)" {
			if strings.HasPrefix(word, "(") || wire.KnownVerb(words[i]) {
				return false
			}
			continue
		}
		if n := len(want); len(word) > n && word[n] == ':' {
			word = word[:n]
		}
		if word != want {
			return false
		}
	}
	return true
}
