package mailauth

// This file expands the macros of SPF (RFC 7208 §7).

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// macro is one "%{…}".
type macro struct {
	letter  byte // in lower case
	escape  bool // the letter was in upper case
	keep    int  // how many parts are kept, counted from the right; 0 is all
	reverse bool
	delims  string
}

// eachMacro cuts s into what stands as it is and macros. It reports what is wrong with s, spaces being
// allowed in explanations only.
func eachMacro(s string, explanation bool, literal func(string), expand func(macro)) error {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c > '~' || c < ' ' || c == ' ' && !explanation:
			return fmt.Errorf("the byte %#02x is not allowed", c)
		case c != '%':
			end := i + 1
			for end < len(s) && s[end] > ' ' && s[end] <= '~' && s[end] != '%' {
				end++
			}
			literal(s[i:end])
			i = end
		case i+1 == len(s):
			return errors.New("a macro is not finished")
		case s[i+1] == '{':
			length := strings.IndexByte(s[i:], '}')
			if length < 0 {
				return errors.New("a macro is not finished")
			}
			m, err := parseMacro(s[i+2:i+length], explanation)
			if err != nil {
				return fmt.Errorf("%s: %w", clip(s[i:i+length+1]), err)
			}
			expand(m)
			i += length + 1
		default:
			text, ok := map[byte]string{'%': "%", '_': " ", '-': "%20"}[s[i+1]]
			if !ok {
				return fmt.Errorf("%q is no macro", s[i:i+2])
			}
			literal(text)
			i += 2
		}
	}
	return nil
}

// parseMacro reads what stands between the braces.
func parseMacro(s string, explanation bool) (m macro, err error) {
	if s == "" {
		return m, errors.New("an empty macro")
	}
	m.letter, m.escape = s[0]|0x20, s[0] < 'a'
	letters := "slodiphv"
	if explanation {
		letters += "crt"
	}
	if !isAlpha(s[0]) || strings.IndexByte(letters, m.letter) < 0 {
		return m, errors.New("no such macro")
	}
	s = s[1:]
	if digits := len(s) - len(strings.TrimLeft(s, "0123456789")); digits > 0 {
		m.keep, err = strconv.Atoi(s[:digits])
		if errors.Is(err, strconv.ErrRange) {
			m.keep = len(s) + 1<<20 // more than there are
		} else if m.keep == 0 {
			return m, errors.New("zero parts")
		}
		s = s[digits:]
	}
	if s != "" && s[0]|0x20 == 'r' {
		m.reverse, s = true, s[1:]
	}
	if strings.Trim(s, ".-+,/_=") != "" {
		return m, fmt.Errorf("%q can't divide", clip(s))
	}
	if m.delims = s; s == "" {
		m.delims = "."
	}
	return m, nil
}

// checkMacros returns an error if a macro in s is malformed.
func checkMacros(s string, explanation bool) error {
	return eachMacro(s, explanation, func(string) {}, func(macro) {})
}

// expand replaces the macros in s, which is known to be well-formed.
func (c *spfCheck) expand(s, domain string, explanation bool) string {
	var b strings.Builder
	values := make(map[macro]string) // the same macro may stand there thousands of times
	eachMacro(s, explanation, func(text string) { b.WriteString(text) }, func(m macro) {
		value, known := values[m]
		if known {
			b.WriteString(value)
			return
		}
		value = c.macroValue(m.letter, domain)
		parts := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(m.delims, r) })
		if m.reverse {
			slices.Reverse(parts)
		}
		if m.keep > 0 && m.keep < len(parts) {
			parts = parts[len(parts)-m.keep:]
		}
		value = strings.Join(parts, ".")
		if m.escape {
			value = escape(value)
		}
		values[m] = value
		b.WriteString(value)
	})
	return b.String()
}

// expandDomain expands a domain-spec, "" being the domain itself. Names that are too long lose labels on
// the left (RFC 7208 §7.3).
func (c *spfCheck) expandDomain(spec, domain string) string {
	if spec == "" {
		return domain
	}
	name := strings.TrimSuffix(c.expand(spec, domain, false), ".")
	for len(name) > 253 {
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			break
		}
		name = rest
	}
	return name
}

// macroValue returns the value of a macro letter (RFC 7208 §7.2).
func (c *spfCheck) macroValue(letter byte, domain string) string {
	switch letter {
	case 's':
		return c.local + "@" + c.sender
	case 'l':
		return c.local
	case 'o':
		return c.sender
	case 'd':
		return domain
	case 'i':
		return dotted(c.client)
	case 'p':
		return c.clientName(domain)
	case 'v':
		if c.client.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return c.helo
	case 'c':
		return c.client.String()
	case 't':
		return strconv.FormatInt(time.Now().Unix(), 10)
	}
	return "unknown" // r, the receiver's name: nobody has told it
}

// dotted returns an address as %{i} has it: an IPv6 address as 32 hexadecimal digits with dots.
func dotted(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	digits := strings.ReplaceAll(addr.StringExpanded(), ":", "")
	return strings.Join(strings.Split(digits, ""), ".")
}

// escape is the URL escaping of macros with upper-case letters (RFC 3986 §2.3).
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if isAlpha(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
