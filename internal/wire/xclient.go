package wire

// XCLIENT, the Postfix extension by which a proxy says who the client is.

import (
	"net/netip"
	"strconv"
	"strings"
)

// XClient is the line of the EHLO reply that lists the attributes of XCLIENT.
const XClient = "XCLIENT NAME ADDR PORT PROTO HELO LOGIN"

func (c *Conn) refuseXClient() string {
	switch {
	case !c.cfg.Client:
		return "550 5.7.0 XCLIENT is not allowed"
	case c.state.mail:
		return "503 5.5.1 XCLIENT in the middle of a transaction"
	case c.turn.arg == "":
		return "501 5.5.4 XCLIENT takes name=value"
	}
	return ""
}

// xclient answers XCLIENT. If it succeeds, the dialogue begins anew with another greeting.
func (c *Conn) xclient() []byte {
	t := &c.turn
	var addr netip.Addr
	var port uint64
	var helo, user string
	for _, attribute := range strings.Fields(t.Arg()) {
		name, value, ok := strings.Cut(attribute, "=")
		value, err := unxtext(value)
		if !ok || err != nil {
			return oneLine("501 5.5.4 XCLIENT takes name=value")
		}
		if value == "[UNAVAILABLE]" || value == "[TEMPUNAVAIL]" {
			continue
		}
		switch strings.ToUpper(name) {
		case "ADDR":
			if len(value) > len("IPV6:") && strings.EqualFold(value[:len("IPV6:")], "IPV6:") {
				value = value[len("IPV6:"):]
			}
			addr, err = netip.ParseAddr(value)
		case "PORT":
			port, err = strconv.ParseUint(value, 10, 16)
		case "HELO":
			helo = value
		case "LOGIN":
			user = value
		case "NAME", "PROTO", "DESTADDR", "DESTPORT":
		default:
			return oneLine("501 5.5.4 XCLIENT attribute not recognized")
		}
		if err != nil {
			return oneLine("501 5.5.4 Bad value of an XCLIENT attribute")
		}
	}
	t.Client = &Identity{Addr: netip.AddrPortFrom(addr, uint16(port)), Helo: helo, User: user}
	c.state = state{encrypted: c.state.encrypted, credentials: c.state.credentials}
	c.engine.forget()
	return c.greeting()
}

// unxtext decodes xtext (RFC 3461 §4).
func unxtext(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '+' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", strconv.ErrSyntax
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", err
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String(), nil
}
