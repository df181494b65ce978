package lint

// This file looks at who wrote to whom and when: addresses, and the Date
// (RFC 5322 §3.3, §3.4, §3.6.2, §3.6.3).

import (
	"io"
	stdmime "mime"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// origin looks at the fields of the origin and the destination.
func (c *checker) origin() {
	var authors []string
	sender := 0
	hasFrom := false
	for _, f := range c.fields {
		switch strings.TrimPrefix(f.name, "resent-") {
		case "from", "sender", "reply-to", "to", "cc", "bcc":
		case "date":
			c.date(f)
			continue
		default:
			continue
		}
		addresses, ok := c.addresses(f)
		switch f.name {
		case "from":
			hasFrom = true
			if authors == nil {
				authors = addresses
			}
			if len(addresses) == 0 && ok {
				c.add(fromEmpty, f.at, "the field is %s", quote(f.body))
			}
		case "sender":
			sender += len(addresses)
			if ok && len(addresses) != 1 {
				c.add(fromMany, f.at, "the Sender is %d addresses: %s", len(addresses), quote(f.body))
			}
		case "bcc":
			if f.body != "" {
				c.add(bccLeaked, f.at, "everybody can see Bcc: %s", quote(f.body))
			}
		}
	}
	if len(authors) > 1 && sender == 0 {
		c.add(fromMany, c.place("From"), "there are %d authors and no Sender", len(authors))
	}
	if hasFrom && len(authors) > 0 {
		c.author()
	}
	if c.find("To") == nil && c.find("Cc") == nil && c.find("Bcc") == nil {
		c.add(recipientMissing, -1, "there is neither To nor Cc")
	}
}

// addressParser returns net/mail's parser, made to read encoded words whatever their charset: they
// have rules of their own.
func addressParser() *mail.AddressParser {
	return &mail.AddressParser{WordDecoder: &stdmime.WordDecoder{
		CharsetReader: func(_ string, text io.Reader) (io.Reader, error) { return text, nil },
	}}
}

// addresses looks at the field and returns its addresses; ok is false if it is malformed.
func (c *checker) addresses(f field) (addresses []string, ok bool) {
	if f.body == "" || f.body == "<>" {
		if f.name == "from" {
			return nil, true // that is a rule of its own
		}
		if f.name == "bcc" { // may be empty, RFC 5322 §3.6.3
			return nil, true
		}
		c.add(addressSyntax, f.at, "the field %s has no address", quote(f.name))
		return nil, false
	}
	if !utf8.ValidString(f.body) {
		return nil, false // that is a rule of its own
	}
	const tag = "@[IPv6:" // RFC 5321 §4.1.3; net/mail reads the address only without it
	list, err := addressParser().ParseList(strings.ReplaceAll(f.body, tag, "@["))
	if err != nil { // it knows comments at the end of an address only, RFC 5322 §3.2.2 and §3.4 allow more
		list, err = addressParser().ParseList(strings.ReplaceAll(closeUp(mime.StripComments(f.body)), tag, "@["))
	}
	if err != nil {
		c.add(addressSyntax, f.at, "%s cannot be read: %s", quote(f.body), strings.TrimPrefix(err.Error(), "mail: "))
		return nil, false
	}
	if hasEmptyElement(f.body) {
		c.add(addressSyntax, f.at, "the list in the field %s has nothing between two commas, or at an end: %s", quote(f.name), quote(f.body))
	}
	for _, a := range list {
		if literal := strings.Index(a.Address, "@["); literal >= 0 && strings.Contains(f.body, tag+a.Address[literal+2:]) {
			a.Address = a.Address[:literal] + tag + a.Address[literal+2:]
		}
		if why := badAddress(a.Address); why != "" {
			c.add(addressSyntax, f.at, "the address %s %s", quote(a.Address), why)
		}
		addresses = append(addresses, a.Address)
	}
	return addresses, true
}

// closeUp drops the white space that may stand around the at sign and inside angle brackets (RFC 5322 §3.2.3, §3.4.1).
func closeUp(s string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && quoted && i+1 < len(s):
			b.WriteByte(ch)
			i++
		case ch == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(space, ch) >= 0:
			rest := strings.TrimLeft(s[i:], space)
			end := len(s) - len(rest)
			before := b.String()
			if rest != "" && rest[0] != '@' && rest[0] != '>' && !strings.HasSuffix(before, "@") && !strings.HasSuffix(before, "<") {
				b.WriteString(s[i:end])
			}
			i = end - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// space is the white space of header fields.
const space = " \t\r\n"

// hasEmptyElement reports whether a list of addresses, or of the members of a group, has nothing between two
// commas, before its first or after its last one, which must not be written any more (RFC 5322 §4.4).
func hasEmptyElement(s string) bool {
	quoted, angle := false, false
	empty, commas := true, false // nothing yet in this element; there was a comma in this list
	s = mime.StripComments(s)
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; {
		case ch == '\\' && quoted:
			i++
		case ch == '"':
			quoted, empty = !quoted, false
		case quoted:
		case ch == '<' || ch == '>':
			angle, empty = ch == '<', false
		case angle || strings.IndexByte(space, ch) >= 0:
		case ch == ',':
			if empty {
				return true
			}
			empty, commas = true, true
		case ch == ':': // a group begins
			empty, commas = true, false
		case ch == ';':
			if empty && commas {
				return true
			}
			empty, commas = false, false
		default:
			empty = false
		}
	}
	return empty && commas
}

// badAddress says what is wrong with an address that net/mail has read, or nothing.
func badAddress(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return "has no domain"
	}
	switch domain := address[i+1:]; {
	case i > 64: // RFC 5321 §4.5.3.1.1
		return "has more than 64 bytes before the at sign"
	case strings.HasPrefix(domain, "["):
		if !isLiteral(domain) {
			return "has something in its brackets that is not an address"
		}
	case !isDomain(domain):
		return "has a domain that can be none"
	}
	return ""
}

// isDomain reports whether s is a domain name as mail has them (RFC 5321 §4.1.2, §4.5.3.1.2; beyond
// ASCII, RFC 6531 §3.3).
func isDomain(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if b := label[i]; !isAlphanumeric(b) && b != '-' && b < utf8.RuneSelf {
				return false
			}
		}
	}
	return true
}

// isLiteral reports whether s is an address literal (RFC 5321 §4.1.3).
func isLiteral(s string) bool {
	s, open := strings.CutPrefix(s, "[")
	s, closed := strings.CutSuffix(s, "]")
	if !open || !closed {
		return false
	}
	tag, rest, tagged := strings.Cut(s, ":")
	if tagged && strings.EqualFold(tag, "IPv6") {
		a, err := netip.ParseAddr(rest)
		return err == nil && a.Is6() && a.Zone() == ""
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// isFull reports whether a domain can be one of the internet: it has a dot, and ends with letters.
func isFull(domain string) bool {
	i := strings.LastIndexByte(domain, '.')
	if i < 0 {
		return false
	}
	last := strings.ToLower(domain[i+1:])
	private := []string{"local", "localdomain", "localhost", "internal", "lan", "invalid"} // RFC 6761, RFC 6762
	return strings.Trim(last, "0123456789") != "" && !slices.Contains(private, last)
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// author looks at what the author's name and address say to a person and a filter.
func (c *checker) author() {
	at := c.place("From")
	for _, a := range c.msg.From {
		i := strings.LastIndexByte(a.Address, '@')
		if i < 0 {
			continue
		}
		if domain := a.Address[i+1:]; isDomain(domain) && !isFull(domain) {
			c.add(fromDomain, at, "%s is not a domain of the internet", quote(domain))
		}
		for word := range strings.FieldsFuncSeq(a.Name, func(r rune) bool { return strings.ContainsRune(" \t<>()[]\"',;:", r) }) {
			local, domain, found := strings.Cut(word, "@")
			if found && local != "" && isDomain(domain) && isFull(domain) && !strings.EqualFold(word, a.Address) {
				c.add(nameSpoofed, at, "the name says %s, the address is %s", quote(word), quote(a.Address))
				break
			}
		}
	}
}

// plainDate returns a date without comments, which may be anywhere in it, and with the name of its zone, whose
// letter case does not count (RFC 5322 §4.3), in capitals.
func plainDate(s string) string {
	words := strings.Fields(mime.StripComments(s))
	if n := len(words); n > 0 {
		words[n-1] = strings.ToUpper(words[n-1])
	}
	return strings.Join(words, " ")
}

// date looks at a Date field.
func (c *checker) date(f field) {
	t, err := mail.ParseDate(plainDate(f.body))
	if err != nil || f.name == "date" && c.msg.Date.IsZero() {
		c.add(dateSyntax, f.at, "%s says no time", quote(f.body))
		return
	}
	if day, _, found := strings.Cut(f.body, ","); found && !strings.EqualFold(strings.TrimSpace(day), t.Format("Mon")) {
		c.add(dateSyntax, f.at, "%s was a %s", quote(f.body), t.Format("Monday"))
	}
	now, most := c.now(), c.linter.DateOff
	if most == 0 {
		most = 24 * time.Hour
	}
	if now.IsZero() || f.name != "date" {
		return
	}
	if d := now.Sub(t).Abs(); d > most {
		n, unit := d/time.Hour, "hours"
		if n > 72 {
			n, unit = n/24, "days"
		}
		c.add(dateOff, f.at, "%s is %d %s from %s", quote(f.body), n, unit, now.Format(time.RFC1123Z))
	}
}
