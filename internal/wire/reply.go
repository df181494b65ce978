package wire

// Replies: the texts that a client receives, in place of the engine's.

import (
	"bytes"
	"slices"
	"strings"
)

// positive reports whether a reply has a 2xx or 3xx code. Bytes that are not a reply are not positive.
func positive(reply []byte) bool {
	if len(reply) < 3 || reply[0] != '2' && reply[0] != '3' {
		return false
	}
	return isDigit(reply[1]) && isDigit(reply[2]) && (len(reply) == 3 || !isDigit(reply[3]))
}

// intermediate reports whether a reply asks the client to go on with what it has begun (RFC 5321 §4.2.1).
func intermediate(reply []byte) bool { return positive(reply) && reply[0] == '3' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// oneLine returns the bytes of a one-line reply.
func oneLine(reply string) []byte { return append([]byte(reply), "\r\n"...) }

// compose returns the bytes of a one-line reply, as oneLine does, but reuses the memory of the previous one. It serves
// the replies that every session has.
func (c *Conn) compose(reply ...string) []byte {
	c.own = c.own[:0]
	for _, piece := range reply {
		c.own = append(c.own, piece...)
	}
	c.own = append(c.own, "\r\n"...)
	return c.own
}

// corrected returns a refusal of the engine with the code that the RFCs ask for.
func (c *Conn) corrected(engine []byte) []byte {
	t := &c.turn
	switch {
	case (t.Verb == "MAIL" || t.Verb == "RCPT") && bytes.HasPrefix(engine, []byte("50")):
		switch {
		case !bytes.HasPrefix(engine[3:], []byte(" 5.5.4 ")):
		case !recognized(t.Verb, t.params):
			return oneLine("555 5.5.4 " + t.Verb + " parameter not recognized") // RFC 5321 §4.1.1.11
		case len(t.params) > 1: // the engine checks them in no particular order
			return oneLine("501 5.5.4 Malformed " + t.Verb + " parameter")
		}
		return append([]byte("501"), engine[3:]...)
	case bytes.HasPrefix(engine, []byte("454 4.7.0 Invalid base64")):
		return []byte("501 5.5.2 Invalid base64 data\r\n") // RFC 4954 §4
	}
	return bytes.Clone(engine)
}

// recognized reports whether the server offers all the parameters for the verb, which is MAIL or RCPT.
func recognized(verb string, params []string) bool {
	known := []string{"SIZE", "BODY", "SMTPUTF8", "REQUIRETLS", "AUTH", "RET", "ENVID"}
	if verb == "RCPT" {
		known = []string{"NOTIFY", "ORCPT"}
	}
	return !slices.ContainsFunc(params, func(param string) bool {
		keyword, _, _ := strings.Cut(param, "=")
		return !slices.Contains(known, strings.ToUpper(keyword))
	})
}

// helo returns the reply to HELO.
func (c *Conn) helo() []byte { return c.compose("250 ", c.cfg.Name) }

// ehlo returns the reply to EHLO (RFC 5321 §4.1.1.1).
func (c *Conn) ehlo() []byte {
	c.own = append(append(c.own[:0], "250-"...), c.cfg.Name...)
	last := 0 // where the last line begins
	for _, line := range c.handler.Capabilities(c.state.encrypted) {
		c.own = append(c.own, "\r\n"...)
		last = len(c.own)
		c.own = append(append(c.own, "250-"...), line...)
	}
	c.own[last+len("250")] = ' '
	c.own = append(c.own, "\r\n"...)
	return c.own
}
