package wire

// The parameters of DSN, which go-smtp reads more strictly than RFC 3461 and other servers do.

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DSN holds the parameters of MAIL and RCPT for delivery status notifications (RFC 3461), except RET.
type DSN struct {
	EnvelopeID   string   // ENVID, decoded
	Notify       []string // NOTIFY, in upper case, without duplicates
	OriginalType string   // the type of ORCPT: "RFC822", "UTF-8", or another type as written
	Original     string   // the address of ORCPT, decoded
}

// DSN returns the DSN parameters of the current MAIL or RCPT command, for the engine's session.
func (c *Conn) DSN() DSN { return c.turn.dsn }

// readDSN removes the DSN parameters from those of a MAIL or RCPT command and stores them in the turn. It returns the
// other parameters, and a reply that refuses the command, or "". Hexadecimal digits should be in upper case (RFC 3461
// §4); like all servers, readDSN accepts lower case too, and adds a note.
func (c *Conn) readDSN() (others []string, refuse string) {
	t := &c.turn
	t.dsn = DSN{}
	seen := make(map[string]bool)
	for _, p := range t.params {
		key, value, _ := strings.Cut(p, "=")
		key = strings.ToUpper(key)
		mine := key == "ENVID" && t.Verb == "MAIL" || (key == "NOTIFY" || key == "ORCPT") && t.Verb == "RCPT"
		if mine || key == "RET" && t.Verb == "MAIL" {
			if seen[key] {
				return nil, "501 5.5.4 " + key + " is there twice"
			}
			seen[key] = true
		}
		if !mine {
			others = append(others, p)
			continue
		}
		ok, small := false, false
		switch key {
		case "ENVID":
			t.dsn.EnvelopeID, small, ok = xtext(value)
			ok = ok && value != "" && !badText(t.dsn.EnvelopeID) && ascii(t.dsn.EnvelopeID)
		case "NOTIFY":
			t.dsn.Notify, ok = notify(value)
		case "ORCPT":
			t.dsn.OriginalType, t.dsn.Original, small, ok = originalRecipient(value)
		}
		if !ok {
			return nil, "501 5.5.4 Malformed " + key + " parameter value"
		}
		if small {
			t.note(Note{Kind: LowerCaseHex, Text: key})
		}
	}
	return others, ""
}

// notify parses the value of NOTIFY (RFC 3461 §4.1). It drops duplicates.
func notify(value string) (words []string, ok bool) {
	for word := range strings.SplitSeq(strings.ToUpper(value), ",") {
		switch word {
		case "SUCCESS", "FAILURE", "DELAY", "NEVER":
			if !slices.Contains(words, word) {
				words = append(words, word)
			}
		default:
			return nil, false
		}
	}
	return words, !slices.Contains(words, "NEVER") || strings.EqualFold(value, "NEVER")
}

// originalRecipient parses the value of ORCPT (RFC 3461 §4.2, RFC 6533 §3). The address may be of any type, and may be
// empty. small reports whether there are hexadecimal digits in lower case.
func originalRecipient(value string) (addrType, address string, small, ok bool) {
	addrType, address, ok = strings.Cut(value, ";")
	if !ok || addrType == "" || badText(addrType) || !ascii(addrType) || strings.ContainsAny(addrType, "()<>@,:\\\".[] ") {
		return "", "", false, false
	}
	switch upper := strings.ToUpper(addrType); upper {
	case "UTF-8":
		address, small, ok = utf8Address(address)
		addrType = upper
	case "RFC822":
		addrType = upper
		fallthrough
	default:
		address, small, ok = xtext(address)
		ok = ok && ascii(address)
	}
	return addrType, address, small, ok && !badText(address)
}

// xtext decodes "+" followed by two hexadecimal digits (RFC 3461 §4). small reports whether any of the digits are in
// lower case.
func xtext(value string) (text string, small, ok bool) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '+':
			if i+2 >= len(value) {
				return "", false, false
			}
			n, err := strconv.ParseUint(value[i+1:i+3], 16, 8)
			if err != nil {
				return "", false, false
			}
			small = small || strings.ToUpper(value[i+1:i+3]) != value[i+1:i+3]
			b.WriteByte(byte(n))
			i += 2
		case c <= ' ' || c == '=' || c == 0x7f:
			return "", false, false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), small, true
}

// utf8Address decodes a utf-8-address: the escapes of xtext, and "\x{" hexadecimal digits "}" for a character (RFC 6533
// §3). An address without escapes may contain UTF-8.
func utf8Address(value string) (text string, small, ok bool) {
	value, small, ok = xtext(value)
	if !ok || !utf8.ValidString(value) {
		return "", false, false
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(value, `\`)
		b.WriteString(before)
		if !found {
			return b.String(), small, true
		}
		rest, prefixed := strings.CutPrefix(rest, "x{")
		hex, after, closed := strings.Cut(rest, "}")
		n, err := strconv.ParseUint(hex, 16, 32)
		if !prefixed || !closed || err != nil || len(hex) > 6 || hex[0] == '+' || !utf8.ValidRune(rune(n)) {
			return "", false, false
		}
		small = small || strings.ToUpper(hex) != hex
		b.WriteRune(rune(n))
		value = after
	}
}
