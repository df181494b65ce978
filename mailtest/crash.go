package mailtest

// Crashes: what becomes of a panic in a func of the test's own, which runs on a connection's goroutine.

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed078e9d8c/maillab/internal/wire"
)

// crash is a panic, or a Goexit, in code that a connection has called: a func of the test's own such as
// [Rule.When] or [Server.Watch], or the [net.Conn] or the [tls.Config] that it was given.
type crash struct {
	text  string // where it happened, and what
	stack string
	known atomic.Bool // to the test, by its log or by a panic
}

// Error returns the whole story.
func (c *crash) Error() string { return c.text + "\n\n" + strings.TrimSpace(c.stack) }

// told returns the error with which a wait ends the test.
func (c *crash) told() error {
	if c.known.CompareAndSwap(false, true) {
		return c
	}
	return errors.New(c.text + " (its stack is above)")
}

// returned returns the error of a wait without a [testing.TB]. If the test does not know of the crash yet,
// it panics: nobody else may look at the error.
func (c *crash) returned() error {
	c.mustBeKnown()
	return errors.New(c.text)
}

// mustBeKnown panics if there is a crash of which the test does not know.
func (c *crash) mustBeKnown() {
	if c != nil && c.known.CompareAndSwap(false, true) {
		panic(c)
	}
}

// Crashed takes note of a crash in a turn. The transcript has the turn, without a reply.
func (ss *session) Crashed(t *wire.Turn, value any, stack []byte) {
	switch {
	case ss.watching:
		t.Sent = 0
		ss.Unsent(t)
		ss.settle()
	case ss.deciding:
		t.Reply, t.Sent, t.Replied, ss.record = nil, 0, time.Time{}, nil
		func() {
			defer func() { recover() }() // of Watch, which says nothing new
			ss.After(t)
		}()
	}
	what := fmt.Sprint("panicked: ", value)
	if value == nil {
		what = "ended the goroutine of a connection, as Fatal and FailNow of a testing.TB do; call Error there, or panic"
	}
	ss.server.crashed(&crash{
		text:  fmt.Sprintf("mailtest: server %s, session %d, %v: the test's own code %s", ss.server.name(), ss.number, stageOf(t), what),
		stack: string(stack),
	})
}

// crashed tells the test of a crash at once, or else leaves that to the next wait or Close.
func (s *Server) crashed(c *crash) {
	if s.tb != nil {
		c.known.Store(true)
		s.tb.Error(c)
	}
	s.Inbox.crashed(c)
	if s.set.Collect != nil {
		s.set.Collect.crashed(c)
	}
}
