package wire

// The engine: go-smtp used as a function from a line to a reply. go-smtp reads its commands from a net.Conn, on a
// goroutine of its own. The dialogue is a coroutine of that goroutine: when go-smtp reads, the dialogue runs until it
// has a line for go-smtp to answer. Before the first such line there is no go-smtp server, and a plain goroutine runs
// the dialogue.

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
	resume func() (struct{}, bool) // runs the dialogue until it pauses; returns false if the dialogue has ended
	pause  func(struct{}) bool     // called by the dialogue to let go-smtp run

	in      []byte // the bytes that go-smtp has not yet read
	out     []byte // the bytes that go-smtp has written since the last line
	running bool   // a go-smtp server is running
	leave   bool   // the go-smtp server is to end
	gone    bool   // the go-smtp server has closed its connection
	rcpt    int    // the number of recipients of ended transactions that the go-smtp server may still have
}

// start begins the dialogue of a connection and returns at once. It creates the coroutine on a new goroutine, because a
// coroutine is bound to the thread of its creator if the creator is locked to one.
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

// drive runs the dialogue to its end, or to the first line for go-smtp, and then starts go-smtp.
func (e *engine) drive() {
	if _, asked := e.resume(); asked {
		e.serve()
	}
}

// serve runs a go-smtp server for the lines of the dialogue.
func (e *engine) serve() {
	e.running = true
	s := smtp.NewServer(e.conn.handler)
	s.Domain = "engine"
	s.MaxLineLength = 0 // this package enforces the limit
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.EnableREQUIRETLS = true
	s.EnableBINARYMIME = true
	s.EnableDSN = true
	s.LMTP = e.conn.cfg.LMTP
	s.ErrorLog = discard
	s.Serve(&oneShot{conn: &engineConn{engine: e, greeting: true}}) // returns io.EOF at once
}

// answer returns the engine's reply to a line. The reply is valid until the next call. If go-smtp has closed its
// connection, the error is an [Ending], and the reply is what go-smtp has said last.
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
		return e.out, Ending{Kind: ServerFailed}
	}
	return e.out, nil
}

// endTransaction is called at the end of a transaction with a number of recipients. go-smtp takes the next MAIL without
// RSET. It gets a RSET only because it keeps all recipients until then.
func (e *engine) endTransaction(rcpt int) {
	if e.rcpt += rcpt; e.rcpt >= maxEngineRcpt {
		e.rcpt = 0
		e.answer("RSET", "")
	}
}

// forget makes the engine forget the session, as after STARTTLS (RFC 3207 §4.2). go-smtp can't do that, so its server
// ends, and a new one answers the next line.
func (e *engine) forget() {
	if e.running {
		e.running, e.leave = false, true
		e.pause(struct{}{})
	}
}

// maxEngineRcpt is the number of recipients of ended transactions at which the engine is reset.
const maxEngineRcpt = 1000

// discard drops the log of go-smtp, which reports only errors that this package causes or sees itself.
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

// engineConn is the net.Conn of one go-smtp server. Once over is set, the engine belongs to the next server.
type engineConn struct {
	*engine
	greeting bool // go-smtp has not read yet; what it writes is its greeting, which is dropped
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
	c.in = append(c.in[:0], c.in[n:]...) // reuse the memory
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

// Close lets the dialogue run to its end. go-smtp calls it after a Read that fails, and when it gives up.
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
