package imap

// The output of go-imap: the search for the end of a reply, and the bytes that the client receives.

import (
	"bytes"
	"fmt"
	"regexp"
)

// saves matches a SEARCH that is to save its result and to return nothing, though go-imap does (RFC 5182 §2.1).
var saves = regexp.MustCompile(`(?i)^\S+ (UID )?SEARCH RETURN \(SAVE\) `)

// Write takes the output of go-imap line by line, to find the end of a reply.
func (e *engine) Write(p []byte) (int, error) {
	if err := e.write(p); err != nil {
		return 0, err
	}
	e.mu.Lock()
	pushed := e.pushed
	e.pushed = nil
	e.mu.Unlock()
	if len(pushed) > 0 { // without the lock, since a rule may delay it
		if err := e.conn.Push(Push, pushed); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// write takes the lines and literals in p.
func (e *engine) write(p []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for rest := p; len(rest) > 0; {
		var err error
		if e.literal > 0 {
			n := min(int(e.literal), len(rest))
			e.literal -= int64(n)
			err = e.emit(rest[:n])
			rest = rest[n:]
		} else {
			i := bytes.IndexByte(rest, '\n') + 1
			if i == 0 {
				e.line = append(e.line, rest...)
				break
			}
			e.line = append(e.line, rest[:i]...)
			rest = rest[i:]
			err = e.writeLine(e.line)
			e.line = e.line[:0]
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeLine takes a line. The caller holds the lock.
func (e *engine) writeLine(line []byte) error {
	if bytes.HasPrefix(line, []byte("+ ")) {
		e.continued = true
		if len(e.rest) > 0 {
			return nil // the literal has come already
		}
	}
	if e.cmd != nil && !e.done {
		if bytes.HasPrefix(line, []byte("* ESEARCH ")) && saves.MatchString(e.cmd.text) {
			return nil
		}
		if status, ok := bytes.CutPrefix(line, []byte(e.cmd.tag+" ")); ok {
			e.done, e.agreed = true, bytes.HasPrefix(status, []byte("OK"))
			if bytes.HasPrefix(status, []byte("NO [SERVERBUG]")) { // go-imap could not read it
				line = fmt.Appendf(nil, "%s BAD [CLIENTBUG] Syntax error\r\n", e.cmd.tag)
				status = []byte("BAD")
			}
			if bytes.HasPrefix(status, []byte("BAD")) {
				e.errors++
			}
		}
	}
	_, status, _ := bytes.Cut(line, []byte(" "))
	if announces(status) {
		line = bytes.Replace(line, []byte(" LITERAL- "), []byte(" LITERAL- ID "), 1) // go-imap does not know ID
	}
	line = e.server.omit(line, status)
	_, l := cutLiteral(string(bytes.TrimSuffix(line, []byte("\r\n"))))
	if l != nil || len(e.lists) > 0 || bytes.Contains(line, []byte(") (")) {
		line = e.lists.join(line)
	}
	if l != nil {
		e.literal = l.size
	} else {
		e.lists = nil
	}
	return e.emit(line)
}

// lists are the lists that are open in a response, from the outside in: whether each has nothing but lists so far.
type lists []bool

// join returns a line of a response without the spaces between lists that begin another list. go-imap writes them between the
// addresses of an ENVELOPE, where none are allowed (RFC 9051 §9).
func (l *lists) join(line []byte) []byte {
	joined := make([]byte, 0, len(line))
	quoted := false
	for i, c := range line {
		inner := len(*l) - 1
		switch {
		case quoted:
			quoted = c != '"' || escaped(line[:i])
		case c == '(':
			*l = append(*l, true)
		case c == ')' && inner >= 0:
			*l = (*l)[:inner]
		case c == ' ' && inner >= 0 && (*l)[inner] && line[i+1] == '(':
			continue
		case c != ' ':
			quoted = c == '"'
			if inner >= 0 {
				(*l)[inner] = false
			}
		}
		joined = append(joined, c)
	}
	return joined
}

// escaped reports whether a backslash at the end of a line applies to what follows.
func escaped(line []byte) bool { return (len(line)-len(bytes.TrimRight(line, `\`)))%2 == 1 }

// emit sends bytes in reply to the command of the turn, or during IDLE if there is none. The caller holds the lock.
func (e *engine) emit(p []byte) error {
	switch {
	case e.over:
	case e.turn != nil:
		_, err := e.turn.Write(p)
		return err
	case e.cmd != nil && e.cmd.name == "IDLE":
		e.pushed = append(e.pushed, p...)
	}
	return nil // a muted greeting, or the reply to a command that a rule has answered
}
