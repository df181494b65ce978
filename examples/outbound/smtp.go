package outbound

// The client's end of an SMTP connection: commands, replies, limits and deadlines, without transactions.

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
)

const (
	maxReplyLine = 4096     // a line should have 512 octets (RFC 5321 §4.5.3.1.5); be generous
	maxReply     = 64 << 10 // the RFC has no limit on a reply of many lines

	// grace is the time to wait for a last reply after a write has failed.
	grace = time.Second
)

// conn is one connection. Only one goroutine may use it.
type conn struct {
	nc net.Conn
	br *bufio.Reader

	// broken is the first error of a write. It is held back, since the server may have sent the reason before it
	// closed the connection.
	broken error
}

func newConn(nc net.Conn) *conn {
	return &conn{nc: nc, br: bufio.NewReaderSize(nc, maxReplyLine)}
}

// upgrade continues on nc, and discards the bytes that came in plain text after the reply to STARTTLS, since they
// are not from the server (RFC 3207 §6).
func (c *conn) upgrade(nc net.Conn) {
	c.nc = nc
	c.br.Reset(nc)
}

// send writes b, in at most d. The next call of reply returns an error of the write.
func (c *conn) send(d time.Duration, b []byte) {
	if c.broken != nil {
		return
	}
	c.nc.SetWriteDeadline(time.Now().Add(d))
	_, c.broken = c.nc.Write(b)
}

// reply is one reply of the server.
type reply struct {
	code  int      // 200 to 599
	lines []string // texts without codes, at least one
}

func (r reply) ok() bool     { return r.code/100 == 2 }
func (r reply) text() string { return printable(strings.ToValidUTF8(strings.Join(r.lines, "\n"), "?")) }

// enhancedCode matches an enhanced status code at the beginning of a line (RFC 2034 §4).
var enhancedCode = regexp.MustCompile(`^[245]\.[0-9]{1,3}\.[0-9]{1,3}(?:[ \t]+|$)`)

// enhanced returns the enhanced status code of the reply, or "", and the text without it.
func (r reply) enhanced() (code, text string) {
	prefix := enhancedCode.FindString(r.lines[0])
	if prefix == "" {
		return "", r.text()
	}
	rest := reply{lines: make([]string, len(r.lines))}
	for i, line := range r.lines {
		rest.lines[i] = strings.TrimPrefix(line, prefix)
	}
	return strings.TrimSpace(prefix), rest.text()
}

// malformedError is the error for a reply that violates the syntax or a limit. Later replies can't be assigned to
// commands any more.
type malformedError struct{ reason string }

func (e *malformedError) Error() string { return "malformed reply: " + e.reason }

// reply reads one reply, of which the last line must come within d.
func (c *conn) reply(d time.Duration) (reply, error) {
	if c.broken != nil {
		d = min(d, grace)
	}
	c.nc.SetReadDeadline(time.Now().Add(d))
	r, err := readReply(c.br)
	if err != nil && c.broken != nil {
		err = c.broken
	}
	return r, err
}

// readReply reads the lines of a reply. All have the same code (RFC 5321 §4.2.1);
// a line can end after the code, and in a bare LF.
func readReply(br *bufio.Reader) (reply, error) {
	var r reply
	for size := 0; ; {
		line, err := br.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return reply{}, &malformedError{"line too long"}
		}
		if err != nil {
			return reply{}, err
		}
		if size += len(line); size > maxReply {
			return reply{}, &malformedError{"no end of lines"}
		}
		s := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		code, more, text, ok := parseReplyLine(s)
		if !ok {
			return reply{}, &malformedError{fmt.Sprintf("%.80q", s)}
		}
		if r.lines != nil && code != r.code {
			return reply{}, &malformedError{fmt.Sprintf("%d among lines of %d", code, r.code)}
		}
		r.code, r.lines = code, append(r.lines, text)
		if !more {
			return r, nil
		}
	}
}

// parseReplyLine reads "250 text", "250-text" or "250".
func parseReplyLine(s string) (code int, more bool, text string, ok bool) {
	if len(s) < 3 || s[0] < '2' || s[0] > '5' {
		return 0, false, "", false
	}
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false, "", false
		}
		code = code*10 + int(s[i]-'0')
	}
	if len(s) == 3 {
		return code, false, "", true
	}
	return code, s[3] == '-', s[4:], s[3] == '-' || s[3] == ' '
}

// extensions reads the reply to EHLO: keywords, in upper case, and their
// parameters (RFC 5321 §4.1.1.1).
func (r reply) extensions() map[string]string {
	ext := make(map[string]string)
	for _, line := range r.lines[1:] {
		keyword, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		ext[strings.ToUpper(keyword)] = strings.TrimSpace(params)
	}
	return ext
}
