package mailtest_test

// Hostile clients: what came before is kept, memory is bounded, and Close is quick whatever they do.

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/smtp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// hello goes as far as 354 with one write, and has delivered one message before.
const hello = "EHLO client.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nbefore\r\n.\r\n" +
	"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"

// quickly closes the server, which must not take longer than a hundred timers of 10 ms, one after the other: a second, and as much more
// as timers are late on a busy machine, since those of Close are late there too.
func quickly(t *testing.T, srv *mailtest.Server) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		srv.Close()
	}()
	for range 100 {
		select {
		case <-closed:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("Close took more than a second")
	<-closed
}

// Whatever a client is doing, or not doing, Close ends it, and the message before it is there.
func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	flood := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			for chunk := []byte(strings.Repeat(text, 4096/len(text)+1)); ; {
				if _, err := c.Write(chunk); err != nil {
					return
				}
			}
		}
	}
	attacks := []struct {
		name string
		then func(net.Conn) // after hello
	}{
		{"says nothing more", func(net.Conn) {}},
		{"endless header", flood("X-Endless: header\r\n")},
		{"endless line of a message", flood("x")},
		{"endless commands, never reads", func(c net.Conn) { c.Write([]byte(".\r\n")); flood("NOOP\r\n")(c) }},
		{"endless EHLO, never reads", func(c net.Conn) { c.Write([]byte(".\r\n")); flood("EHLO x\r\n")(c) }},
		{"endless command line", func(c net.Conn) { c.Write([]byte(".\r\n")); flood("x")(c) }},
		{"endless chunk", func(c net.Conn) {
			c.Write([]byte(".\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\nBDAT 9223372036854775807\r\n"))
			flood("x")(c)
		}},
		{"endless AUTH", func(c net.Conn) { c.Write([]byte(".\r\nAUTH PLAIN\r\n")); flood("x")(c) }},
		{"half-closed", func(c net.Conn) {
			if w, ok := c.(interface{ CloseWrite() error }); ok {
				w.CloseWrite()
			}
		}},
	}
	for _, attack := range attacks {
		for _, c := range connections {
			t.Run(attack.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				srv := mailtest.New(t)
				srv.ImplicitTLS = c.implicit
				conn, err := c.dial(t.Context(), srv)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := conn.Write([]byte(hello)); err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				wg.Go(func() { attack.then(conn) })
				if m := srv.Next(t); string(m.Raw) != "before\r\n" {
					t.Errorf("got %q, want what came before", m.Raw)
				}
				quickly(t, srv)
				conn.Close()
				wg.Wait()
				if s := srv.Sessions()[0]; s.End.IsZero() || len(s.Messages) == 0 {
					t.Errorf("got the transcript\n%swant one that has ended, with a message", s)
				}
			})
		}
	}
}

// Garbage where TLS should begin ends the connection; silence there doesn't keep Close waiting.
func TestTLSGarbage(t *testing.T) {
	t.Parallel()
	for name, garbage := range map[string]string{
		"SMTP": "EHLO client.example\r\n", "nothing": "", "half a record": "\x16\x03\x01\x02\x00\x01", "zeros": strings.Repeat("\x00", 1000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			srv.ImplicitTLS = true
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			io.WriteString(conn, garbage)
			if name == "SMTP" || name == "zeros" {
				io.Copy(io.Discard, conn) // the server ends it
			} else { // others are served
				other, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				c, err := smtp.NewClient(tls.Client(other, srv.ClientTLS()), "localhost")
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
			}
			quickly(t, srv)
			if s := srv.Sessions()[0]; s.Turns[0].Stage != mailtest.Handshake || s.TLS != nil {
				t.Errorf("got the transcript\n%swant a handshake that failed", s)
			}
		})
	}
}

// Every byte as the beginning of a command, in the middle, and alone: an answer for each line, and
// service goes on.
func TestAllBytesAsCommands(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var script bytes.Buffer
	lines := 0
	for i := range 256 {
		if i == '\n' {
			continue
		}
		fmt.Fprintf(&script, "%c\r\nMA%[1]cL\r\nNOOP %[1]c\r\n", i)
		script.WriteByte(byte(i))
		script.WriteString("\r\n")
		lines += 4
	}
	script.WriteString("QUIT\r\n")
	go conn.Write(script.Bytes())
	answers, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(answers), "\r\n"), "\r\n")
	if len(got) != lines+2 || got[len(got)-1] != "221 2.0.0 Bye" {
		t.Errorf("got %d answers, the last %q, want %d", len(got), got[len(got)-1], lines+2)
	}
}

// A message of 200 MiB, or of 100 without -large, is refused at its end, and hardly any of it is kept. The test runs alone,
// since the heap of others would count.
func TestHugeMessage(t *testing.T) {
	if testing.Short() {
		t.Skip("100 MiB")
	}
	size := 100 << 20
	switch {
	case mailtest.RaceEnabled:
		size = 20 << 20
	case *large:
		size = 200 << 20
	}
	for _, how := range []string{"DATA", "BDAT"} {
		t.Run(how, func(t *testing.T) {
			srv := mailtest.New(t)
			srv.MaxSize = 1 << 20
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() {
				line := []byte(strings.Repeat("x", 64<<10-2) + "\r\n")
				io.WriteString(conn, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<c@d.example>\r\n")
				if how == "DATA" {
					io.WriteString(conn, "DATA\r\n")
				} else {
					fmt.Fprintf(conn, "BDAT %d LAST\r\n", size)
				}
				for range size / len(line) {
					conn.Write(line)
				}
				if how == "DATA" {
					io.WriteString(conn, ".\r\n")
				}
				io.WriteString(conn, "QUIT\r\n")
			}()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			answers, err := io.ReadAll(conn)
			runtime.GC()
			runtime.ReadMemStats(&after)
			if err != nil || !bytes.Contains(answers, []byte("\r\n552 5.3.4 ")) {
				t.Errorf("got %.500q, %v, want 552", answers, err)
			}
			kept := 0
			for _, turn := range srv.Sessions()[0].Turns {
				kept += len(turn.Payload)
			}
			if kept > 64<<10 || len(srv.Messages()) != 0 {
				t.Errorf("%d bytes of the message were kept, want at most 64 KiB", kept)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
				t.Errorf("the heap has grown by %d bytes", grown)
			}
		})
	}
}

// Many connections at once that do nothing, and one that does.
func TestConnectionFlood(t *testing.T) {
	t.Parallel()
	const flood = 200
	machine.NeedFiles(t, 3*flood)
	srv := mailtest.New(t)
	for range flood {
		conn, err := net.Dial("tcp", srv.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	for range flood {
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	send(t, srv, "a@b.example", "c@d.example", "x")
	srv.Next(t)
	quickly(t, srv)
	if got := len(srv.Sessions()); got <= flood {
		t.Errorf("got %d sessions, want more than %d", got, flood)
	}
}

// Close at any moment of many conversations: no crash, nothing left behind.
func TestCloseAnyTime(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		srv := &mailtest.Server{ImplicitTLS: i%2 == 0, TLS: quickTLS()}
		var wg sync.WaitGroup
		for client := range 4 {
			wg.Go(func() {
				for range 50 {
					conn, err := srv.Dial(context.Background())
					if err != nil {
						return
					}
					if srv.ImplicitTLS {
						conn = tls.Client(conn, clientTLS(srv))
					}
					conn.Write([]byte(hello + ".\r\nQUIT\r\n"))
					if client%2 == 0 {
						io.Copy(io.Discard, conn) // the others leave at once
					}
					conn.Close()
				}
			})
		}
		for range i % 5 {
			srv.NextContext(t.Context())
		}
		srv.Close()
		wg.Wait()
		for _, s := range srv.Sessions() {
			if s.End.IsZero() {
				t.Fatalf("got a session that has not ended:\n%s", s)
			}
		}
	}
}

// Reset forgets none of the sessions that go on, whenever others end, and their transcripts are whole.
func TestResetAnyTime(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	kept, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	var clients, resets sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		clients.Go(func() {
			for range 50 {
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				conn.Write([]byte(hello + ".\r\nQUIT\r\n"))
				io.Copy(io.Discard, conn)
				conn.Close()
			}
		})
	}
	resets.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				srv.Reset()
				if s := srv.Sessions(); len(s) == 0 || s[0].Number != 1 || !s[0].End.IsZero() {
					t.Errorf("got %d sessions after Reset, want the first to be number 1, which is open", len(s))
					return
				}
			}
		}
	})
	clients.Wait()
	close(done)
	resets.Wait()
	kept.Write([]byte("QUIT\r\n"))
	got, err := io.ReadAll(kept)
	if err != nil {
		t.Fatal(err)
	}
	transcript := ""
	for _, turn := range srv.WaitSession(t, 1).Turns {
		transcript += turn.Reply
	}
	if transcript != string(got) {
		t.Errorf("the transcript has the replies %q, the client has read %q", transcript, got)
	}
}

// What a client reads is what the transcript has, also where replies are longer than most.
func TestRepliesInTranscript(t *testing.T) {
	t.Parallel()
	var long []string
	for i := range 30 {
		long = append(long, fmt.Sprintf("X-%d %s", i, strings.Repeat("x", 10*i)))
	}
	srv := mailtest.New(t)
	srv.Name = strings.Repeat("mx.", 70) + "example"
	srv.Users = map[string]string{"bob": "secret"}
	srv.AddRules(mailtest.Rule{At: mailtest.Helo, Skip: 1, Times: 1, Add: long})
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	transaction := "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nFOO\r\nRCPT TO:<>\r\nDATA\r\nx\r\n.\r\n"
	go func() {
		io.WriteString(conn, "EHLO a\r\nEHLO b\r\nEHLO c\r\nAUTH CRAM-MD5\r\n*\r\nAUTH PLAIN AGJvYgBzZWNyZXQ=\r\n"+
			transaction+"HELO d\r\n"+transaction+"EHLO\r\nVRFY x\r\nQUIT\r\n")
	}()
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	s := srv.WaitSession(t, 1)
	transcript := ""
	for _, turn := range s.Turns {
		transcript += turn.Reply
		if code := turn.Code(); code == 0 || !strings.HasSuffix(turn.Reply, "\r\n") {
			t.Errorf("got the turn %q, want a whole reply", turn)
		}
	}
	if transcript != string(got) {
		t.Errorf("the transcript has the replies\n%s\nthe client has read\n%s", transcript, got)
	}
	if n := len(s.Messages); n != 2 || !strings.Contains(transcript, long[29]) {
		t.Errorf("got %d messages, want 2, and the longest reply:\n%s", n, s)
	}
}

// stuck is a listener whose Accept does not notice that it was closed.
type stuck struct {
	net.Listener
	free chan struct{}
}

func (l stuck) Accept() (net.Conn, error) { <-l.free; return nil, net.ErrClosed }
func (l stuck) Close() error              { return nil }
func (l stuck) Addr() net.Addr            { return &net.TCPAddr{} }

// A Close that does not come to an end says what it waits for. It writes to the log of the process,
// so this test is not parallel.
func TestStuckClose(t *testing.T) {
	var text strings.Builder
	defer log.SetOutput(log.Writer())
	log.SetOutput(&text)
	synctest.Test(t, func(t *testing.T) {
		var srv mailtest.Server
		l := stuck{free: make(chan struct{})}
		go srv.Serve(l)
		synctest.Wait()
		time.AfterFunc(time.Minute, func() { close(l.free) })
		srv.Close()
	})
	if got, want := text.String(), "waits for 0 connections and for Accept of 1 listener\n"; !strings.HasSuffix(got, want) {
		t.Errorf("the log has %q, want %q at its end", got, want)
	}
}

// Close again, Close before anything, and use after Close.
func TestClosed(t *testing.T) {
	t.Parallel()
	var srv mailtest.Server
	srv.Close()
	srv.Close()
	if err := srv.Start(); err == nil {
		t.Error("Start: got no error")
	}
	near, far := net.Pipe()
	srv.ServeConn(far)
	if _, err := near.Read(make([]byte, 1)); err == nil {
		t.Error("ServeConn: got no error")
	}
	defer func() {
		if recover() == nil {
			t.Error("Addr: got no panic")
		}
	}()
	srv.Addr()
}
