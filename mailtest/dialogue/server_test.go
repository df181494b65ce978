package dialogue_test

// Tests of the server.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/internal/wildcard"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// both plays both sides of a script against each other, in memory.
func both(client, server string) (played, served error) {
	cert, err := testca.Certificate("localhost")
	if err != nil {
		return err, err
	}
	a, b := memnet.Pipe(&net.TCPAddr{Port: 1}, &net.TCPAddr{Port: 2})
	done := make(chan error)
	go func() {
		p := dialogue.Player{Conn: b, TLS: &tls.Config{Certificates: []tls.Certificate{*cert}}, Exact: true}
		done <- p.Serve(server)
	}()
	p := dialogue.Player{Conn: a, TLS: &tls.Config{RootCAs: testca.Pool(), ServerName: "localhost"}, Exact: true}
	played = p.Play(client)
	p.Conn.Close()
	return played, <-done
}

// What was recorded on a connection comes true from both sides.
func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/dialogs/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d dialogues, %v", len(files), err)
	}
	replayed := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		plain := true
		for line := range strings.Lines(string(text)) {
			if setting, ok := strings.CutPrefix(line, "server "); ok {
				plain = plain && (setting == "plain\n" || setting == "virtual\n")
			} else if !strings.HasPrefix(line, "= ") {
				script.WriteString(line)
			}
		}
		if !plain {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := (&dialogue.Player{Conn: conn, TLS: srv.ClientTLS()}).Play(script.String()); err != nil {
					t.Fatal(err)
				}
				conn.Close()
				synctest.Wait()
				srv.Close()
				recorded := dialogue.Of(srv.Sessions()[0])
				if played, served := both(recorded, recorded); played != nil || served != nil {
					t.Errorf("the client: %v\nthe server: %v\n%s", played, served, recorded)
				}
				replayed++
			})
		})
	}
	if replayed < 20 {
		t.Errorf("%d dialogues were replayed, want 20 or more", replayed)
	}
}

// What the client does not do is an error of the server that says where, and what came instead.
func TestServeErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, client, server, want string }{
		{"all as it should be", "s <- 220 x\nc -> QUIT\ns <- 221 Bye", "s <- 220 x", "<nil>"},
		{"a client that just closes", "s <- 220 x\nc !! close", "s <- 220 x", "<nil>"},
		{"a client that goes on", "s <- 220 x\nc -> NOOP\ns !! close", "s <- 220 x", `at its end: got "NOOP"`},
		{"a client that stays", "s <- 220 x\nc .. 1h", "s <- 220 x", "at its end: the client neither says QUIT nor closes: *"},
		{"another line", "c -> HELO x", "c -> EHLO *", `line 1: c -> EHLO *: got "HELO x"`},
		{"a pattern", "c -> MAIL FROM:<a@b.example> SIZE=1\nc => x*y", "c -> MAIL FROM:<*>*\nc => x*y", "<nil>"},
		{"a star that is one", "c -> a*b", "c -> a\\x2ab", "<nil>"},
		{"a star that is none", "c -> axb", "c -> a\\x2ab", `line 1: c -> a\x2ab: got "axb"`},
		{"a bare LF", "c => NOOP\\n", "c -> NOOP", `line 1: c -> NOOP: got "NOOP\n"`},
		{"other bytes", "c => abd", "c => abc", `line 1: c => abc: got "abd"`},
		{"too few", "c x2 -> a\nc !! close", "c x3 -> a", `line 1: c x3 -> a: got "" and EOF`},
		{"a message", "c -> Subject: x\nc -> \nc -> .\ns <- 250 ok", "c ~> .\ns <- 250 ok", "<nil>"},
		{"a message without an end", "c -> Subject: x\nc !! close", "c ~> .\ns <- 250 ok", `line 1: c ~> .: got "" and EOF`},
		{"only the end of a message", "c ~> .\ns <- 250 ok", "c -> .\ns <- 250 ok", "<nil>"},
		{"too early", "c .. 1m\nc -> NOOP", "c .. 5m\nc -> NOOP", `line 2: c -> NOOP: "NOOP" came after 1m0s, not after 5m0s`},
		{"too late", "c .. 305s\nc -> NOOP", "c .. 5m\nc -> NOOP", `line 2: c -> NOOP: it came after 5m5s, not after 5m0s`},
		{"a pause", "s <- 220 x\ns .. 5m\ns <- 421 x\ns !! close", "s <- 220 x\ns .. 5m\ns <- 421 x\ns !! close", "<nil>"},
		{"reset", "s <- 220 x\ns !! reset", "s <- 220 x\ns !! reset", "<nil>"},
		{"the client resets", "s <- 220 x\nc !! reset", "s <- 220 x\nc !! reset", "<nil>"},
		{"the client closes in place of a reset", "s <- 220 x\nc !! close", "s <- 220 x\nc !! reset", `line 2: c !! reset: got "" and EOF`},
		{"half a connection", "c -> QUIT\nc !! closewrite\ns <- 221 x\ns !! close", "c -> QUIT\nc !! closewrite\ns <- 221 x\ns !! close", "<nil>"},
		{"cut in the middle of a message", "c -> DATA\ns <- 354 x\nc -> Subject: x\ns !! close", "c -> DATA\ns <- 354 x\nc -> Subject: x\ns !! close", "<nil>"},
		{"TLS", "c -> STARTTLS\ns <- 220 x\nc !! starttls\nc -> EHLO x\ns <- 250 x\ns !! cut", "c -> STARTTLS\ns <- 220 x\nc !! starttls\nc -> EHLO x\ns <- 250 x\ns !! cut", "<nil>"},
		{"TLS at once, and close_notify", "c !! starttls\ns <- 220 x\ns !! close", "c !! starttls\ns <- 220 x\ns !! close", "<nil>"},
		{"any number of lines", "s <~ 250 ok", "s <- 250-a\ns <- 250-b\ns <~ 250 ok", "<nil>"},
		{"a wrong script", "", "s -> x", `line 1: "->" is not one of *`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				played, served := both(test.client, test.server)
				got := strings.TrimPrefix(fmt.Sprint(served), "dialogue: ")
				if !wildcard.Match(test.want, got) {
					t.Errorf("the server: %s\nwant %s", got, test.want)
				}
				if test.want == "<nil>" && played != nil {
					t.Errorf("the client: %v", played)
				}
			})
		})
	}
}

// errorTB is a test that only notes its errors.
type errorTB struct {
	testing.TB
	errs     []string
	cleanups []func()
}

func (e *errorTB) Helper()           {}
func (e *errorTB) Error(args ...any) { e.errs = append(e.errs, fmt.Sprint(args...)) }
func (e *errorTB) Cleanup(f func())  { e.cleanups = append(e.cleanups, f) }
func (e *errorTB) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

const polite = "s <- 220 x\nc -> EHLO localhost\ns <- 250 x\n"

// A server plays one script for each connection, on its port, in memory, and on another listener.
func TestServer(t *testing.T) {
	t.Parallel()
	srv := dialogue.NewServer(t, polite, polite, polite)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.Serve(other) }()
	for _, dial := range []func() (net.Conn, error){
		func() (net.Conn, error) { return net.Dial("tcp", srv.Addr()) },
		func() (net.Conn, error) { return srv.Dial(t.Context(), "tcp", "mx1.qq.com:25") },
		func() (net.Conn, error) { return net.Dial("tcp", other.Addr().String()) },
	} {
		conn, err := dial()
		if err != nil {
			t.Fatal(err)
		}
		client, err := smtp.NewClient(conn, "x")
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Hello("localhost"); err != nil {
			t.Error(err)
		}
		if err := client.Quit(); err != nil {
			t.Error(err)
		}
	}
	other.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if _, err := srv.Dial(context.Background(), "tcp", "x:25"); !errors.Is(err, net.ErrClosed) && err == nil {
		t.Errorf("Dial after Close: %v, want an error", err)
	}
}

// What does not come true is an error of the test; a client that stays is cut off.
func TestServerErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb := &errorTB{TB: t}
		srv := dialogue.NewServer(tb, polite, "s .. 24h\ns <- 220 x", "s <- 220 never\n")
		first, err := srv.Dial(t.Context(), "tcp", "x:25")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(first, "HELO localhost\r\n")
		io.Copy(io.Discard, first)
		first.Close()
		second, err := srv.Dial(t.Context(), "tcp", "x:25")
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		synctest.Wait()
		start := time.Now()
		for _, f := range tb.cleanups {
			f()
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("Close takes %v", d)
		}
		want := `script 1: dialogue: line 2: c -> EHLO localhost: got "HELO localhost"
script 2: dialogue: line 1: s .. 24h0m0s: use of closed network connection
dialogue: script 3 was not played: the number of connections was 2`
		if got := strings.Join(tb.errs, "\n"); got != want {
			t.Errorf("errors:\n%s\nwant\n%s", got, want)
		}
	})
	srv := &dialogue.Server{}
	conn, err := net.Dial("tcp", srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, conn)
	conn.Close()
	if err := srv.Close(); err == nil || !strings.Contains(err.Error(), "and there are 0 scripts") {
		t.Errorf("a connection without a script: %v", err)
	}
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, `script 1: dialogue: line 1: a line begins with`) {
			t.Errorf("a wrong script: %s", text)
		}
	}()
	dialogue.NewServer(&errorTB{TB: t}, "220 x")
}
