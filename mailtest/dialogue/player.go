package dialogue

// The player: one side of a conversation.

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Play plays the client of a script on a connection. It is [Player.Play] with all other fields
// zero.
func Play(conn net.Conn, script string) error { return (&Player{Conn: conn}).Play(script) }

// Serve plays the server of a script on a connection. It is [Player.Serve] with all other fields
// zero.
func Serve(conn net.Conn, script string) error { return (&Player{Conn: conn}).Serve(script) }

// Player plays one side of a conversation. Only Conn must be set. A Player must not be used by
// several goroutines at once.
type Player struct {
	// Conn is the connection to the other side. When a script begins TLS, Conn becomes the TLS
	// connection.
	Conn net.Conn

	// TLS is the configuration for "c !! starttls", of a client or of a server. If it is nil, that
	// step is an error.
	TLS *tls.Config

	// Exact makes it an error if the other side acts later than the script says; without Exact,
	// only acting earlier is an error. It is meant for virtual time, inside a synctest bubble.
	Exact bool

	// Patience is the time to wait for the other side, in addition to the pauses in the script.
	// Zero means 10 seconds.
	Patience time.Duration

	// Heard, if not nil, receives what the other side sends, decrypted.
	Heard io.Writer

	closing <-chan struct{} // ends pauses
}

// Play plays the client's part of a script, and leaves the connection open unless the script closes
// it. The error names the first line that failed, or that is malformed, in which case nothing has
// been sent. It wraps the error of the connection. The connection must not be used elsewhere
// meanwhile; afterwards it has no deadline.
//
// If the connection is already encrypted, Play can't distinguish "s !! close" from "s !! cut".
func (p *Player) Play(script string) error {
	run := &play{Player: p, side: "c"}
	return run.script(script)
}

// Serve plays the server's part of a script until the end of the connection. After the last line,
// unless that ends the connection, the client may send QUIT, which is answered with 221, and must
// then close; anything else is an error. Serve closes the connection before it returns. In all
// other respects it is like [Player.Play].
func (p *Player) Serve(script string) error {
	run := &play{Player: p, side: "s"}
	defer func() { p.Conn.Close() }()
	if err := run.script(script); err != nil || run.ended {
		return err
	}
	return run.finish()
}

// defaultPatience is that of a Player that has none.
const defaultPatience = 10 * time.Second

func (p *Player) patience() time.Duration { return cmp.Or(p.Patience, defaultPatience) }

// play is a script being played.
type play struct {
	*Player
	side   string    // that is played: "c" or "s"
	raw    net.Conn  // below TLS
	fin    *finWatch // below TLS, if the script has begun it
	source *input
	in     *bufio.Reader
	out    bytes.Buffer

	since  time.Time     // when the player did its last thing, or when it began
	acted  bool          // whether it has done anything
	pause  time.Duration // how long after that the other side is to do its next one
	silent bool          // a pause of the other side was the last line
	ended  bool          // a line has ended the connection
}

// script plays a whole script.
func (p *play) script(text string) error {
	steps, err := parse(text)
	if err != nil {
		return err
	}
	p.raw, p.since = p.Conn, time.Now()
	if tc, ok := p.Conn.(*tls.Conn); ok {
		p.raw = tc.NetConn()
	}
	p.newInput()
	defer func() { p.Conn.SetDeadline(time.Time{}) }()
	for _, s := range steps {
		for range max(s.times, 1) {
			if err := p.step(s); err != nil {
				return fmt.Errorf("dialogue: line %d: %v: %w", s.line, s, err)
			}
		}
	}
	if err := p.flush(); err != nil {
		return fmt.Errorf("dialogue: at its end: %w", err)
	}
	if err := p.silence(); err != nil {
		return fmt.Errorf("dialogue: at its end: %w", err)
	}
	return nil
}

// finish ends a connection about whose end the script says nothing.
func (p *play) finish() error {
	p.source.read = 0
	p.Conn.SetReadDeadline(time.Now().Add(p.patience()))
	line, err := p.readLine()
	if strings.EqualFold(line, "QUIT") {
		p.Conn.SetWriteDeadline(time.Now().Add(p.patience()))
		io.WriteString(p.Conn, "221 Bye\r\n")
		line, err = p.readLine()
	}
	switch {
	case err == nil:
		return fmt.Errorf("dialogue: at its end: got %s", quoted(line))
	case isTimeout(err):
		return fmt.Errorf("dialogue: at its end: the client neither says QUIT nor closes: %w", err)
	}
	return nil
}

// newInput makes the player read from Conn. A client reads byte by byte, and leaves what comes next on
// the connection, for TLS and for whoever uses it afterwards.
func (p *play) newInput() {
	p.source = &input{r: p.Conn, piece: 1, limit: mostReply}
	if p.side == "s" {
		p.source.piece, p.source.limit = 64<<10, mostMessage
	}
	p.in = bufio.NewReader(p.source)
}

// input reads for a player, and keeps its error, unless that is a timeout. It reads no more than its limit,
// until it is told that the player has done something.
type input struct {
	r     io.Reader
	piece int // how many bytes it reads at once, at most
	limit int
	read  int
	err   error
}

// The most that a server may send before the client's turn, and a client before the server's.
const (
	mostReply   = 1 << 20
	mostMessage = 64 << 20
)

func (in *input) Read(b []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if in.read >= in.limit {
		return 0, fmt.Errorf("it does not stop after %d bytes", in.limit)
	}
	n, err := in.r.Read(b[:min(len(b), in.piece)])
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

func (p *play) step(s step) error {
	mine := s.who == p.side
	if mine && s.op != ".." && s.op != "!!" {
		p.out.WriteString(p.words(s))
		return nil
	}
	if err := p.flush(); err != nil {
		if s.op == "!!" && !mine && s.text[0] != "starttls" && !isTimeout(err) {
			p.ended = true // before it had heard all
			return nil
		}
		return err
	}
	switch {
	case s.op == ".." && mine:
		select {
		case <-time.After(s.pause):
		case <-p.closing:
			return net.ErrClosed
		}
		p.since, p.pause, p.acted = time.Now(), 0, true
		return nil
	case s.op == "..":
		p.pause += s.pause
		p.silent = true
		return nil
	case mine, s.text[0] == "starttls":
		if err := p.silence(); err != nil {
			return err
		}
		return p.do(s.text[0])
	}
	if err := p.punctual(); err != nil {
		return err
	}
	switch s.op {
	case "<-", "->":
		return p.expect(s.text)
	case "<~":
		return p.expectReply(s.text)
	case "~>":
		return p.expectLines(s.text)
	case "<=", "=>":
		return p.expectBytes(s.literal())
	}
	return p.expectEnd(s.text[0])
}

// words returns the bytes that are sent for a step.
func (p *play) words(s step) string {
	switch {
	case s.op == "=>" || s.op == "<=":
		return s.literal()
	case p.side == "c":
		return s.literal() + "\r\n"
	}
	return strings.Join(s.text, "") + "\r\n"
}

// flush sends what is to be sent.
func (p *play) flush() error {
	if p.out.Len() == 0 {
		return nil
	}
	if err := p.silence(); err != nil {
		return err
	}
	defer p.out.Reset()
	p.source.read = 0
	p.since, p.pause, p.acted = time.Now(), 0, true
	p.Conn.SetWriteDeadline(p.since.Add(p.patience()))
	_, err := p.Conn.Write(p.out.Bytes())
	return err
}

// do does a thing to the connection.
func (p *play) do(what string) error {
	switch what {
	case "starttls":
		return p.encrypt()
	case "closewrite":
		w, ok := p.Conn.(interface{ CloseWrite() error })
		if !ok {
			return fmt.Errorf("a %T has no CloseWrite", p.Conn)
		}
		return w.CloseWrite()
	}
	p.ended = true
	switch {
	case what == "reset":
		l, ok := p.raw.(interface{ SetLinger(int) error })
		if !ok {
			return fmt.Errorf("a %T has no SetLinger", p.raw)
		}
		if err := l.SetLinger(0); err != nil {
			return err
		}
		return p.raw.Close()
	case p.side == "s":
		return p.leave(what == "close")
	}
	return p.Conn.Close()
}

// leave closes the connection of a server, over TLS with or without a close_notify. What the client may
// still send is read, for otherwise the end would be a reset.
func (p *play) leave(orderly bool) error {
	if w, ok := p.Conn.(interface{ CloseWrite() error }); ok && orderly && p.Conn != p.raw {
		w.CloseWrite()
	}
	if w, ok := p.raw.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		p.raw.SetReadDeadline(time.Now().Add(drainTime))
		io.Copy(io.Discard, p.raw)
	}
	return p.raw.Close()
}

// drainTime bounds how long a server that closes waits for the client to do so.
const drainTime = 2 * time.Second

// encrypt begins TLS.
func (p *play) encrypt() error {
	if p.TLS == nil {
		return errors.New("there is no TLS configuration")
	}
	p.fin = &finWatch{Conn: p.Conn}
	conn := tls.Client(p.fin, p.TLS)
	if p.side == "s" {
		conn = tls.Server(p.fin, p.TLS)
	}
	conn.SetDeadline(time.Now().Add(p.patience()))
	if err := conn.Handshake(); err != nil {
		return err
	}
	p.Conn = conn
	p.newInput()
	return nil
}
