package imap

// The engine: it runs go-imap on a connection that is not a real one, and feeds it command by command.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/access"
)

// engine is the connection that go-imap serves. Read returns one command at a time. When go-imap reads again,
// everything that it has written since is the reply to the last command. go-imap runs on a goroutine of its own,
// and during IDLE on a second one.
type engine struct {
	server  *Server
	conn    *access.Conn
	session *session
	errors  int
	muted   bool // this is the second engine of the connection, so its greeting is not sent

	// Only the goroutine of go-imap uses these.
	feed    []byte // to be read
	rest    [][]byte
	inside  bool  // the first of rest follows a literal, which go-imap may refuse without reading on
	fate    error // how the connection ends; nil if go-imap has ended it
	restart bool  // TLS begins, and a new engine with it
	crash   any   // the value of a panic in code of the test

	mu        sync.Mutex   // guards the following: IDLE writes from another goroutine
	turn      *access.Turn // nil during IDLE, between the replies
	cmd       *command     // of the turn; nil for the greeting
	line      []byte       // the beginning of a line that go-imap has begun to write
	lists     lists        // that the lines before have opened
	literal   int64        // the number of bytes of a literal that go-imap has yet to write
	continued bool         // go-imap has written a continuation request
	done      bool         // go-imap has written a tagged reply
	agreed    bool         // the tagged reply says OK
	pushed    []byte       // bytes of IDLE that are to be sent
	over      bool         // the session has ended, so further bytes from go-imap are lost

	once   sync.Once
	closed chan struct{} // go-imap has ended
}

// serve serves a connection.
func (s *Server) serve(c *access.Conn) error {
	for first := true; ; first = false {
		e := &engine{server: s, conn: c, muted: !first, closed: make(chan struct{})}
		e.session = &session{server: s, engine: e}
		if err := e.run(); !e.restart {
			return err
		}
	}
}

// run serves the connection until it ends, or until TLS begins. The error says how it ended.
func (e *engine) run() error {
	if !e.muted {
		t, err := e.conn.Begin(mailtest.Greeting, "")
		if err != nil {
			return err
		}
		if t.Answered() {
			return end(t, access.Ended(mailtest.ServerClosed, ""))
		}
		e.turn = t
	}
	options := &imapserver.Options{
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			e.session.imap = c
			return e.session, nil, nil
		},
		Caps:         capabilities,
		Logger:       silent{},
		InsecureAuth: true,
	}
	if e.conn.CanStartTLS() {
		options.TLSConfig = e.server.ClientTLS() // so that go-imap offers STARTTLS; it does not make the handshake
	}
	imapserver.New(options).Serve(&oneShot{conn: e})
	<-e.closed
	e.session.idling.Wait()
	if e.crash != nil {
		panic(e.crash)
	}
	if e.fate != nil || e.restart {
		return e.fate
	}
	how := access.Ended(mailtest.ServerFailed, "")
	if e.session.lost {
		how = access.Ended(mailtest.ServerClosed, "")
	} else if e.cmd != nil && e.cmd.name == "LOGOUT" {
		how = access.Ended(mailtest.ClientQuit, "")
	}
	e.mu.Lock()
	if e.turn != nil {
		e.turn.Last(how)
	}
	e.mu.Unlock()
	return cmp.Or(e.endTurn(), how)
}

// end ends a turn, and with it the session in the given way. It returns how the session ended.
func end(t *access.Turn, how error) error {
	t.Last(how)
	return cmp.Or(t.End(true), how)
}

// capabilities are those that go-imap offers in addition to its own.
var capabilities = goimap.CapSet{
	goimap.CapIMAP4rev1: {}, goimap.CapIMAP4rev2: {}, goimap.CapNamespace: {}, goimap.CapUIDPlus: {}, goimap.CapESearch: {},
	goimap.CapSearchRes: {}, goimap.CapListExtended: {}, goimap.CapListStatus: {}, goimap.CapMove: {}, goimap.CapStatusSize: {},
	goimap.CapBinary: {}, goimap.CapChildren: {}, goimap.CapSpecialUse: {},
}

// silent is a logger that logs nothing, since the transcript has everything that go-imap would log.
type silent struct{}

func (silent) Printf(string, ...any) {}

// oneShot is a listener that accepts one connection.
type oneShot struct{ conn net.Conn }

func (l *oneShot) Accept() (net.Conn, error) {
	conn := l.conn
	if l.conn = nil; conn == nil {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (*oneShot) Close() error   { return nil }
func (*oneShot) Addr() net.Addr { return &net.TCPAddr{} }

// Read gives go-imap the next bytes of the client.
func (e *engine) Read(p []byte) (n int, err error) {
	whole := false
	defer func() {
		if !whole { // a panic, or a Goexit, in code of the test
			if e.crash = recover(); e.crash == nil {
				e.crash = "its goroutine has ended, as by Fatal or FailNow of a testing.TB"
			}
			n, err = 0, io.EOF
		}
	}()
	for len(e.feed) == 0 && e.fate == nil && !e.restart {
		e.fate = e.next()
	}
	whole = true
	if len(e.feed) == 0 {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.over = true
		return 0, io.EOF
	}
	n = copy(p, e.feed)
	e.feed = e.feed[n:]
	return n, nil
}

// next makes sure that there is something to read. The error says how the connection ended.
func (e *engine) next() error {
	e.mu.Lock()
	cmd, done, continued := e.cmd, e.done || e.cmd == nil, e.continued
	e.continued = false
	e.mu.Unlock()
	switch {
	case done:
		return e.nextCommand()
	case len(e.rest) > 0 && (continued || e.inside):
		e.feed, e.rest, e.inside = e.rest[0], e.rest[1:], !e.inside
	case continued && cmd.name == "AUTHENTICATE":
		return e.nextStep()
	case continued && cmd.name == "IDLE":
		return e.idle()
	default: // it passes over the rest of a command that it does not like
		e.feed, e.rest, e.inside = []byte("\r\n"), nil, false
	}
	return nil
}

// endTurn ends the turn, if there is one.
func (e *engine) endTurn() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.turn
	if e.turn = nil; t == nil {
		return nil
	}
	return t.End(e.agreed || e.cmd == nil)
}

// begin begins the turn of a command, or of a line of one. If a rule answers it, the turn is over, and done is true.
func (e *engine) begin(cmd *command, stage mailtest.Stage, text string, notes ...mailtest.Note) (done bool, err error) {
	t, err := e.conn.BeginTagged(cmd.tag, stage, text, notes...)
	if err != nil {
		return true, err
	}
	if t.Answered() {
		return true, t.End(false)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.turn, e.cmd, e.done, e.agreed, e.continued = t, cmd, false, false, false
	return false, nil
}

// nextCommand ends the turn of the last command, and feeds the next one that go-imap must see.
func (e *engine) nextCommand() error {
	for {
		if err := e.endTurn(); err != nil {
			return err
		}
		e.rest, e.inside = nil, false
		cmd, err := readCommand(e.conn, e.session.account != nil)
		if err != nil {
			return e.failed(err)
		}
		if !e.server.knows(cmd) {
			cmd.stage, cmd.refusal = mailtest.Unknown, "Unknown command"
		}
		done, err := e.begin(cmd, cmd.stage, cmd.text, cmd.notes...)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		switch {
		case cmd.refusal != "":
			if e.errors++; e.errors > maxErrors {
				return e.failed(access.ErrTooMuch)
			}
			status := "BAD"
			if strings.HasPrefix(cmd.refusal, "[TOOBIG]") {
				status = "NO"
			}
			fmt.Fprintf(e.turn, "%s %s %s\r\n", cmd.tag, status, cmd.refusal)
		case cmd.name == "STARTTLS":
			return e.startTLS(cmd)
		case cmd.name == "ID": // RFC 2971
			fmt.Fprintf(e.turn, "* ID (\"name\" \"maillab\")\r\n%s OK ID completed\r\n", cmd.tag)
			e.agreed = true
		default:
			e.feed, e.rest = cmd.pieces[0], cmd.pieces[1:]
			return nil
		}
	}
}

// failed tells the client why its connection ends, if the client can still be told.
func (e *engine) failed(err error) error {
	text := ""
	switch {
	case errors.Is(err, access.ErrIdle):
		text = "Autologout, idle for too long"
	case errors.Is(err, access.ErrTooMuch):
		text = "Too much that makes no sense"
	default:
		return err
	}
	return e.bye(text)
}

// bye says BYE, and returns the error that says that the server has closed the connection.
func (e *engine) bye(text string) error {
	t, err := e.conn.Begin(Push, "")
	if err != nil {
		return err
	}
	if !t.Answered() {
		t.WriteString("* BYE " + text + "\r\n")
	}
	return end(t, access.Ended(mailtest.ServerClosed, ""))
}

// startTLS begins TLS. go-imap has no part in it.
func (e *engine) startTLS(cmd *command) error {
	e.agreed = e.conn.CanStartTLS() && e.session.user == "" && len(cmd.pieces) == 1
	reply := "OK Begin TLS now"
	if !e.agreed {
		reply = "BAD STARTTLS is not possible now"
	}
	fmt.Fprintf(e.turn, "%s %s\r\n", cmd.tag, reply)
	if !e.agreed {
		e.done = true
		return nil
	}
	if err := e.endTurn(); err != nil {
		return err
	}
	if err := e.conn.StartTLS(); err != nil {
		return err
	}
	e.restart = true
	return nil
}

// nextStep ends the turn with a challenge, and feeds the client's answer to it.
func (e *engine) nextStep() error {
	e.mu.Lock()
	cmd := e.cmd
	e.agreed = true
	e.mu.Unlock()
	if err := e.endTurn(); err != nil {
		return err
	}
	line, err := e.conn.ReadLine(maxCommand)
	if err != nil {
		return e.failed(err)
	}
	text := "***"
	if string(line.Text) == "*" {
		text = "*"
	}
	done, err := e.begin(cmd, mailtest.AuthStep, text, line.Notes...)
	if err != nil {
		return err
	}
	if done || line.TooLong {
		e.feed = []byte("*\r\n") // go-imap cancels the exchange; its reply is lost if a rule has answered
		return nil
	}
	e.feed = append(bytes.Clone(line.Text), "\r\n"...)
	return nil
}

// idle ends the turn that began IDLE, and feeds the line that ends IDLE.
func (e *engine) idle() error {
	e.mu.Lock()
	cmd := e.cmd
	e.agreed = true
	e.mu.Unlock()
	e.session.idling.Add(1) // Idle is called on another goroutine, perhaps already
	if err := e.endTurn(); err != nil {
		return err
	}
	line, err := e.conn.ReadLine(maxCommand)
	if err != nil {
		return e.failed(err)
	}
	text := "***"
	if strings.EqualFold(string(line.Text), "DONE") {
		text = "DONE"
	}
	done, err := e.begin(cmd, IdleCommand, text, line.Notes...)
	if err != nil {
		return err
	}
	if done {
		e.mu.Lock()
		e.cmd = &command{tag: cmd.tag} // its reply is lost
		e.mu.Unlock()
	}
	e.feed = []byte(strings.ToUpper(text) + "\r\n")
	return nil
}

// Close is called when go-imap closes the connection.
func (e *engine) Close() error {
	e.once.Do(func() { close(e.closed) })
	return nil
}

// The rest of a net.Conn: package access has the deadlines, and go-imap does not ask for the addresses.

func (*engine) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*engine) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*engine) SetDeadline(time.Time) error      { return nil }
func (*engine) SetReadDeadline(time.Time) error  { return nil }
func (*engine) SetWriteDeadline(time.Time) error { return nil }

// loses reports whether the rule of the turn has Lose.
func (e *engine) loses() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.turn != nil && e.turn.Lose()
}

// command returns the name of the command that go-imap is running.
func (e *engine) command() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cmd.name
}
