package provider

// Placeholders: the parts of a text that differ from one reply to the next.

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

// placeholder matches a placeholder. In capitals it stands for the same text in capitals.
var placeholder = regexp.MustCompile(`\{[A-Za-z]+\}`)

// placeholders maps each placeholder to the function that returns its text.
var placeholders = map[string]func(t *turn) string{
	"{ip}":     func(t *turn) string { return t.a.Client },
	"{helo}":   func(t *turn) string { return t.a.Helo },
	"{user}":   func(t *turn) string { return t.a.User },
	"{from}":   func(t *turn) string { return t.a.From },
	"{addr}":   (*turn).address,
	"{domain}": (*turn).senderDomain,
	"{author}": (*turn).authorDomain,
	"{host}":   func(t *turn) string { return t.host },
	"{token}":  (*turn).token,
	"{unix}":   func(*turn) string { return strconv.FormatInt(time.Now().Unix(), 10) },
	"{date}":   func(*turn) string { return time.Now().UTC().Format(time.RFC1123Z) },
	"{stamp}":  func(*turn) string { return time.Now().UTC().Format("2006-01-02T15:04:05.000Z") },
	"{size}":   func(t *turn) string { return strconv.FormatInt(t.p.sizeOf(t.service), 10) },
	"{lint}":   func(t *turn) string { return t.finding },
	"{spf}":    func(t *turn) string { return title(t.verdict().SPF) },
	"{dkim}":   func(t *turn) string { return title(t.verdict().DKIM) },
	"{dmarc}":  func(t *turn) string { return title(t.verdict().DMARC) },
}

// placeholderNames returns all placeholders, sorted.
func placeholderNames() []string { return slices.Sorted(maps.Keys(placeholders)) }

// title returns a result in the spelling of Microsoft.
func title(r mailauth.Result) string {
	s := string(r)
	return strings.ToUpper(s[:1]) + s[1:]
}

// fill replaces the placeholders of a text. A question mark replaces each control character, which would break the
// reply.
func (t *turn) fill(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		f := placeholders[strings.ToLower(name)]
		if f == nil {
			return name
		}
		value := f(t)
		if name == strings.ToUpper(name) {
			value = strings.ToUpper(value)
		}
		return strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return '?'
			}
			return r
		}, value)
	})
}

// encode returns the reply of a policy, as the bytes that go over the wire.
func (t *turn) encode(pol *policy) string {
	reply := t.fill(pol.reply)
	if pol.charset == nil {
		return reply
	}
	encoded, err := pol.charset.NewEncoder().String(reply)
	if err != nil {
		return reply // an address that can't be written in the charset
	}
	return encoded
}

// address returns the address that the reply is about.
func (t *turn) address() string {
	switch {
	case t.about != "":
		return t.about
	case t.a.Stage == mailtest.Rcpt:
		return t.a.To
	case t.a.Stage == mailtest.Auth, t.a.Stage == mailtest.AuthStep:
		return t.a.User
	case t.a.Stage == mailtest.Dot && len(t.a.Recipients) > 0:
		return t.a.Recipients[0].Address
	}
	return t.a.From
}

// senderDomain returns the domain that SPF checks (RFC 7208 §2.4).
func (t *turn) senderDomain() string {
	if domain := domainOf(t.a.From); domain != "" {
		return domain
	}
	return t.a.Helo
}

// authorDomain returns the domain of the From field.
func (t *turn) authorDomain() string {
	if m := t.a.Message; m != nil && len(m.From) > 0 {
		return domainOf(m.From[0].Address)
	}
	return ""
}

// token returns the identifier of the turn.
func (t *turn) token() string {
	if t.service.token == nil {
		return ""
	}
	return t.service.token.make(fmt.Sprintf("%s %s %d", t.connection(), t.a.Stage, t.a.Nth))
}
