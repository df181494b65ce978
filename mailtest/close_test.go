package mailtest_test

// The end of a server does not break the program under test.

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// quitters send one message and say QUIT; their error is about both, as that of [smtp.SendMail] is.
var quitters = []client{
	{"net/smtp", func(conn net.Conn, from, to string) error {
		c, err := smtp.NewClient(conn, "localhost")
		if err != nil {
			return err
		}
		defer c.Close()
		return errors.Join(deliver(c, from, to, clientMessage), c.Quit())
	}},
	{"go-smtp", func(conn net.Conn, from, to string) error {
		c := gosmtp.NewClient(conn)
		defer c.Close()
		return errors.Join(c.SendMail(from, []string{to}, strings.NewReader(clientMessage)), c.Quit())
	}},
	{"go-smtp LMTP", func(conn net.Conn, from, to string) error {
		c := gosmtp.NewClientLMTP(conn)
		defer c.Close()
		return errors.Join(c.SendMail(from, []string{to, to}, strings.NewReader(clientMessage)), c.Quit())
	}},
	{"chunks", func(conn net.Conn, from, to string) error {
		defer conn.Close()
		return raw(conn, "220", "EHLO a", "250", "MAIL FROM:<"+from+">", "250", "RCPT TO:<"+to+">", "250", "BDAT 4 LAST\r\nHi", "250", "QUIT", "221")
	}},
}

// raw wants replies and says lines, in turn. A line with a plus at its end is not ended.
func raw(conn net.Conn, steps ...string) error {
	r := bufio.NewReader(conn)
	for i, step := range steps {
		if i%2 == 1 {
			if line, part := strings.CutSuffix(step, "+"); !part {
				step = line + "\r\n"
			} else {
				step = line
			}
			if _, err := io.WriteString(conn, step); err != nil {
				return err
			}
			continue
		}
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return fmt.Errorf("want %s: %w", step, err)
			}
			if !strings.HasPrefix(line, step) {
				return fmt.Errorf("got %q, want %s", line, step)
			}
			if line[3] == ' ' {
				break
			}
		}
	}
	return nil
}

// TestCloseAfterMessage ends the test as soon as the message is there, again and again: the sender is told that all
// went well, whichever is faster. Time is virtual, also on real sockets, so no sender is too slow with QUIT.
func TestCloseAfterMessage(t *testing.T) {
	t.Parallel()
	times := 25
	if *large || mailtest.RaceEnabled {
		times = 100
	}
	ways := append(connections[:len(connections):len(connections)], connect{"STARTTLS", true, true, startTLSDial})
	for _, q := range quitters {
		for _, way := range ways {
			if strings.HasPrefix(way.name, "loopback") {
				way.dial = socketDial
			}
			t.Run(q.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { closeAfterMessage(t, q, way, times) })
			})
		}
	}
}

func closeAfterMessage(t *testing.T, q client, way connect, times int) {
	var senders sync.WaitGroup
	failed := make(chan error, times)
	for range cap(failed) {
		srv := &mailtest.Server{LMTP: strings.HasSuffix(q.name, "LMTP"), StartTLS: way.name == "STARTTLS", TLS: quickTLS()}
		srv.ImplicitTLS = way.tls && !srv.StartTLS
		conn, err := way.dial(t.Context(), srv)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		senders.Go(func() {
			err := q.send(conn, "alice@a.example", "bob@qq.com")
			cancel(err)
			failed <- err
		})
		if _, err := srv.NextContext(ctx); err != nil && len(srv.Messages()) == 0 {
			t.Fatal(err)
		}
		srv.Close()
	}
	senders.Wait()
	close(failed)
	count := 0
	for err := range failed {
		if err != nil {
			if count++; count == 1 {
				t.Error(err)
			}
		}
	}
	if count > 0 {
		t.Errorf("%d of %d senders were told of an error, want 0", count, cap(failed))
	}
}

// socketDial connects by a socket to a server in a bubble. Goroutines that wait for a socket stop the clock there.
func socketDial(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	go srv.Serve(virtualListener{l})
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err == nil && srv.ImplicitTLS {
		conn = tls.Client(conn, clientTLS(srv))
	}
	return conn, err
}

// virtualListener accepts sockets whose read deadlines are in the virtual time of a bubble.
type virtualListener struct{ net.Listener }

func (l virtualListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &virtualSocket{Conn: conn, expiry: time.AfterFunc(time.Hour, func() { conn.SetReadDeadline(time.Unix(1, 0)) })}, nil
}

type virtualSocket struct {
	net.Conn
	expiry *time.Timer
}

func (s *virtualSocket) SetReadDeadline(t time.Time) error {
	s.expiry.Stop()
	left := time.Until(t)
	if !t.IsZero() && left > 0 {
		s.expiry.Reset(left)
		t = time.Time{}
	}
	return s.Conn.SetReadDeadline(t)
}

func (s *virtualSocket) SetWriteDeadline(time.Time) error { return nil }

func (s *virtualSocket) Close() error {
	s.expiry.Stop()
	return s.Conn.Close()
}

// startTLSDial dials in memory and says STARTTLS, so that the client begins with EHLO within TLS.
func startTLSDial(ctx context.Context, srv *mailtest.Server) (net.Conn, error) {
	conn, err := srv.Dial(ctx)
	if err != nil {
		return nil, err
	}
	hello := "EHLO a"
	if srv.LMTP {
		hello = "LHLO a"
	}
	if err := raw(conn, "220", hello, "250", "STARTTLS", "220"); err != nil {
		return nil, err
	}
	return &greeted{Conn: tls.Client(conn, clientTLS(srv)), greeting: strings.NewReader("220 as before STARTTLS\r\n")}, nil
}

// greeted is a connection for a client that waits for a greeting where there is none.
type greeted struct {
	net.Conn
	greeting *strings.Reader
}

func (g *greeted) Read(p []byte) (int, error) {
	if g.greeting.Len() > 0 {
		return g.greeting.Read(p)
	}
	return g.Conn.Read(p)
}

// TestCloseTold has clients at every point of a dialogue when the server ends. Time is virtual: what is
// waited for is seen to the millisecond.
func TestCloseTold(t *testing.T) {
	t.Parallel()
	const (
		told   = "421 4.3.2 Service shutting down, closing connection\r\n"
		ending = "the server was closed (421 4.3.2)"
	)
	sent := []string{"220", "EHLO a", "250", "MAIL FROM:<a@b.example>", "250", "RCPT TO:<bob@qq.com>", "250", "DATA", "354", "Hi\r\n.", "250"}
	for _, row := range []struct {
		name   string
		rules  []mailtest.Rule
		steps  []string
		idle   time.Duration // before Close
		then   string        // said at Close
		want   string        // heard from then on
		ending string
		takes  time.Duration // that Close takes
	}{
		{"greeted", nil, []string{"220"}, 0, "", told, ending, 0},
		{"EHLO", nil, []string{"220", "EHLO a", "250"}, 0, "", told, ending, 0},
		{"in a line", nil, []string{"220", "NO+"}, 0, "", told, ending, 0},
		{"in AUTH", nil, []string{"220", "EHLO a", "250", "AUTH LOGIN", "334"}, 0, "", told, ending, 0},
		{"RCPT", nil, sent[:7], 0, "", told, ending, 0},
		{"in a message", nil, append(sent[:9:9], "Hi"), 0, "", told, ending, 0},
		{"told 250", nil, sent, 0, "QUIT\r\n", "221 2.0.0 Bye\r\n", "QUIT", 0},
		{"told 250, QUIT in pieces", nil, append(sent[:len(sent):len(sent)], "QU+"), 100 * time.Millisecond, "", told, ending, 150 * time.Millisecond},
		{"told 250 and silent", nil, sent, 0, "", told, ending, 250 * time.Millisecond},
		{"told 250 a while ago", nil, sent, 200 * time.Millisecond, "", told, ending, 50 * time.Millisecond},
		{"told 250 long ago", nil, sent, time.Second, "", told, ending, 0},
		{"told 250, then another command", nil, append(sent[:len(sent):len(sent)], "MAIL FROM:<c@d.example>", "250"), 0, "", told, ending, 0},
		{"told 250, then RSET", nil, append(sent[:len(sent):len(sent)], "RSET", "250"), 50 * time.Millisecond, "", told, ending, 200 * time.Millisecond},
		{"told 250, then RSET, NOOP and QUIT", nil, append(sent[:len(sent):len(sent)], "NOOP", "250"), 0, "RSET\r\nNOOP\r\nQUIT\r\n",
			"250 2.0.0 Reset\r\n250 2.0.0 OK\r\n221 2.0.0 Bye\r\n", "QUIT", 0},
		{"RSET without a message", nil, append(sent[:7:7], "RSET", "250"), 0, "NOOP\r\n", told, ending, 0},
		{"told 250, and goes on", nil, sent, 0, "MAIL FROM:<c@d.example>\r\n", told, ending, 0},
		{"told 550", []mailtest.Rule{{At: mailtest.Dot, Reply: "550 5.7.1 No"}}, append(sent[:10:10], "550"), 0, "", told, ending, 0},
		{"waiting for a delayed reply", []mailtest.Rule{{At: mailtest.Helo, Delay: time.Hour}}, []string{"220", "EHLO a"}, time.Minute, "", told, ending, 0},
		{"waiting for a delayed greeting", []mailtest.Rule{{At: mailtest.Greeting, Delay: time.Hour}}, nil, time.Minute, "", told, ending, 0},
		{"in the middle of a slow reply", []mailtest.Rule{{At: mailtest.Noop, Reply: "250 2.0.0 Slow", Pace: time.Minute}}, []string{"220", "NOOP"},
			150 * time.Second, "", "250 2.0.0 Slow\r\n" + told, ending, 0},
		{"silent by a rule", []mailtest.Rule{{At: mailtest.Noop, Drop: mailtest.Silence}}, []string{"220", "NOOP"}, time.Minute, "", "",
			"the server fell silent", 0},
	} {
		for _, way := range connections {
			if !strings.HasPrefix(way.name, "memory") {
				continue
			}
			t.Run(row.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var watched []string
					srv := &mailtest.Server{ImplicitTLS: way.tls}
					srv.Watch = func(_, turn int) { watched = append(watched, fmt.Sprint(turn)) }
					srv.AddRules(row.rules...)
					conn, err := way.dial(t.Context(), srv)
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					if err := raw(conn, row.steps...); err != nil {
						t.Fatal(err)
					}
					if row.steps == nil && way.tls {
						go conn.(*tls.Conn).Handshake()
					}
					heard := make(chan string)
					go func() {
						text, _ := io.ReadAll(conn)
						heard <- string(text)
					}()
					time.Sleep(row.idle)
					synctest.Wait()
					start := time.Now()
					if row.then != "" {
						go io.WriteString(conn, row.then)
					}
					srv.Close()
					if got := time.Since(start); got != row.takes {
						t.Errorf("Close takes %v, want %v", got, row.takes)
					}
					if got := <-heard; got != row.want {
						t.Errorf("the client hears %q, want %q", got, row.want)
					}
					s := srv.Sessions()[0]
					if s.Ending.String() != row.ending {
						t.Errorf("ending = %q, want %q", s.Ending, row.ending)
					}
					for _, turn := range s.Turns {
						if strings.HasPrefix(turn.Reply, "421") {
							t.Errorf("the 421 of Close is a turn: %+v", turn)
						}
					}
					if len(watched) != len(s.Turns) {
						t.Errorf("Watch saw %d turns of %d", len(watched), len(s.Turns))
					}
				})
			})
		}
	}
}

// TestCloseNotify ends TLS as TLS has it: an end without close_notify would be an unexpected EOF.
func TestCloseNotify(t *testing.T) {
	t.Parallel()
	for _, way := range connections {
		if !way.tls {
			continue
		}
		srv := &mailtest.Server{ImplicitTLS: true}
		conn, err := way.dial(t.Context(), srv)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := raw(conn, "220"); err != nil {
			t.Fatal(err)
		}
		srv.Close()
		text, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(text), "421 4.3.2 ") {
			t.Errorf("%s: heard %q, %v, want 421 and close_notify", way.name, text, err)
		}
	}
}

// TestCloseBounded has clients that never read and never end. Close waits for them for less than a
// second, which is measured where time is virtual.
func TestCloseBounded(t *testing.T) {
	t.Parallel()
	for _, way := range connections {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(way.name, "memory") {
				synctest.Test(t, func(t *testing.T) {
					if took := closeBounded(t, way); took >= time.Second {
						t.Errorf("Close takes %v, want less than a second", took)
					}
				})
				return
			}
			machine.NeedFiles(t, 150)
			closeBounded(t, way)
		})
	}
}

// closeBounded returns how long Close takes.
func closeBounded(t *testing.T, way connect) time.Duration {
	srv := &mailtest.Server{ImplicitTLS: way.tls, TLS: quickTLS()}
	srv.AddRules(mailtest.Rule{At: mailtest.Noop, Reply: "250-" + strings.Repeat("x", 1000), Endless: true})
	for i := range 50 {
		conn, err := way.dial(t.Context(), srv)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if way.tls {
			if err := conn.(*tls.Conn).Handshake(); err != nil {
				t.Fatal(err)
			}
		}
		if i%2 == 0 {
			io.WriteString(conn, "NOOP\r\n")
		}
	}
	start := time.Now()
	srv.Close() // or the test hangs
	return time.Since(start)
}
