// Package wire is the connection below go-smtp: one SMTP server per connection, one turn at a time.
//
// go-smtp is the engine: it knows the syntax, the parameters and the AUTH exchange. This package sits
// between it and the socket, as the net.Conn that the engine reads and writes, and works in turns:
//
//   - When the engine reads, its answer to the last command is complete. Everything that it wrote since
//     the last read is the reply; it is settled with what the [Handler] wants and sent in one write.
//   - Then the next command line is taken from the client and shown to the Handler, which may answer,
//     delay or cut the connection without the engine ever seeing it; otherwise exactly that line is
//     handed to the engine.
//
// So pairs of command and reply are exact, under pipelining too (RFC 2920). What the engine can't do, or
// does otherwise than RFC 5321 asks, is done here: the order of commands (sequence.go), the message after
// DATA, read in bulk (payload.go), chunks (bdat.go), STARTTLS (starttls.go), and every text that a client
// sees (reply.go).
//
// The package knows neither rules nor messages. It tells what happens and does as it is told.
package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Config is what the connections of one server have in common. It must not change while a connection lives.
type Config struct {
	Name          string // the host name in the greeting and in EHLO
	MaxSize       int64  // the most bytes of a message, after unstuffing
	MaxRecipients int    // the most recipients of a transaction
	Implicit      bool   // TLS from the first byte (RFC 8314)

	// TLS gives the configuration for STARTTLS and for implicit TLS. Nil means neither.
	TLS func() (*tls.Config, error)

	LMTP   bool   // RFC 2033 in place of SMTP
	Proxy  bool   // every connection begins with a PROXY header (proxy.go)
	Client bool   // XCLIENT is understood (xclient.go)
	BareLF BareLF // what a LF without CR means in a message
}

// BareLF is a way to treat a LF without CR in a message after DATA.
type BareLF uint8

// The ways to treat a bare LF.
const (
	KeepLF   BareLF = iota // as any other byte; no line ends there (RFC 5321 §2.3.8)
	RefuseLF               // the message is refused
	EndLF                  // as a line end, as servers do that let a second message be smuggled in
)

// Handler is the side above: it is shown each turn, decides, and keeps what came. All calls come from one
// goroutine at a time, in the order in which things happen.
type Handler interface {
	smtp.Backend

	// Capabilities are the lines of the EHLO reply after the first, without code.
	Capabilities(encrypted bool) []string

	// Before is asked what shall happen in this turn, before the engine sees it. The turn and its
	// bytes are valid during the call only.
	Before(t *Turn) Action

	// Reword is given each reply of the server's own, and returns the one to take for it: the same, or one
	// that says the same in other words. One that does not begin with the same digit, or with a 4 or 5 for either
	// of them, is ignored.
	Reword(t *Turn, own []byte) []byte

	// Reply is shown the reply that is about to be sent, before any delay. For a message that is
	// accepted, this is the moment in which it must become visible.
	Reply(t *Turn)

	// After is shown the whole turn, right before the first t.Sent bytes of the reply go out: what the
	// client has read is in the transcript. Unsent corrects t.Sent of the last turn, if sending fails.
	After(t *Turn)
	Unsent(t *Turn)

	// Encrypted is told the outcome of a TLS handshake.
	Encrypted(state tls.ConnectionState)

	// Identified is told who the client really is, by a proxy in between (PROXY, XCLIENT). What is not
	// known is empty; addr is then invalid.
	Identified(addr netip.AddrPort, helo, user string)

	// Patience is how long the client may be silent, all in all, before the Handler is asked about an Idle turn, where it
	// has been silent for so long already; 0 is for ever.
	Patience(silent time.Duration) time.Duration

	// End is told once how the connection ended. Nothing is called after it.
	End(how string)
}

// Kind is what a turn answers.
type Kind uint8

// The kinds of turn.
const (
	Connect   Kind = iota // the connection itself; the reply is the greeting
	Handshake             // the TLS handshake, before the greeting or after STARTTLS; there is no reply
	Command               // a command line
	AuthStep              // the client's answer to a 334 challenge
	Body                  // the message after DATA, about to be read
	End                   // the message is complete: the final dot, or BDAT LAST
	Idle                  // the client has been silent for too long
)

// Turn is one thing that the client did, and the answer to it.
type Turn struct {
	Kind     Kind
	Verb     string    // of a command: in upper case, "" where it is none that SMTP knows
	Line     []byte    // the line as received, without its end; bounded, see Notes where it was cut
	arg      string    // of a command: the part of the line behind the verb
	Secret   bool      // the line holds credentials
	Payload  []byte    // of End, and of BDAT once it is read: the bytes of the message; the receiver may keep them
	Cut      int64     // at End: how many bytes of the message are not in Payload, because it is over the limit
	Received time.Time // when the client's part was complete
	Reply    []byte    // the reply as it goes out, with its line ends; empty where there is none
	Accepted bool      // whether the server itself agrees: the reply before a Handler's lies was 2xx or 3xx
	Sent     int       // how many bytes of Reply were sent
	Replied  time.Time // when they were
	Notes    []string  // what is remarkable about the bytes: bare LF, a line that is too long, …
	Action   Action    // what Before wanted

	// Silent is, at Idle, for how long the client has been silent: what Patience has said.
	Silent time.Duration

	// Recipient is, at End with LMTP, the number of the recipient who is being answered for, from 1. All of
	// them come to Before and Reply, in turn, before the first one is answered. Without LMTP it is 0.
	Recipient int
}

// Arg is the part of a command line behind the verb, trimmed.
func (t *Turn) Arg() string { return t.arg }

// Action is what the Handler wants done in a turn. The zero value means: as usual.
type Action struct {
	// Reply is sent in place of the server's own, literally. A positive one (2xx, 3xx) is sent only
	// where the server's is of the same kind, unless Lie is set. Any other keeps the command from the engine.
	Reply []byte
	Lie   bool

	// Delay passes before the reply; Pace, if not 0, between each two bytes of it.
	Delay time.Duration
	Pace  time.Duration

	// Endless repeats Reply until it can't be written any more.
	Endless bool

	// TLS is, at Handshake, the configuration to use in place of the usual one.
	TLS *tls.Config

	// Drop ends the connection: in place of the reply or, if Reply is set, after it.
	Drop Drop

	// After moves Delay, Reply and Drop of a Body to the moment in which so many bytes of it have
	// come. Of any other kind it is the number of bytes of the reply that are sent before Drop.
	After int64

	// Rule is the number of who wanted this, for the Handler; 0 is nobody.
	Rule int
}

// Drop is a way to end a connection.
type Drop uint8

// The ways to end a connection.
const (
	NoDrop Drop = iota
	Close       // orderly: FIN, over TLS after a close_notify alert
	Cut         // FIN without close_notify; without TLS the same as Close
	Reset       // RST
	Hang        // not at all: nothing is answered any more, until the client gives up
)

// Conn is one client's connection.
type Conn struct {
	cfg     *Config
	handler Handler
	raw     net.Conn // the socket
	conn    net.Conn // the socket, or TLS above it
	in      lineReader

	closed chan struct{} // closed by Shut; ends delays
	shut   sync.Once

	// All below belongs to the engine's goroutine (of the newest engine).
	out    []byte // what the engine has written in this turn
	feed   []byte // what the engine has yet to read
	own    []byte // the server's own reply
	await  await
	turn   Turn
	state  state
	errors int // bad commands
	ended  bool
}

// await is what the engine's next output will be.
type await uint8

const (
	awaitGreeting await = iota
	awaitFirst          // the greeting again, as the reply to XCLIENT
	awaitReply
	awaitNothing // output to be thrown away, of a line that only the engine needs to see
)

// state is what the client has achieved (RFC 5321 §4.1.4).
type state struct {
	refused    bool // by the greeting
	helo       bool
	pipelining bool // offered in the reply to EHLO
	encrypted  bool
	auth       bool // has authenticated
	authing    bool // a challenge is out
	authFailed bool // the last AUTH failed: the next unknown words may be credentials
	transaction
	payload bool // the client was told to send its message
	orphan  bool // … but only by a lie, the engine does not know of it
}

// transaction is the part of the state that RSET clears.
type transaction struct {
	mail     bool
	utf8     bool
	binary   bool
	tried    int // RCPT commands
	rcpt     int // accepted ones
	chunks   []byte
	chunking bool
}

// New returns the connection to the client at the other end of conn. Nothing happens before Serve.
func New(conn net.Conn, cfg *Config, h Handler) *Conn {
	c := &Conn{cfg: cfg, handler: h, raw: conn, conn: conn, closed: make(chan struct{})}
	c.in.src = conn
	return c
}

// Serve starts to serve the client and returns at once. The connection ends when the client or the
// Handler ends it, or by Shut; the Handler's End is then the last call.
func (c *Conn) Serve() { c.startEngine(awaitGreeting) }

// Shut ends the connection at once, whatever the client does. It may be called at any time, also before
// Serve, from any goroutine.
func (c *Conn) Shut() {
	c.shut.Do(func() {
		close(c.closed)
		c.raw.Close()
	})
}

// errEngineReplaced ends an engine whose place another one has taken.
var errEngineReplaced = errors.New("wire: a fresh engine has taken over")

// endError ends a connection and says how it ended.
type endError string

func (e endError) Error() string { return string(e) }

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

func (e *engine) Write(p []byte) (int, error) {
	if e.replaced {
		return 0, io.ErrClosedPipe
	}
	if e.conn.out == nil {
		e.conn.out = make([]byte, 0, 512) // its greeting and EHLO come in many pieces
	}
	e.conn.out = append(e.conn.out, p...)
	return len(p), nil
}

func (e *engine) Read(p []byte) (int, error) {
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
	c := e.conn
	if e.replaced || c.ended {
		return nil
	}
	err := c.settle()
	switch {
	case err != nil:
	case c.turn.Verb == "QUIT":
		err = endError("QUIT")
	default:
		err = endError("the server gave up: internal error")
	}
	c.end(err)
	return nil
}

func (e *engine) LocalAddr() net.Addr              { return e.conn.raw.LocalAddr() }
func (e *engine) RemoteAddr() net.Addr             { return e.conn.raw.RemoteAddr() }
func (e *engine) SetDeadline(time.Time) error      { return nil }
func (e *engine) SetReadDeadline(time.Time) error  { return nil }
func (e *engine) SetWriteDeadline(time.Time) error { return nil }

// next ends the engine's turn and takes more of them, until there is something for the engine to read.
func (c *Conn) next() error {
	if err := c.settle(); err != nil {
		return err
	}
	for len(c.feed) == 0 {
		if err := c.step(); err != nil {
			return err
		}
	}
	return nil
}

// settle takes what the engine has written as its part of the current turn.
func (c *Conn) settle() error {
	out, a := c.out, c.await
	c.out, c.await = c.out[:0], awaitNothing
	switch a {
	case awaitGreeting:
		return c.greet()
	case awaitFirst:
		return c.conclude(c.greeting())
	case awaitReply:
		return c.conclude(c.ownReply(out))
	}
	return nil
}

// greet opens the dialogue.
func (c *Conn) greet() error {
	if c.cfg.Proxy {
		if err := c.readProxyHeader(); err != nil {
			return err
		}
	}
	if c.cfg.Implicit {
		if err := c.handshake(); err != nil {
			return err
		}
	}
	c.begin(Connect, "", nil)
	if act := c.ask(); act.keepsFromEngine() {
		c.state.refused = len(act.Reply) > 0 && (act.Reply[0] == '4' || act.Reply[0] == '5')
		return c.conclude(nil)
	}
	return c.conclude(c.greeting())
}

// greeting is the server's first reply.
func (c *Conn) greeting() []byte {
	protocol := "ESMTP"
	if c.cfg.LMTP {
		protocol = "LMTP"
	}
	return fmt.Appendf(nil, "220 %s %s ready\r\n", c.cfg.Name, protocol)
}

// step takes one turn from the client.
func (c *Conn) step() error {
	if c.state.payload {
		return c.readMessage()
	}
	line, notes, err := c.line()
	switch err {
	case nil:
	case errLineTooLong, errLineEndless:
		return c.tooLong(line, notes, err)
	default:
		return c.partOfLine(line, err)
	}
	if c.state.authing {
		return c.authStep(line, notes)
	}
	return c.command(line, notes)
}

// line reads a line, and lets the Handler act if none comes for a long time.
func (c *Conn) line() (line []byte, notes []string, err error) {
	var since time.Time // the client has been silent
	silent := time.Duration(0)
	for {
		patience := c.handler.Patience(silent)
		if patience > 0 {
			if silent == 0 {
				since = time.Now()
			}
			c.conn.SetReadDeadline(since.Add(patience))
		}
		line, notes, err = c.in.line()
		if patience > 0 {
			c.conn.SetReadDeadline(time.Time{})
		}
		if err == nil || !timedOut(err) {
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

// timedOut tells whether an error is that of a deadline.
func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// begin opens a turn.
func (c *Conn) begin(k Kind, verb string, line []byte) *Turn {
	c.turn = Turn{Kind: k, Verb: verb, Line: line, Received: time.Now()}
	if k == Command {
		c.turn.arg = argument(line)
	}
	return &c.turn
}

// ask shows the turn to the Handler.
func (c *Conn) ask() *Action {
	c.turn.Action = c.handler.Before(&c.turn)
	return &c.turn.Action
}

// keepsFromEngine tells whether the action alone decides the turn.
func (a *Action) keepsFromEngine() bool {
	if a.Reply != nil {
		return !positive(a.Reply)
	}
	return a.Drop != NoDrop && a.After == 0
}

// pass hands a command to the engine; its answer will settle the turn.
func (c *Conn) pass(verb, arg string) error {
	c.feed = append(c.feed[:0], verb...)
	if arg != "" {
		c.feed = append(append(c.feed, ' '), arg...)
	}
	c.feed = append(c.feed, "\r\n"...)
	c.await = awaitReply
	return nil
}

// tell hands a line to the engine and drops its answer.
func (c *Conn) tell(line string) {
	c.feed = append(append(c.feed[:0], line...), "\r\n"...)
	c.await = awaitNothing
}

// conclude ends the turn: it settles own, the server's reply, with the Handler's action, and sends the result.
func (c *Conn) conclude(own []byte) error {
	c.decide(own)
	return c.carryOut(own)
}

// decide settles what the reply is, and what the turn has achieved.
func (c *Conn) decide(own []byte) {
	t, act := &c.turn, &c.turn.Action
	if own != nil {
		own = c.reword(own)
	}
	t.Accepted = positive(own)
	t.Reply = own
	if act.Reply != nil && (!positive(act.Reply) || t.Accepted && own[0] == act.Reply[0] || act.Lie) {
		t.Reply = act.Reply
	} else if act.Drop != NoDrop && act.Reply == nil && act.After == 0 {
		t.Reply = nil
	}
	c.advance(own)
	c.handler.Reply(t)
}

// carryOut sends the reply and does whatever else the Handler wants.
func (c *Conn) carryOut(own []byte) error {
	t, act := &c.turn, &c.turn.Action
	delay := act.Delay
	if t.Kind == Connect {
		delay -= c.listen(delay)
	}
	if err := c.wait(delay); err != nil {
		c.handler.After(t)
		return err
	}
	err := c.send(t)
	if err == nil && act.Drop != NoDrop {
		return c.drop(act.Drop)
	}
	c.reconcile(own)
	return err
}

// reword lets the Handler say own in other words.
func (c *Conn) reword(own []byte) []byte {
	words := c.handler.Reword(&c.turn, own)
	same := len(words) >= 3 && positive(words) == positive(own) && (words[0] == own[0] || !positive(own))
	if same && words[0] >= '2' && words[0] <= '5' {
		return words
	}
	return own
}

// reconcile mends what a lie has broken: whether the client is to go on with its message, or with AUTH.
func (c *Conn) reconcile(own []byte) {
	s, t := &c.state, &c.turn
	expected, told := intermediate(own), intermediate(t.Reply)
	switch {
	case expected == told:
	case told && t.Verb == "DATA":
		s.payload, s.orphan = true, true // its message will come, and the engine knows of none
	case told:
		s.authFailed = true // its credentials will come
	case s.payload:
		s.payload, s.transaction = false, transaction{}
		c.tell(".")
	case s.authing:
		s.authing = false
		c.tell("*") // RFC 4954 §4: cancels the exchange
	}
}

// send ends the turn and writes its reply, whole or paced or in part.
func (c *Conn) send(t *Turn) error {
	reply := t.Reply
	if act := &t.Action; act.Drop != NoDrop && act.After > 0 && int64(len(reply)) > act.After {
		reply = reply[:act.After]
	}
	t.Sent = len(reply)
	if t.Sent > 0 {
		t.Replied = time.Now()
	}
	c.handler.After(t)
	n, err := c.write(reply, t.Action.Pace)
	for err == nil && t.Action.Endless {
		_, err = c.write(reply, t.Action.Pace)
	}
	if err != nil && n < t.Sent {
		t.Sent = n
		c.handler.Unsent(t)
	}
	return err
}

// write writes p at once, or a byte at a time, and says how much went out.
func (c *Conn) write(p []byte, pace time.Duration) (int, error) {
	if pace <= 0 {
		if len(p) == 0 {
			return 0, nil
		}
		n, err := c.conn.Write(p)
		if err != nil {
			err = c.broken("write", err)
		}
		return n, err
	}
	for i := range p {
		if i > 0 {
			if err := c.wait(pace); err != nil {
				return i, err
			}
		}
		if _, err := c.conn.Write(p[i : i+1]); err != nil {
			return i, c.broken("write", err)
		}
	}
	return len(p), nil
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
	case <-c.closed:
		return endError("the server was closed")
	}
}

// listen lets d pass before the greeting unless the client speaks or goes meanwhile, and notes what it says, for it must
// wait (RFC 5321 §4.3.1). It returns how much time has passed.
func (c *Conn) listen(d time.Duration) time.Duration {
	start := time.Now()
	if d <= 0 || c.conn.SetReadDeadline(start.Add(d)) != nil {
		return 0
	}
	if c.in.fill() == nil {
		c.turn.Notes = append(c.turn.Notes, fmt.Sprintf("%d bytes came without waiting for the greeting", len(c.in.buffered())))
	}
	c.conn.SetReadDeadline(time.Time{})
	return time.Since(start)
}

// end closes the socket, once, and reports how the connection ended.
func (c *Conn) end(err error) {
	c.ended = true
	var how endError
	switch {
	case errors.As(err, &how):
	case errors.Is(err, io.EOF):
		how = "the client closed the connection"
	default:
		how = endError(c.broken("read", err).Error())
	}
	c.conn.Close()
	c.Shut()
	c.handler.End(string(how))
}

// broken says how the socket failed.
func (c *Conn) broken(op string, err error) error {
	var end endError
	select {
	case <-c.closed:
		return endError("the server was closed")
	default:
	}
	if errors.As(err, &end) {
		return end
	}
	var op1 *net.OpError
	if errors.As(err, &op1) && op1.Err != nil {
		err = op1.Err
	}
	return endError(fmt.Sprintf("%s: %v", op, err))
}
