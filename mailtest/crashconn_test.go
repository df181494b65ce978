package mailtest_test

// Connections of the caller's own that panic, and funcs that end their goroutine more than once.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// brokenConn panics when it is read from, or else written to.
type brokenConn struct {
	net.Conn
	reading bool
}

func (c brokenConn) Read(p []byte) (int, error) {
	if c.reading {
		panic("broken")
	}
	return c.Conn.Read(p)
}

func (c brokenConn) Write(p []byte) (int, error) {
	if !c.reading {
		panic("broken")
	}
	return c.Conn.Write(p)
}

// A connection of the caller's own can be broken.
func TestCrashConn(t *testing.T) {
	t.Parallel()
	for _, reading := range []bool{false, true} {
		near, far := net.Pipe()
		tb := new(fakeTB)
		tb.run(func() {
			srv := mailtest.New(tb)
			srv.ServeConn(brokenConn{far, reading})
			if err := raw(near, "220", "QUIT", "221"); err == nil {
				t.Error("the client notices nothing")
			}
			near.Close()
		})
		if got := fmt.Sprint(tb.errors); !strings.Contains(got, "panicked: broken") {
			t.Errorf("got errors %s", got)
		}
	}
}

// saysConn panics when it is to send something that begins with a text, and notes that it is closed.
type saysConn struct {
	net.Conn
	text   string
	closed chan struct{}
	once   *sync.Once
}

func (c saysConn) Write(p []byte) (int, error) {
	if strings.HasPrefix(string(p), c.text) {
		panic("broken")
	}
	return c.Conn.Write(p)
}

func (c saysConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// A reply whose write has crashed was not sent, and a connection is closed whatever has crashed.
func TestCrashWrite(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"250 2.0.0 Message accepted", "421"} {
		near, far := net.Pipe()
		defer near.Close()
		srv, conn := &mailtest.Server{}, saysConn{far, text, make(chan struct{}), new(sync.Once)}
		srv.ServeConn(conn)
		steps := crashStages[mailtest.Dot]
		if text == "421" {
			steps = steps[:1]
		}
		raw(near, steps...)
		func() {
			defer func() { recover() }()
			srv.Close()
		}()
		select {
		case <-conn.closed:
		default:
			t.Errorf("%s: the connection is open", text)
		}
		turns := srv.Session(1).Turns
		if last := turns[len(turns)-1]; last.Stage == mailtest.Dot && last.Reply != "" {
			t.Errorf("%s: the transcript has the reply %q", text, last.Reply)
		}
		for _, m := range srv.Messages() {
			if m.Acked {
				t.Errorf("%s: the message is acknowledged", text)
			}
		}
	}
}

// Where two funcs end their goroutine in one turn, the connection is reset nevertheless.
func TestCrashTwice(t *testing.T) {
	t.Parallel()
	srv := &mailtest.Server{}
	for _, name := range []string{"When", "Watch"} {
		crashers[name](srv, mailtest.Noop, runtime.Goexit)
	}
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := raw(conn, crashStages[mailtest.Noop]...); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is open")
	}
	defer func() { recover() }()
	srv.Close()
}
