package wire

// The connection: its life, its state, and its lines, waited for as the Handler wants.

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// Conn is one client's connection.
type Conn struct {
	cfg     *Config
	handler Handler
	raw     net.Conn // the socket
	conn    net.Conn // the socket, what was read of it too early, or TLS above it
	given   TLSConn  // TLS that is not this package's own, but was there before; or nil
	in      lineReader

	stop stopper

	// All below belongs to the dialogue.
	engine engine
	own    []byte // the server's own reply
	turn   Turn
	state  state
	errors int   // bad commands
	large  int   // the size of the last message, if it was large
	spoken int   // bytes of lines and replies since a message was accepted, see maxChatter
	held   int64 // bytes of messages that were not, since then, see maxHeld
	ended  bool

	client *Identity // what a PROXY header has said, for the next turn
	asked  bool      // Before was called for the turn, and After was not
	unsent bool      // After was called for the turn, and its reply is not written yet

	handshaking bool // a TLS handshake has begun and not succeeded

	// Where engine.out, own and engine.in begin. In most sessions none outgrows it.
	memory [640]byte
}

// state is what the client has achieved (RFC 5321 §4.1.4).
type state struct {
	refused     bool // by the greeting
	helo        bool
	pipelining  bool // offered in the reply to EHLO
	encrypted   bool
	auth        bool // has authenticated
	authing     bool // the engine has asked for a response in an AUTH exchange
	credentials bool // may come: see secret
	transaction
}

// transaction is the part of the state that RSET clears.
type transaction struct {
	mail     bool
	utf8     bool
	binary   bool
	tried    int // RCPT commands
	rcpt     int // accepted ones
	chunks   [][]byte
	chunking bool
	body     Action // what is to happen in the middle of the chunks
}

// TLSConn is a *tls.Conn, or a type that embeds one.
type TLSConn interface {
	net.Conn
	Handshake() error
	ConnectionState() tls.ConnectionState
	NetConn() net.Conn
}

// New returns the connection to the client at the other end of conn. Nothing happens before Serve. A
// TLSConn is a connection with TLS from the first byte, whatever cfg says of it.
func New(conn net.Conn, cfg *Config, h Handler) *Conn {
	c := &Conn{cfg: cfg, handler: h, raw: conn, conn: conn}
	c.stop.closed = make(chan struct{})
	if t, ok := conn.(TLSConn); ok {
		c.given, c.raw = t, t.NetConn()
	}
	c.in.src = conn
	c.engine.out, c.own, c.engine.in = c.memory[:0:192], c.memory[192:192:512], c.memory[512:512]
	return c
}

// Serve starts to serve the client and returns at once. The connection ends when the client or the
// Handler ends it, or by Stop or Shut; the Handler's End is then the last call.
func (c *Conn) Serve() { c.engine.start(c) }

// run holds the dialogue and ends the connection. The engine calls it.
func (c *Conn) run() {
	returned := false
	defer func() {
		if !returned {
			c.crash(recover())
		}
	}()
	c.end(c.dialogue())
	returned = true
}

// line reads a line, and lets the Handler act if none comes for a long time.
func (c *Conn) line() (line []byte, notes []Note, err error) {
	var since time.Time // the client has been silent
	silent := time.Duration(0)
	for {
		patience := c.patience(silent)
		if patience > 0 {
			if silent == 0 {
				since = time.Now()
			}
			c.setReadDeadline(since.Add(patience))
		}
		line, notes, err = c.in.line()
		if patience > 0 {
			c.setReadDeadline(time.Time{})
		}
		if err != nil && c.stopped() {
			return line, notes, errStopped
		}
		if err == nil || patience <= 0 || !timedOut(err) {
			return line, notes, err
		}
		silent = patience
		c.begin(Idle, "", nil).Silent = silent
		act := c.ask()
		if act.Rule == 0 {
			continue
		}
		act.Delay, act.Lie = 0, true // it has passed; and there is no reply of the server's own to agree with
		if err := c.conclude(nil); err != nil {
			return nil, nil, err
		}
		silent = 0
	}
}

// patience is how long the client may be silent before the Handler is asked about that, or 0.
func (c *Conn) patience(silent time.Duration) time.Duration {
	if c.cfg.Patience == nil {
		return 0
	}
	return c.cfg.Patience(silent)
}

// timedOut reports whether an error is that of a deadline.
func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// wait lets d pass, unless the connection is shut meanwhile.
func (c *Conn) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.stop.closed:
		return errStopped
	}
}

// listen lets d pass before the greeting unless the client speaks meanwhile, and notes what it says,
// for it must wait (RFC 5321 §4.3.1). It returns how much time has passed, and an error if the client
// has gone.
func (c *Conn) listen(d time.Duration) (time.Duration, error) {
	start := time.Now()
	if d <= 0 || c.setReadDeadline(start.Add(d)) != nil {
		return 0, nil
	}
	err := c.in.fill()
	c.setReadDeadline(time.Time{})
	switch {
	case err == nil:
		c.turn.note(Note{Kind: GreetingNotAwaited, Count: int64(len(c.in.buffered()))})
	case timedOut(err):
		err = nil
	}
	return time.Since(start), err
}
