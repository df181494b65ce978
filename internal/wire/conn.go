package wire

// The connection: its fields, its state, and the reading of lines with the Handler's patience.

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// Conn is the connection of one client.
type Conn struct {
	cfg     *Config
	handler Handler
	raw     net.Conn // the socket
	conn    net.Conn // the socket, a prefixed over it, or TLS over either
	given   TLSConn  // TLS that was there before this package; or nil
	in      lineReader

	stop stopper

	// The fields below belong to the dialogue.
	engine engine
	own    []byte // the server's own reply
	turn   Turn
	state  state
	errors int   // bad commands
	large  int   // the size of the last message if it was large, otherwise 0
	spoken int   // bytes of lines and replies since a message was accepted; see maxChatter
	held   int64 // bytes of messages that were not accepted since then; see maxHeld
	ended  bool
	last   fate // how the connection ends with the reply that is about to be sent, if it does
	told   fate // what the Handler knows about the end

	client *Identity // what a PROXY header said, for the next turn
	asked  bool      // Before was called for the turn, and After was not yet
	unsent bool      // After was called for the turn, and its reply is not yet written

	handshaking bool // a TLS handshake has begun but has not succeeded

	// memory holds the first bytes of engine.out, own and engine.in. Most sessions need no more.
	memory [640]byte
}

// state is the state of the session (RFC 5321 §4.1.4).
type state struct {
	refused     bool // the greeting refused service
	helo        bool
	pipelining  bool // offered in the reply to EHLO
	encrypted   bool
	auth        bool // has authenticated
	authing     bool // the engine has asked for a response in an AUTH exchange
	credentials bool // credentials may come; see secret
	transaction
}

// transaction is the part of the state that RSET clears.
type transaction struct {
	mail     bool
	utf8     bool
	binary   bool
	tried    int // RCPT commands
	rcpt     int // accepted RCPT commands
	chunks   [][]byte
	chunked  int64 // the bytes of chunks
	chunking bool
	body     Action // the action in the middle of the chunks
}

// TLSConn is a *tls.Conn, or a type that embeds one.
type TLSConn interface {
	net.Conn
	Handshake() error
	ConnectionState() tls.ConnectionState
	NetConn() net.Conn
}

// New returns a connection to the client at the other end of conn. It does nothing before Serve. If conn is a TLSConn,
// TLS is used from the first byte, whatever cfg says.
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

// Serve starts to serve the client and returns at once. The connection ends when the client or the Handler ends it, or
// by Stop or Shut; Handler.Closed is the last call.
func (c *Conn) Serve() { c.engine.start(c) }

// run runs the dialogue and ends the connection. The engine calls it.
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

// line reads a line, and asks the Handler for an action if the client is silent for a long time.
func (c *Conn) line() (line []byte, notes []Note, err error) {
	if c.cfg.Patience == nil {
		return c.in.line()
	}
	since := time.Now() // since when the client has been silent
	silent := time.Duration(0)
	for {
		c.await()
		patience := c.cfg.Patience(silent)
		if patience > 0 {
			c.awaitUntil(since.Add(patience))
		}
		line, notes, err = c.in.line()
		hurried := c.arrived(patience > 0)
		switch {
		case err != nil && c.stopped():
			return line, notes, errStopped
		case err == nil || !timedOut(err):
			return line, notes, err
		case hurried:
			continue
		case patience <= 0:
			return line, notes, err
		}
		silent = patience
		c.begin(Idle, "", nil).Silent = silent
		act := c.ask()
		if act.Rule == 0 {
			continue
		}
		act.Delay, act.Lie = 0, true // the delay has passed, and the server has no reply of its own to agree with
		if err := c.conclude(nil); err != nil {
			return nil, nil, err
		}
		since, silent = time.Now(), 0
	}
}

// timedOut reports whether err means that a deadline has passed.
func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// wait waits for d, or until the connection is stopped or shut.
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

// listen waits for d before the greeting, or until the client sends something, which it notes: the client has to wait
// for the greeting (RFC 5321 §4.3.1). It returns how much time has passed, and an error if the client has gone.
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
