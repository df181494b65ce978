package wire

// Secrets: which lines may hold credentials.

import (
	"bytes"
	"strings"
)

// secret reports whether a line may hold credentials. Whatever the server thinks of an AUTH, a client may
// send its credentials after it: in the lines of a response that it has broken, although it was refused,
// later, or because a Handler's lie has asked for them. So from AUTH on, or a 334 in reply to anything,
// all is secret that is not plainly another command, until the client has authenticated and said one.
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

// mentionsAuth reports whether a line begins with AUTH, or has it somewhere with a blank after it: what comes
// then are credentials, also if something that does not belong there has kept it from being a command.
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
