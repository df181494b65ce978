package wire

// The engine: go-smtp as a function from a line to a reply. It reads its commands from a net.Conn, on a goroutine of its own, and
// the dialogue is a coroutine of that goroutine: when go-smtp reads, the dialogue goes on, up to the next line that go-smtp is to
// answer. Before the first such line there is no go-smtp, and a plain goroutine in its place.

import (
	"io"
	"iter"
	"log"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// engine answers the lines of one connection.
type engine struct {
	conn   *Conn
	resume func() (struct{}, bool) // lets the dialogue go on; false if it has ended
	pause  func(struct{}) bool     // lets go-smtp go on; for the dialogue

	in      []byte // what go-smtp has yet to read
	out     []byte // what it has written since the last line
	running bool   // there is a go-smtp server
	leave   bool   // it shall end
	gone    bool   // it has closed its connection
}

// start begins the dialogue of a connection, and returns at once. The coroutine is made on a goroutine of its own, since it would
// be bound to the caller's thread if the caller is.
func (e *engine) start(c *Conn) {
	e.conn = c
	go func() {
		e.resume, _ = iter.Pull(func(pause func(struct{}) bool) {
			e.pause = pause
			c.run()
		})
		e.drive()
	}()
}

// drive lets the dialogue go on to its end, or to the first line for go-smtp, which then takes over.
func (e *engine) drive() {
	if _, asked := e.resume(); asked {
		e.serve()
	}
}

// serve starts a go-smtp server.
func (e *engine) serve() {
	e.running = true
	s := smtp.NewServer(e.conn.handler)
	s.Domain = "engine"
	s.MaxLineLength = 0 // limits are kept here
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.EnableREQUIRETLS = true
	s.EnableBINARYMIME = true
	s.EnableDSN = true
	s.LMTP = e.conn.cfg.LMTP
	s.ErrorLog = discard
	s.Serve(&oneShot{conn: &engineConn{engine: e, greeting: true}}) // returns io.EOF at once
}

// answer returns the engine's reply to a line, valid until the next call. The error is an [Ending]: go-smtp has given up.
func (e *engine) answer(verb, arg string) ([]byte, error) {
	e.in = append(e.in[:0], verb...)
	if arg != "" {
		e.in = append(append(e.in, ' '), arg...)
	}
	e.in = append(e.in, "\r\n"...)
	e.out = e.out[:0]
	if !e.gone {
		e.pause(struct{}{})
	}
	if e.gone {
		return nil, Ending{Kind: ServerFailed}
	}
	return e.out, nil
}

// forget makes the engine forget all that was said, as after STARTTLS (RFC 3207 §4.2). go-smtp can't, so it ends, and another one
// will answer the next line.
func (e *engine) forget() {
	if e.running {
		e.running, e.leave = false, true
		e.pause(struct{}{})
	}
}

// discard is for the engine's complaints about errors that this package has made or seen itself.
var discard = log.New(io.Discard, "", 0)

// oneShot is a listener with a single connection.
type oneShot struct{ conn net.Conn }

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

// engineConn is the net.Conn of one go-smtp server. Once it is over, the engine belongs to another one.
type engineConn struct {
	*engine
	greeting bool // it has not been read from: what is written is go-smtp's greeting, which nobody sees
	over     bool
}

var _ net.Conn = (*engineConn)(nil)

func (c *engineConn) Read(p []byte) (int, error) {
	c.greeting = false
	if c.over {
		return 0, io.EOF
	}
	if len(c.in) == 0 {
		_, asked := c.resume()
		if c.over = !asked || c.leave; c.over {
			if c.leave {
				c.leave = false
				go c.drive()
			}
			return 0, io.EOF
		}
	}
	n := copy(p, c.in)
	c.in = append(c.in[:0], c.in[n:]...) // which keeps its memory
	return n, nil
}

func (c *engineConn) Write(p []byte) (int, error) {
	if c.over {
		return 0, io.ErrClosedPipe
	}
	if !c.greeting {
		c.out = append(c.out, p...)
	}
	return len(p), nil
}

// Close lets the dialogue come to its end. go-smtp calls it after a Read that has failed, and where it gives up.
func (c *engineConn) Close() error {
	if !c.over {
		c.over, c.gone = true, true
		c.resume()
	}
	return nil
}

func (c *engineConn) LocalAddr() net.Addr              { return c.conn.raw.LocalAddr() }
func (c *engineConn) RemoteAddr() net.Addr             { return c.conn.raw.RemoteAddr() }
func (c *engineConn) SetDeadline(time.Time) error      { return nil }
func (c *engineConn) SetReadDeadline(time.Time) error  { return nil }
func (c *engineConn) SetWriteDeadline(time.Time) error { return nil }
