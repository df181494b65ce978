package wire

// Secrets: lines that may contain credentials.

import (
	"bytes"
	"strings"
)

// secret reports whether a line may contain credentials. Whatever the server replies to an AUTH, a client may send its
// credentials after it: in the lines of a response that it has broken, although the server refused, later, or because a
// Handler's lie has asked for them. So after AUTH, or after a 334 reply to anything, every line is secret that is not
// plainly another command, until the client has authenticated and sent another command.
func (c *Conn) secret(line []byte) bool {
	if c.state.authing {
		return true
	}
	if mentionsAuth(line) {
		c.state.credentials = true
		return true
	}
	if lookUp(line) == &unknown {
		return c.state.credentials
	}
	if c.state.auth {
		c.state.credentials = false
	}
	return false
}

// mentionsAuth reports whether a line begins with AUTH, or contains it followed by white space. What follows it are
// credentials, even if other bytes in the line keep it from being a command.
func mentionsAuth(line []byte) bool {
	const auth = "AUTH"
	line = bytes.TrimLeft(line, " \t")
	for i := 0; i+len(auth) <= len(line); i++ {
		if line[i]|0x20 != 'a' || !strings.EqualFold(string(line[i:i+len(auth)]), auth) {
			continue
		}
		if after := line[i+len(auth):]; i == 0 || len(after) > 0 && (after[0] == ' ' || after[0] == '\t') {
			return true
		}
	}
	return false
}
