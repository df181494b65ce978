package mailtest

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
	"time"
)

// Dialogue is a conversation between a client and a server as text, one thing a line.
// [Dialogue.Play] is the client and tells whether the server keeps to its part; it plays against
// any server. [Session.Dialogue] writes down what has been said on a connection.
//
//	# a comment; empty lines count as nothing, too
//	c -> EHLO client.example      the client sends a line, and its end
//	c => BDAT 3\r\nabc            the client sends just these bytes
//	c x1000 -> NOOP               the client sends a line a thousand times
//	c .. 5m                       the client says nothing for five minutes
//	c !! close                    the client closes its end; also: closewrite, reset, starttls
//	s <- 250-localhost            the server sends this line
//	s <- 250 *                    … a line that begins like this; * stands for any bytes, also none
//	s <~ 250 *                    the server sends a reply of any number of lines, the last of which is this
//	s <= 250 O                    the server sends just these bytes
//	s .. 5m                       the server says nothing for five minutes, but does what follows then
//	s !! close                    the server closes the connection; also: reset, cut (TLS without a close_notify)
//
// "c !! starttls" as the first line begins TLS before the greeting. A connection that is encrypted
// already when it is given to Play does not tell close from cut.
//
// Bytes are written as in Go strings: \r, \n, \t, \\, \x00. What a client sends between two lines
// of the server is sent at once.
type Dialogue struct {
	// Text is the conversation, as above.
	Text string

	// TLS is for "c !! starttls", which is an error without it.
	TLS *tls.Config

	// Exact makes it an error if the server does anything later than the text says, and not only if
	// earlier. It is for virtual time, inside a synctest bubble.
	Exact bool
}

// dialoguePatience is how long the server may keep its client waiting beyond what "s .." says.
const dialoguePatience = 10 * time.Second

// Play plays the client's part on conn, which may be encrypted already, and leaves it open unless
// the text says otherwise. The error tells the first line of the text that did not come true, or is
// wrong itself; in the latter case nothing has been sent. It wraps that of the connection. What the
// server leaves out is waited for 10 seconds. Meanwhile the connection must not be used otherwise;
// afterwards it has no deadline.
func (d Dialogue) Play(conn net.Conn) error { return d.play(newPlayer(conn, d)) }

func (d Dialogue) play(p *player) error {
	steps, err := parseDialogue(d.Text)
	if err != nil {
		return err
	}
	defer func() { p.conn.SetDeadline(time.Time{}) }()
	for _, s := range steps {
		for range max(s.times, 1) {
			if err := p.step(s); err != nil {
				return fmt.Errorf("mailtest: dialogue, line %d: %v: %w", s.line, s, err)
			}
		}
	}
	if err := p.flush(); err != nil {
		return fmt.Errorf("mailtest: dialogue, at its end: %w", err)
	}
	if err := p.silence(); err != nil {
		return fmt.Errorf("mailtest: dialogue, at its end: %w", err)
	}
	return nil
}

// player is the client of a dialogue.
type player struct {
	conn     net.Conn
	raw      net.Conn // below TLS
	dialogue Dialogue
	fin      *finWatch // below TLS, if the dialogue has begun it
	source   *input
	in       *bufio.Reader
	out      bytes.Buffer
	received bytes.Buffer // all that the server has sent

	since  time.Time     // when the client did its last thing, or when Play began
	acted  bool          // whether the client has done anything
	pause  time.Duration // how long after that the server is to do its next one
	silent bool          // "s .." was the last line
}

func newPlayer(conn net.Conn, d Dialogue) *player {
	p := &player{conn: conn, raw: conn, dialogue: d, since: time.Now()}
	p.newInput(conn)
	if tc, ok := conn.(*tls.Conn); ok {
		p.raw = tc.NetConn()
	}
	return p
}

// newInput makes the player read from conn, and leave what comes next on it, for TLS and
// for whoever uses it after Play.
func (p *player) newInput(conn net.Conn) {
	p.source = &input{r: conn}
	p.in = bufio.NewReader(p.source)
}

// input reads one byte at a time, and keeps its error, unless that is a timeout. It reads no more than
// dialogueBytes, until it is told that the client has done something.
type input struct {
	r    io.Reader
	read int
	err  error
}

// dialogueBytes is how much a server may say before the client's turn comes.
const dialogueBytes = 1 << 20

// errEndless ends a dialogue with a server that does not stop talking.
var errEndless = fmt.Errorf("the server does not stop after %d bytes", dialogueBytes)

func (in *input) Read(b []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if in.read >= dialogueBytes {
		return 0, errEndless
	}
	n, err := in.r.Read(b[:1])
	in.read += n
	if !isTimeout(err) {
		in.err = err
	}
	return n, err
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// finWatch is the connection below TLS. It notices a FIN, before which TLS should have said that it
// ends: above, the two ends look the same.
type finWatch struct {
	net.Conn
	seen bool
}

func (f *finWatch) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	f.seen = f.seen || err == io.EOF
	return n, err
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
	switch {
	case s.op == "..":
		if s.who == "c" {
			<-time.After(s.pause)
			p.since, p.pause, p.acted = time.Now(), 0, true
			return nil
		}
		p.pause += s.pause
		p.silent = true
		return nil
	case s.who == "c":
		if err := p.silence(); err != nil {
			return err
		}
		return p.do(s.text)
	}
	if err := p.punctual(); err != nil {
		return err
	}
	switch s.op {
	case "<-":
		return p.expect(s.text)
	case "<~":
		return p.expectReply(s.text)
	case "<=":
		return p.expectBytes(s.text)
	}
	return p.expectEnd(s.text)
}

// flush sends what is to be sent.
func (p *player) flush() error {
	if p.out.Len() == 0 {
		return nil
	}
	if err := p.silence(); err != nil {
		return err
	}
	defer p.out.Reset()
	p.source.read = 0
	p.since, p.pause, p.acted = time.Now(), 0, true
	p.conn.SetWriteDeadline(p.since.Add(dialoguePatience))
	_, err := p.conn.Write(p.out.Bytes())
	return err
}

// silence waits until the server has said nothing for as long as it is to.
func (p *player) silence() error {
	if !p.silent {
		return nil
	}
	p.silent = false
	p.conn.SetReadDeadline(p.since.Add(p.pause))
	_, err := p.in.Peek(1)
	if isTimeout(err) {
		return nil
	}
	return p.early(err)
}

// punctual waits for the next thing that the server does, which is to be in time.
func (p *player) punctual() error {
	p.silent = false
	p.conn.SetReadDeadline(p.since.Add(p.pause + dialoguePatience))
	if !p.dialogue.Exact && (p.pause == 0 || !p.acted) {
		return nil // of a connection that was there before Play, nobody knows since when the server has been silent
	}
	_, err := p.in.Peek(1)
	switch after := time.Since(p.since); {
	case after < p.pause:
		return p.early(err)
	case p.dialogue.Exact && after > p.pause && !isTimeout(err):
		return fmt.Errorf("it came after %v, not after %v", after, p.pause)
	}
	return nil
}

// early says what the server has done too early, or where Peek gives err, how the connection ended.
func (p *player) early(err error) error {
	after := time.Since(p.since)
	if err != nil {
		return fmt.Errorf("the connection ended after %v, not after %v: %w", after, p.pause, err)
	}
	head, err := p.readLine()
	if err != nil {
		return err
	}
	return fmt.Errorf("%s came after %v, not after %v", quoted(head), after, p.pause)
}

// do does a thing to the connection.
func (p *player) do(what string) error {
	switch what {
	case "closewrite":
		w, ok := p.conn.(interface{ CloseWrite() error })
		if !ok {
			return fmt.Errorf("a %T has no CloseWrite", p.conn)
		}
		return w.CloseWrite()
	case "reset":
		l, ok := p.raw.(interface{ SetLinger(int) error })
		if !ok {
			return fmt.Errorf("a %T has no SetLinger", p.raw)
		}
		if err := l.SetLinger(0); err != nil {
			return err
		}
		return p.raw.Close()
	case "starttls":
		if p.dialogue.TLS == nil {
			return errors.New("the Dialogue has no TLS configuration")
		}
		return p.encrypt()
	}
	return p.conn.Close()
}

// encrypt begins TLS.
func (p *player) encrypt() error {
	p.fin = &finWatch{Conn: p.conn}
	conn := tls.Client(p.fin, p.dialogue.TLS)
	conn.SetDeadline(time.Now().Add(dialoguePatience))
	if err := conn.Handshake(); err != nil {
		return err
	}
	p.conn = conn
	p.newInput(conn)
	return nil
}

// readLine reads a line of the server's.
func (p *player) readLine() (string, error) {
	line, err := p.in.ReadString('\n')
	p.received.WriteString(line)
	if err != nil {
		return "", fmt.Errorf("got %s and %w", quoted(line), err)
	}
	return strings.TrimSuffix(line, "\r\n"), nil
}

func (p *player) expect(pattern string) error {
	got, err := p.readLine()
	if err == nil && !matches(pattern, got) {
		err = fmt.Errorf("got %s", quoted(got))
	}
	return err
}

func (p *player) expectReply(pattern string) error {
	for {
		got, err := p.readLine()
		if err != nil {
			return err
		}
		if len(got) < 4 || got[3] != '-' {
			if !matches(pattern, got) {
				return fmt.Errorf("got %s", quoted(got))
			}
			return nil
		}
	}
}

func (p *player) expectBytes(want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.in, got)
	p.received.Write(got[:n])
	if err != nil {
		return fmt.Errorf("got %s and %w", quoted(string(got[:n])), err)
	}
	if string(got) != want {
		return fmt.Errorf("got %s", quoted(string(got)))
	}
	return nil
}

// windowsReset is how Windows reports an RST: WSAECONNRESET.
const windowsReset = syscall.Errno(10054)

func (p *player) expectEnd(how string) error {
	rest, err := io.ReadAll(p.in)
	p.received.Write(rest)
	ok := false
	switch how {
	case "close":
		ok = err == nil && (p.fin == nil || !p.fin.seen)
	case "cut":
		ok = errors.Is(err, io.ErrUnexpectedEOF) || err == nil && (p.fin == nil || p.fin.seen)
	case "reset":
		ok = errors.Is(err, syscall.ECONNRESET) || errors.Is(err, windowsReset)
	}
	if err == nil {
		err = io.EOF
	}
	if len(rest) > 0 || !ok {
		return fmt.Errorf("got %s and %w", quoted(string(rest)), err)
	}
	return nil
}

// quoted returns what the server has sent for the text of an error, of a long text the beginning.
func quoted(s string) string {
	const most = 1000
	if len(s) <= most {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q… (%d bytes)", cut(s, most), len(s))
}
