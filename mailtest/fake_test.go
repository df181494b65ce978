package mailtest_test

// A test that is watched: what the package says to it, and whether it goes on.

import (
	"fmt"
	"net/smtp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// fakeTB is a testing.TB that records.
type fakeTB struct {
	testing.TB // nil: whatever is not below must not be called

	mu       sync.Mutex
	fatal    []string
	errors   []string
	logs     []string
	failed   bool
	cleanups []func()
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Fatal(args ...any) {
	f.mu.Lock()
	f.fatal = append(f.fatal, fmt.Sprint(args...))
	f.failed = true
	f.mu.Unlock()
	runtime.Goexit()
}

func (f *fakeTB) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

func (f *fakeTB) Error(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprint(args...))
	f.failed = true
}

func (f *fakeTB) Log(args ...any) { f.logs = append(f.logs, fmt.Sprint(args...)) }

func (f *fakeTB) Logf(format string, args ...any) {
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

func (f *fakeTB) Failed() bool { return f.failed }

// run runs fn as a test would be, with its clean-ups.
func (f *fakeTB) run(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	<-done
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
}

// deadlineTB has a deadline as well.
type deadlineTB struct {
	fakeTB
	end time.Time
}

func (d *deadlineTB) Deadline() (time.Time, bool) { return d.end, true }

// send delivers a message to srv in memory.
func send(tb testing.TB, srv *mailtest.Server, from, to, subject string) {
	tb.Helper()
	conn, err := srv.Dial(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	c, err := smtp.NewClient(conn, "localhost")
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	if err := deliver(c, from, to, "Subject: "+subject+"\r\n\r\nHello\r\n"); err != nil {
		tb.Fatal(err)
	}
	if err := c.Quit(); err != nil {
		tb.Fatal(err)
	}
}

// deliver sends one message on a connection.
func deliver(c *smtp.Client, from, to, text string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	for rcpt := range strings.SplitSeq(to, ",") {
		if err := c.Rcpt(rcpt); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return w.Close()
}
