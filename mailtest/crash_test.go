package mailtest_test

// A panic in the test's own code, which runs on a connection's goroutine.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// crashers put a func that calls f into a server, at a stage.
var crashers = map[string]func(srv *mailtest.Server, at mailtest.Stage, f func()){
	"When": func(srv *mailtest.Server, at mailtest.Stage, f func()) {
		srv.AddRules(mailtest.Rule{At: at, When: func(*mailtest.Attempt) bool { f(); return false }, Delay: time.Nanosecond})
	},
	"Answer": func(srv *mailtest.Server, at mailtest.Stage, f func()) {
		srv.AddRules(mailtest.Rule{At: at, ReplyFunc: func(*mailtest.Attempt) string { f(); return "" }})
	},
	"Reword": func(srv *mailtest.Server, at mailtest.Stage, f func()) {
		srv.Reword = func(a *mailtest.Attempt, reply string) string {
			if a.Stage == at {
				f()
			}
			return reply
		}
	},
	"Watch": func(srv *mailtest.Server, at mailtest.Stage, f func()) {
		srv.Watch = func(session, turn int) {
			if srv.Session(session).Turns[turn].Stage == at {
				f()
			}
		}
	},
}

// crashStages are dialogues that reach a stage.
var crashStages = map[mailtest.Stage][]string{
	mailtest.Greeting: {"220"},
	mailtest.Helo:     {"220", "EHLO a", "250"},
	mailtest.Auth:     {"220", "EHLO a", "250", "AUTH PLAIN AGJvYgBzZWNyZXQ=", "235"},
	mailtest.AuthStep: {"220", "EHLO a", "250", "AUTH LOGIN", "334", "Ym9i", "334", "c2VjcmV0", "235"},
	mailtest.Mail:     {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250"},
	mailtest.Rcpt:     {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250"},
	mailtest.Data:     {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250", "DATA", "354"},
	mailtest.Body:     {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250", "DATA", "354", "Hi\r\n.", "250"},
	mailtest.Dot:      {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250", "DATA", "354", "Hi\r\n.", "250"},
	mailtest.Bdat:     {"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250", "BDAT 2\r\nHi+", "250"},
	mailtest.Rset:     {"220", "EHLO a", "250", "RSET", "250"},
	mailtest.Noop:     {"220", "EHLO a", "250", "NOOP", "250"},
	mailtest.Vrfy:     {"220", "EHLO a", "250", "VRFY a", "252"},
	mailtest.Help:     {"220", "EHLO a", "250", "HELP", "214"},
	mailtest.Quit:     {"220", "EHLO a", "250", "QUIT", "221"},
	mailtest.Unknown:  {"220", "EHLO a", "250", "FROB", "500"},
	mailtest.StartTLS: {"220", "EHLO a", "250", "STARTTLS", "220"},
	mailtest.XClient:  {"220", "EHLO a", "250", "XCLIENT ADDR=192.0.2.9", "220"},
}

// isDeaf reports whether a func is not called at a stage when all goes well.
func isDeaf(name string, at mailtest.Stage) bool {
	return at == mailtest.Body && name != "When" && name != "Answer"
}

// sendOne sends a message.
func sendOne(srv *mailtest.Server) error {
	conn, err := srv.Dial(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	return raw(conn, append(crashStages[mailtest.Dot], "QUIT", "221")...)
}

// boom is what a test's own mistake looks like.
func boom() { panic("boom") }

func TestCrash(t *testing.T) {
	t.Parallel()
	for name, put := range crashers {
		for at, steps := range crashStages {
			if isDeaf(name, at) {
				continue
			}
			t.Run(fmt.Sprint(name, " at ", at), func(t *testing.T) {
				t.Parallel()
				for _, c := range connections[:2] {
					testCrash(t, c, func(srv *mailtest.Server) { put(srv, at, boom) }, at, steps, "panicked: boom", "mailtest_test.boom(")
				}
			})
		}
	}
}

// testCrash plays a dialogue in which the test's own code crashes, with and without a testing.TB.
func testCrash(t *testing.T, c connect, put func(*mailtest.Server), at mailtest.Stage, steps []string, want ...string) {
	t.Helper()
	prepare := func(srv *mailtest.Server) {
		srv.StartTLS, srv.XClient = true, true
		put(srv)
	}
	play := func(srv *mailtest.Server) {
		conn, err := c.dial(context.Background(), srv)
		if err == nil {
			err = raw(conn, steps...)
			conn.Close()
		}
		if err == nil {
			t.Errorf("%s: the client notices nothing", c.name)
		}
	}
	want = append(want, "session 1, "+at.String())
	check := func(who, got string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %s gets %q, want %q in it", c.name, who, got, w)
			}
		}
	}

	// The server knows its test: it is told at once, with the stack, and the wait that follows ends it.
	tb := new(fakeTB)
	var ending string
	tb.run(func() {
		srv := mailtest.New(tb)
		prepare(srv)
		defer func() {
			srv.Close()
			s := srv.Session(1)
			if ending = s.Ending.String(); len(s.Turns) == 0 || s.Turns[len(s.Turns)-1].Stage != at || s.Turns[len(s.Turns)-1].Reply != "" {
				t.Errorf("%s: the transcript does not end at %v without a reply:\n%v", c.name, at, s)
			}
		}()
		play(srv)
		srv.WaitN(tb, 2)
	})
	if len(tb.errors) != 1 || len(tb.fatal) != 1 {
		t.Fatalf("%s: got errors %q and ends %q, want one each", c.name, tb.errors, tb.fatal)
	}
	check("the test", tb.errors[0])
	if got := tb.fatal[0]; !strings.HasSuffix(got, "(its stack is above)") {
		t.Errorf("%s: the wait ends the test with %q", c.name, got)
	}
	if want := "the server reset the connection, since the test's own code panicked"; ending != want {
		t.Errorf("%s: the session has ended with %q, want %q", c.name, ending, want)
	}

	// Nobody but a wait knows the test.
	srv, tb := &mailtest.Server{}, new(fakeTB)
	prepare(srv)
	play(srv)
	tb.run(func() { srv.Next(tb) })
	if len(tb.fatal) != 1 {
		t.Fatalf("%s: the wait ends the test %d times", c.name, len(tb.fatal))
	}
	check("the wait", tb.fatal[0])
	srv.Close() // is silent

	// Nobody does.
	for who, call := range map[string]func(*mailtest.Server){
		"Close":       (*mailtest.Server).Close,
		"NextContext": func(srv *mailtest.Server) { srv.NextContext(context.Background()) },
	} {
		srv := &mailtest.Server{}
		prepare(srv)
		play(srv)
		var got any
		func() {
			defer func() { got = recover() }()
			call(srv)
		}()
		check(who, fmt.Sprint(got))
		srv.Close() // is silent
		if err := srv.Start(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Start after Close: %v", c.name, err)
		}
	}
}

// FailNow on a connection's goroutine is a mistake that the package testing can't name.
func TestCrashGoexit(t *testing.T) {
	t.Parallel()
	for name, put := range crashers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := mailtest.Dot
			testCrash(t, connections[0], func(srv *mailtest.Server) { put(srv, at, runtime.Goexit) }, at, crashStages[at],
				"ended the goroutine of a connection, as Fatal", "runtime.Goexit(")
		})
	}
}

// A configuration of the caller's own has funcs, too.
func TestCrashTLS(t *testing.T) {
	t.Parallel()
	put := func(srv *mailtest.Server) {
		srv.TLS = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { boom(); return nil, nil }}
	}
	c := connections[2]
	c.dial = func(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
		conn, err := srv.Dial(ctx)
		if err == nil {
			err = raw(conn, "220", "EHLO a", "250", "STARTTLS", "220")
		}
		if err != nil {
			return nil, err
		}
		return conn, tls.Client(conn, srv.ClientTLS()).Handshake()
	}
	testCrash(t, c, put, mailtest.Handshake, []string{"220"}, "panicked: boom", "mailtest_test.boom(")
}

// The rest of the server goes on.
func TestCrashOfOne(t *testing.T) {
	t.Parallel()
	tb := new(fakeTB)
	tb.run(func() {
		srv := mailtest.New(tb)
		srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, Session: 1, When: func(*mailtest.Attempt) bool { boom(); return true }, Reply: "550 no"})
		if err := sendOne(srv); err == nil {
			t.Error("the first client notices nothing")
		}
		if err := sendOne(srv); err != nil {
			t.Error(err)
		}
		if n := len(srv.Messages()); n != 1 {
			t.Errorf("got %d messages, want 1", n)
		}
	})
	if len(tb.errors) != 1 {
		t.Errorf("got errors %q, want one", tb.errors)
	}
}

// A wait that is going on ends at once.
func TestCrashEndsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb, start := new(fakeTB), time.Now()
		tb.run(func() {
			srv := mailtest.New(tb)
			srv.Watch = func(int, int) { boom() }
			time.AfterFunc(time.Second, func() {
				if conn, err := srv.Dial(context.Background()); err == nil {
					raw(conn, "220")
				}
			})
			srv.Next(tb)
		})
		if took := time.Since(start); took != time.Second || len(tb.fatal) != 1 {
			t.Errorf("the wait ended %d times, after %v", len(tb.fatal), took)
		}
	})
}

// A message is there for a wait when its turn is in the transcript and whoever watches has seen it, and
// not before.
func TestWaitAfterWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv, shared := mailtest.New(t), new(mailtest.Inbox)
		watched := false
		srv.Collect = shared
		srv.Watch = func(session, turn int) {
			if srv.Session(session).Turns[turn].Stage == mailtest.Dot {
				if len(srv.Messages()) == 0 {
					t.Error("Watch does not find the message")
				}
				time.Sleep(time.Second)
				watched = true
			}
		}
		for i := range 2 {
			watched = false
			go sendOne(srv)
			if i == 0 {
				srv.Next(t)
			} else {
				srv.WaitOnly(t, 1, time.Millisecond)
			}
			if !watched {
				t.Error("the wait did not wait for Watch")
			}
			if n := len(shared.WaitN(t, 1)); n != 1 {
				t.Errorf("the shared inbox has %d messages", n)
			}
		}
	})
}
