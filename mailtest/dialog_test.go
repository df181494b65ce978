package mailtest_test

// Dialogues: SMTP conversations written as text, and a client that plays its part of them.

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// dialog is a conversation as a text has it, one thing a line:
//
//	# a comment; empty lines count as nothing, too
//	c -> EHLO client.example      the client sends a line, and its end
//	c => BDAT 3\r\nabc            the client sends just these bytes
//	c x1000 -> NOOP               the client sends a line a thousand times
//	c !! close                    the client closes its end; also: closewrite, reset, starttls
//	s <- 250-localhost            the server sends this line
//	s <- 250 *                    … a line that begins like this; * stands for any bytes, also none
//	s <~ 250 *                    the server sends a reply of any number of lines, the last of which is this
//	s !! close                    the server closes the connection; also: reset, cut (TLS without a close_notify)
//	server MaxSize=1000           about the server, as the one who sets it up understands it
//	= 2 messages                  what is to be found in the end, as the one who looks understands it
//
// Bytes are written as in Go strings: \r, \n, \t, \\, \x00. What a client sends between two lines of the server is
// sent at once.
type dialog struct {
	steps  []step
	server []string // the settings
	wants  []string // what is found in the end
}

// step is a thing that one side does.
type step struct {
	line  int // in the text
	who   string
	op    string // "->", "=>", "!!", "<-" or "<~"
	text  string
	times int
}

// parseDialog reads a dialogue. An error says in which line it is.
func parseDialog(text string) (*dialog, error) {
	d := &dialog{}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		line = strings.TrimSuffix(line, "\r")
		word, rest, _ := strings.Cut(line, " ")
		var err error
		switch word {
		case "", "#":
		case "server":
			d.server = append(d.server, rest)
		case "=":
			d.wants = append(d.wants, rest)
		case "c", "s":
			err = d.parseStep(i+1, word, rest)
		default:
			err = fmt.Errorf("a line begins with c, s, server, = or #, not with %q", word)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return d, nil
}

// parseStep reads what follows "c " or "s ".
func (d *dialog) parseStep(line int, who, rest string) error {
	s := step{line: line, who: who, times: 1}
	op, text, _ := strings.Cut(rest, " ")
	if times, ok := strings.CutPrefix(op, "x"); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is no number of times", op)
		}
		s.times = n
		op, text, _ = strings.Cut(text, " ")
	}
	s.op = op
	ops := map[string]string{"c": "-> => !!", "s": "<- <~ !!"}[who]
	if !strings.Contains(ops, op) || len(op) != 2 {
		return fmt.Errorf("%q is not one of %s", op, ops)
	}
	var err error
	if s.text, err = unescape(text); err != nil {
		return err
	}
	d.steps = append(d.steps, s)
	return nil
}

// unescape resolves the backslashes of s.
func unescape(s string) (string, error) {
	var b []byte
	for rest := s; rest != ""; {
		if rest[0] != '\\' {
			b = append(b, rest[0])
			rest = rest[1:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return "", fmt.Errorf("a bad backslash in %q", s)
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		rest = tail
	}
	return string(b), nil
}

// matches tells whether s is as pattern says, in which * stands for anything.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok || len(parts) == 1 {
		return ok && s == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[last])
}

// player plays the client of a dialogue.
type player struct {
	conn     net.Conn
	raw      net.Conn // below TLS
	tls      *tls.Config
	in       *bufio.Reader
	out      bytes.Buffer
	received bytes.Buffer // all that the server has sent
}

// newPlayer returns a player on conn, which may be encrypted already. With the configuration c it begins TLS if asked to.
func newPlayer(conn net.Conn, c *tls.Config) *player {
	p := &player{conn: conn, raw: conn, tls: c, in: bufio.NewReader(conn)}
	if tc, ok := conn.(*tls.Conn); ok {
		p.raw = tc.NetConn()
	}
	return p
}

// play plays the whole dialogue.
func (p *player) play(d *dialog) error {
	for _, s := range d.steps {
		for range s.times {
			if err := p.step(s); err != nil {
				return fmt.Errorf("line %d: %s %s %s: %w", s.line, s.who, s.op, s.text, err)
			}
		}
	}
	return p.flush()
}

func (p *player) step(s step) error {
	switch s.op {
	case "->":
		p.out.WriteString(s.text + "\r\n")
		return nil
	case "=>":
		p.out.WriteString(s.text)
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	switch s.op {
	case "<-":
		return p.expect(s.text)
	case "<~":
		return p.expectReply(s.text)
	}
	if s.who == "s" {
		return p.expectEnd(s.text)
	}
	return p.do(s.text)
}

// flush sends what is to be sent.
func (p *player) flush() error {
	if p.out.Len() == 0 {
		return nil
	}
	defer p.out.Reset()
	_, err := p.conn.Write(p.out.Bytes())
	return err
}

// do does a thing to the connection.
func (p *player) do(what string) error {
	switch what {
	case "close":
		return p.conn.Close()
	case "closewrite":
		return p.conn.(interface{ CloseWrite() error }).CloseWrite()
	case "reset":
		if err := p.raw.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
			return err
		}
		return p.raw.Close()
	case "starttls":
		conn := tls.Client(p.conn, p.tls)
		if err := conn.Handshake(); err != nil {
			return err
		}
		p.conn, p.in = conn, bufio.NewReader(conn)
		return nil
	}
	return errors.New("a client can close, closewrite, reset or starttls")
}

// line reads a line of the server's.
func (p *player) line() (string, error) {
	line, err := p.in.ReadString('\n')
	p.received.WriteString(line)
	if err != nil {
		return "", fmt.Errorf("got %q and %w", line, err)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

func (p *player) expect(pattern string) error {
	got, err := p.line()
	if err == nil && !matches(pattern, got) {
		err = fmt.Errorf("got %q", got)
	}
	return err
}

func (p *player) expectReply(pattern string) error {
	for {
		got, err := p.line()
		if err != nil {
			return err
		}
		if len(got) < 4 || got[3] != '-' {
			if !matches(pattern, got) {
				return fmt.Errorf("got %q", got)
			}
			return nil
		}
	}
}

func (p *player) expectEnd(how string) error {
	want, ok := map[string]error{"close": io.EOF, "cut": io.ErrUnexpectedEOF, "reset": syscall.ECONNRESET}[how]
	if !ok {
		return errors.New("a server can close, cut or reset")
	}
	rest, err := io.ReadAll(p.in)
	p.received.Write(rest)
	if err == nil {
		err = io.EOF
	}
	if len(rest) > 0 || !errors.Is(err, want) {
		return fmt.Errorf("got %q and %w", rest, err)
	}
	return nil
}
