package wire

// The engine: a go-smtp server of its own for each connection, and the net.Conn that it sees.

import (
	"io"
	"log"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// startEngine puts a fresh go-smtp server on top, with a goroutine of its own.
func (c *Conn) startEngine(a await) {
	c.await = a
	s := smtp.NewServer(c.handler)
	s.Domain = "engine"
	s.MaxLineLength = 0 // limits are kept here
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.EnableREQUIRETLS = true
	s.EnableBINARYMIME = true
	s.EnableDSN = true
	s.LMTP = c.cfg.LMTP
	s.ErrorLog = discard
	s.Serve(&oneShot{conn: &engine{conn: c}}) // returns io.EOF at once; the engine runs on in its goroutine
}

// discard is for the engine's complaints about errors that this package has made or seen itself.
var discard = log.New(io.Discard, "", 0)

// oneShot is a listener with a single connection.
type oneShot struct{ conn *engine }

func (l *oneShot) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, io.EOF
	}
	conn := l.conn
	l.conn = nil
	return conn, nil
}

func (l *oneShot) Close() error   { return nil }
func (l *oneShot) Addr() net.Addr { return nil }

// engine is the net.Conn that a go-smtp server sees.
type engine struct {
	conn     *Conn
	replaced bool // by a fresh one, which is at work in another goroutine: conn is no longer this one's to touch
}

var _ net.Conn = (*engine)(nil)

func (e *engine) Write(p []byte) (int, error) {
	if e.replaced {
		return 0, io.ErrClosedPipe
	}
	e.conn.out = append(e.conn.out, p...)
	return len(p), nil
}

func (e *engine) Read(p []byte) (int, error) {
	return e.conn.guarded(func() (int, error) { return e.read(p) })
}

func (e *engine) read(p []byte) (int, error) {
	c := e.conn
	if e.replaced || c.ended {
		return 0, io.EOF
	}
	if len(c.feed) == 0 {
		if err := c.next(); err != nil {
			if err == errEngineReplaced {
				e.replaced = true
			} else {
				c.end(err)
			}
			return 0, io.EOF
		}
	}
	n := copy(p, c.feed)
	c.feed = append(c.feed[:0], c.feed[n:]...) // which keeps its memory
	return n, nil
}

// Close is called by the engine after QUIT, with the reply still unsent, and when Read has failed.
func (e *engine) Close() error {
	e.conn.guarded(func() (int, error) { return 0, e.finish() })
	return nil
}

func (e *engine) finish() error {
	c := e.conn
	if e.replaced || c.ended {
		return nil
	}
	err := c.settle()
	switch {
	case err != nil:
	case c.turn.Verb == "QUIT":
		err = Ending{Kind: ClientQuit}
	default:
		err = Ending{Kind: ServerFailed}
	}
	c.end(err)
	return nil
}

func (e *engine) LocalAddr() net.Addr              { return e.conn.raw.LocalAddr() }
func (e *engine) RemoteAddr() net.Addr             { return e.conn.raw.RemoteAddr() }
func (e *engine) SetDeadline(time.Time) error      { return nil }
func (e *engine) SetReadDeadline(time.Time) error  { return nil }
func (e *engine) SetWriteDeadline(time.Time) error { return nil }
