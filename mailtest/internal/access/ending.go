package access

// The endings of a connection, which are the errors that end its session.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"time"

	"github.com/seed078e9d8c/maillab/internal/hangup"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// endError is the error that ends a session.
type endError struct{ mailtest.Ending }

func (e endError) Error() string { return e.String() }

// Ended returns the error for an ending.
func Ended(kind mailtest.EndingKind, cause string) error {
	return endError{mailtest.Ending{Kind: kind, Cause: cause}}
}

// Errors of a Conn that are not final: the protocol tells the client, and ends the session with Ended.
var (
	ErrIdle    = errors.New("access: the client has been silent for too long")
	ErrTooMuch = errors.New("access: the client has sent too much")
)

// errStopped ends a session because the server ends.
var errStopped = Ended(mailtest.ServerStopped, "")

// readError returns the ending of a connection from which reading has failed.
func (c *Conn) readError(err error) error {
	c.mu.Lock()
	fate := c.fate
	c.mu.Unlock()
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case c.stopped():
		return errStopped
	case fate != nil:
		return fate
	case ok && timeout.Timeout():
		return ErrIdle
	case err == io.EOF:
		return Ended(mailtest.ClientClosed, "")
	}
	return Ended(mailtest.ReadFailed, cause(err))
}

// writeError returns the ending of a connection to which writing has failed.
func (c *Conn) writeError(err error) error {
	if end, ok := errors.AsType[endError](err); ok {
		return end
	}
	if c.stopped() {
		return errStopped
	}
	return Ended(mailtest.WriteFailed, cause(err))
}

// cause returns the text of an error of a socket, without the parts that are known.
func cause(err error) string {
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Err != nil {
		err = operation.Err
	}
	return err.Error()
}

// end closes the connection, and notes how it ended.
func (c *Conn) end(err error) {
	how := mailtest.Ending{Kind: mailtest.ServerFailed}
	if end, ok := errors.AsType[endError](err); ok {
		how = end.Ending
	}
	if how.Kind == mailtest.ServerStopped && c.server.protocol.Farewell != "" {
		said := mailtest.Ending{Kind: how.Kind, Cause: c.server.protocol.Farewell}
		c.ends(said)
		c.mu.Lock()
		c.out.WriteString(said.Cause + "\r\n")
		if c.out.Flush() == nil {
			how = said
		}
		c.mu.Unlock()
	}
	c.ends(how)
	switch how.Kind {
	case mailtest.ClientQuit, mailtest.ServerClosed:
		c.hangUp(mailtest.Close)
	case mailtest.ServerCrashed:
		c.hangUp(mailtest.Reset)
	default:
		c.conn.Close()
	}
	c.raw.Close()
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.live, c)
}

// ends notes how the connection ends, unless that is known: before the client can notice that the server ends it, or when the
// client has ended it.
func (c *Conn) ends(how mailtest.Ending) {
	c.leave()
	if c.Leave != nil {
		c.Leave()
	}
	c.session.change(func(log *mailtest.Session) {
		if log.End.IsZero() || log.Ending != how {
			log.End, log.Ending = time.Now(), how
		}
	})
}

// leave removes the connection from the count of open connections, once.
func (c *Conn) leave() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if !c.left {
		c.left = true
		c.server.open--
	}
}

// stop ends the connection from another goroutine.
func (c *Conn) stop() {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if c.stopping {
		return
	}
	c.stopping = true
	close(c.closing)
	c.raw.SetWriteDeadline(time.Now().Add(closePatience))
	if c.raw.SetReadDeadline(time.Unix(1, 0)) != nil {
		c.raw.Close()
	}
}

// stopped reports whether stop was called.
func (c *Conn) stopped() bool {
	select {
	case <-c.closing:
		return true
	default:
		return false
	}
}

// Deserted reports whether the client has closed the connection, though the session may not have noticed. It may be called from
// any goroutine.
func (c *Conn) Deserted() bool { return hangup.By(c.raw) }

// Abort ends a session from another goroutine: reading from the client fails with an error of Ended.
func (c *Conn) Abort(err error) {
	c.mu.Lock()
	if c.fate == nil { // otherwise a rule has ended it before
		c.fate = err
	}
	c.mu.Unlock()
	c.deadline.Lock()
	defer c.deadline.Unlock()
	c.aborted = true // the other goroutine may be about to set a deadline of its own
	c.raw.SetReadDeadline(time.Unix(1, 0))
}

// drainTime is the longest time for which an orderly close waits for the client to close.
const drainTime = 2 * time.Second

// endedBy returns the ending of a connection that the server ends in the given way.
func endedBy(d mailtest.Drop) mailtest.Ending {
	switch d {
	case mailtest.Reset:
		return mailtest.Ending{Kind: mailtest.ServerReset}
	case mailtest.Silence:
		return mailtest.Ending{Kind: mailtest.ServerSilent}
	case mailtest.Cut:
		return mailtest.Ending{Kind: mailtest.ServerCut}
	}
	return mailtest.Ending{Kind: mailtest.ServerClosed}
}

// hangUp ends the connection in the given way.
func (c *Conn) hangUp(d mailtest.Drop) {
	switch d {
	case mailtest.Reset:
		if l, ok := c.raw.(interface{ SetLinger(int) error }); ok {
			l.SetLinger(0)
		}
		c.raw.Close()
		return
	case mailtest.Silence:
		io.Copy(io.Discard, c.raw)
		return
	case mailtest.Close:
		if tc, ok := c.conn.(interface{ CloseWrite() error }); ok && c.conn != c.raw {
			tc.CloseWrite() // close_notify
		}
	}
	// A close with unread bytes would be a reset. So close one half, and read the bytes that still come.
	if w, ok := c.raw.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		c.drainUntil(time.Now().Add(drainTime))
		io.Copy(io.Discard, c.raw)
	}
	c.raw.Close()
}

// drainUntil sets the read deadline for the end of the connection, unless stop was called.
func (c *Conn) drainUntil(t time.Time) {
	c.deadline.Lock()
	defer c.deadline.Unlock()
	if !c.stopping {
		c.raw.SetReadDeadline(t)
	}
}

// crash is a panic, or a Goexit, in code of the test that a connection has called.
type crash struct {
	text, stack string
	known       bool // the test knows of it
}

// Error returns the text and the stack.
func (c *crash) Error() string { return c.text + "\n\n" + c.stack }

// crashed notes a crash in a session. It reports the crash to the test at once, or else leaves that to Close.
func (c *Conn) crashed(value any) error {
	what := fmt.Sprint("panicked: ", value)
	if value == nil {
		what = "ended the goroutine of a connection, as Fatal and FailNow of a testing.TB do; call Error there, or panic"
	}
	s := c.server
	told := &crash{
		text:  fmt.Sprintf("%s: server %s, session %d: the test's own code %s", s.protocol.Name, s.cfg.Name, c.Number(), what),
		stack: string(debug.Stack()),
	}
	s.mu.Lock()
	if s.crash == nil {
		s.crash = told
		told.known = s.tb != nil
	}
	s.mu.Unlock()
	if s.tb != nil {
		s.tb.Error(told)
	}
	return Ended(mailtest.ServerCrashed, "")
}
