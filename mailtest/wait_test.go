package mailtest_test

// Waits: what they return, when they give up, and what they say then.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/golden"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// compareFailure compares the text of a failure with a file in testdata/failures.
func compareFailure(t *testing.T, name, got string) {
	t.Helper()
	golden.Compare(t, filepath.Join("testdata", "failures", name+".txt"), got+"\n")
}

func TestFailureTexts(t *testing.T) {
	t.Parallel()
	subject := func(s string) func(*mailtest.Message) bool {
		return func(m *mailtest.Message) bool { return m.Subject == s }
	}
	// busy makes a server see this and that.
	busy := func(t *testing.T, srv *mailtest.Server) {
		srv.AddRules(mailtest.Rule{At: mailtest.Rcpt, To: "bob@qq.com", Reply: "550 5.1.1 No such user"})
		send(t, srv, "shop@b.example", "ann@qq.com,eve@qq.com", "Welcome")
		send(t, srv, "shop@b.example", "ann@qq.com", "你好")
		for _, lines := range []string{
			"EHLO shop.example\r\nMAIL FROM:<shop@b.example>\r\nRCPT TO:<bob@qq.com>\r\nQUIT\r\n",
			"EHLO shop.example\r\nAUTH PLAIN AGJvYgBzZWNyZXQ=\r\n",
			"EHLO shop.example\r\nMAIL FROM:<shop@b.example>\r\nRCPT TO:<ann@qq.com>\r\nDATA\r\nSubject: x\r\n",
			"",
		} {
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			conn.Write([]byte(lines))
			synctest.Wait()
		}
	}
	tests := []struct {
		name string
		wait func(*fakeTB, *mailtest.Server)
	}{
		{"next", func(tb *fakeTB, srv *mailtest.Server) { srv.WaitN(tb, 2); srv.Next(tb) }},
		{"waitfor", func(tb *fakeTB, srv *mailtest.Server) { srv.Next(tb); srv.WaitFor(tb, subject("Receipt")) }},
		{"waitn", func(tb *fakeTB, srv *mailtest.Server) { srv.WaitN(tb, 3) }},
		{"waitonly_more", func(tb *fakeTB, srv *mailtest.Server) { srv.WaitOnly(tb, 1, time.Second) }},
		{"waitonly_fewer", func(tb *fakeTB, srv *mailtest.Server) { srv.WaitOnly(tb, 3, time.Second) }},
		{"closed", func(tb *fakeTB, srv *mailtest.Server) { srv.Close(); srv.WaitFor(tb, subject("Receipt")) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tb := &fakeTB{}
				tb.run(func() {
					srv := mailtest.New(tb)
					busy(t, srv)
					test.wait(tb, srv)
				})
				if len(tb.fatal) != 1 || len(tb.logs) != 1 {
					t.Fatalf("got %d calls of Fatal and %d of Log, want 1 and 1", len(tb.fatal), len(tb.logs))
				}
				compareFailure(t, test.name, tb.fatal[0])
				if test.name == "next" {
					compareFailure(t, "report", tb.logs[0])
				}
			})
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			tb := &fakeTB{}
			tb.run(func() { mailtest.New(tb).Next(tb) })
			compareFailure(t, "nothing", strings.Join(append(tb.fatal, tb.logs...), "\n\n"))
		})
	})
}

// A test that passes hears nothing.
func TestSilent(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	tb.run(func() {
		srv := mailtest.New(tb)
		send(t, srv, "a@b.example", "c@d.example", "x")
		srv.Next(tb)
	})
	if len(tb.fatal)+len(tb.logs) != 0 {
		t.Errorf("got Fatal %q and Log %q, want nothing", tb.fatal, tb.logs)
	}
}

func TestPatience(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := []struct {
		name     string
		patience time.Duration
		tb       func(t *testing.T) testing.TB
		want     time.Duration
	}{
		{"default", 0, func(*testing.T) testing.TB { return &fakeTB{} }, 10 * time.Second},
		{"own", time.Hour, func(*testing.T) testing.TB { return &fakeTB{} }, time.Hour},
		{"far deadline", 0, func(*testing.T) testing.TB { return &deadlineTB{end: time.Now().Add(day)} }, 10 * time.Second},
		{"near deadline", 0, func(*testing.T) testing.TB { return &deadlineTB{end: time.Now().Add(5 * time.Second)} }, 4500 * time.Millisecond},
		{"past deadline", 0, func(*testing.T) testing.TB { return &deadlineTB{end: time.Now().Add(-day)} }, time.Millisecond},
		{"own, near deadline", time.Minute, func(*testing.T) testing.TB { return &deadlineTB{end: time.Now().Add(time.Second)} }, time.Minute},
		{"bubble", 0, func(t *testing.T) testing.TB { return &bubbleTB{T: t} }, 30 * day},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				inbox := mailtest.Inbox{Patience: test.patience}
				tb := test.tb(t)
				start := time.Now()
				done := make(chan struct{})
				go func() {
					defer close(done)
					inbox.Next(tb)
				}()
				<-done
				if got := time.Since(start); got != test.want {
					t.Errorf("the wait took %v, want %v", got, test.want)
				}
			})
		})
	}
}

// bubbleTB is the test of a bubble whose Fatal ends only the goroutine that calls it.
type bubbleTB struct {
	*testing.T
	fake fakeTB
}

func (b *bubbleTB) Fatal(args ...any) { b.fake.Fatal(args...) }

// A server of one world must be neither connected to nor waited for in the other.
func TestOutOfBubble(t *testing.T) {
	t.Parallel()
	outside := mailtest.New(t)
	mail, mail4 := pop3.New(t, outside), imap.New(t, outside)
	unused := &mailtest.Server{} // until the bubble uses it
	var inside *mailtest.Server
	refuses := func(what string, dial func(context.Context) (net.Conn, error)) {
		t.Helper()
		conn, err := dial(t.Context())
		if err == nil {
			conn.Close()
		}
		if want := what + ": a server that was made outside of a synctest bubble can't be used inside"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("dialing: %v, want %q", err, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		tb := &bubbleTB{T: t}
		tb.fake.run(func() { outside.Next(tb) })
		compareFailure(t, "bubble", strings.Join(tb.fake.fatal, "\n"))
		refuses("mailtest", outside.Dial)
		refuses("pop3", mail.Dial)
		refuses("imap", mail4.Dial)
		inside = mailtest.New(t)
		send(t, inside, "a@b.example", "c@d.example", "Hi")
		send(t, unused, "a@b.example", "c@d.example", "Hi")
		unused.Close()
	})
	refuses("mailtest", inside.Dial)
	refuses("mailtest", unused.Dial)
}

// Messages are taken once, in order, by waits of any kind.
func TestTaken(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	for i := range 6 {
		send(t, srv, "a@b.example", "c@d.example", fmt.Sprint(i))
	}
	subjects := func(messages ...*mailtest.Message) (s []string) {
		for _, m := range messages {
			s = append(s, m.Subject)
		}
		return s
	}
	var got [][]string
	got = append(got, subjects(srv.WaitFor(t, func(m *mailtest.Message) bool { return m.Subject == "2" })))
	got = append(got, subjects(srv.Next(t)))
	got = append(got, subjects(srv.WaitN(t, 2)...))
	got = append(got, subjects(srv.WaitOnly(t, 2, time.Millisecond)...))
	got = append(got, subjects(srv.WaitOnly(t, 0, time.Millisecond)...))
	got = append(got, subjects(srv.WaitN(t, 0)...))
	got = append(got, subjects(srv.Messages()...))
	want := [][]string{{"2"}, {"0"}, {"1", "3"}, {"4", "5"}, nil, nil, {"0", "1", "2", "3", "4", "5"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
	srv.Reset()
	send(t, srv, "a@b.example", "c@d.example", "6")
	if m := srv.Next(t); m.Subject != "6" || m.Number != 7 || m.Session != 7 {
		t.Errorf("after Reset: got message %d %q of session %d, want 7 %q of 7", m.Number, m.Subject, m.Session, "6")
	}
	if n := len(srv.Sessions()); n != 1 {
		t.Errorf("after Reset: got %d sessions, want 1", n)
	}
}

// The message that the test shows is the one that was handed out before.
func TestSameMessage(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	send(t, srv, "a@b.example", "c@d.example", "x")
	if a, b := srv.Next(t), srv.Messages()[0]; a != b {
		t.Errorf("Next and Messages give %p and %p", a, b)
	}
}

func TestWaitContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		reason := errors.New("no longer of interest")
		any := func(*mailtest.Message) bool { return true }
		waits := map[string]func(context.Context) error{
			"Next":     func(ctx context.Context) error { _, err := srv.NextContext(ctx); return err },
			"WaitFor":  func(ctx context.Context) error { _, err := srv.WaitForContext(ctx, any); return err },
			"Since":    func(ctx context.Context) error { _, _, err := srv.Since(ctx, 0); return err },
			"WaitN":    func(ctx context.Context) error { _, err := srv.WaitNContext(ctx, 1); return err },
			"WaitOnly": func(ctx context.Context) error { _, err := srv.WaitOnlyContext(ctx, 0, time.Hour); return err },
		}
		for name, wait := range waits {
			ctx, cancel := context.WithCancelCause(t.Context())
			result := make(chan error, 1)
			go func() { result <- wait(ctx) }()
			synctest.Wait()
			cancel(reason)
			if err := <-result; !errors.Is(err, reason) {
				t.Errorf("%s: got %v, want %v", name, err, reason)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: got %v, want %v", name, err, context.DeadlineExceeded)
			}
		}
		srv.Close()
		for name, wait := range waits {
			err := wait(t.Context())
			if want := net.ErrClosed; name != "WaitOnly" && !errors.Is(err, want) {
				t.Errorf("%s after Close: got %v, want %v", name, err, want)
			}
			if name == "WaitOnly" && err != nil { // no mail was waited for, and none can come
				t.Errorf("%s after Close: got %v, want nil", name, err)
			}
		}
	})
}

// Close wakes every wait.
func TestCloseWakes(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Addr()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := srv.NextContext(t.Context()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v, want %v", err, net.ErrClosed)
			}
		})
	}
	srv.Close()
	wg.Wait()
}

// A wait that never fits ends although mail keeps coming.
func TestEndlessMail(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := srv.WaitForContext(ctx, func(*mailtest.Message) bool { return false })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	seen := 0
	ctx, cancel = context.WithCancel(t.Context())
	send(t, srv, "a@b.example", "c@d.example", "x")
	_, err = srv.WaitForContext(ctx, func(*mailtest.Message) bool {
		send(t, srv, "a@b.example", "c@d.example", "and another")
		if seen++; seen == 5 {
			cancel()
		}
		return false
	})
	if !errors.Is(err, context.Canceled) || seen != 5 {
		t.Errorf("got %v after %d messages, want %v after 5", err, seen, context.Canceled)
	}
}

// Waits at the same time share the messages out: none twice, none lost, no wait with fewer than it
// asked for.
func TestConcurrentWaits(t *testing.T) {
	t.Parallel()
	const waits, each = 8, 25
	srv := mailtest.New(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var got []int
	take := func(messages ...*mailtest.Message) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range messages {
			got = append(got, m.Number)
		}
	}
	for i := range waits {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				for range each {
					m, err := srv.NextContext(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					take(m)
				}
			case 1:
				m, err := srv.WaitNContext(t.Context(), each)
				if err != nil || len(m) != each {
					t.Errorf("WaitN: got %d messages, %v, want %d", len(m), err, each)
				}
				take(m...)
			case 2:
				for range each {
					m, err := srv.WaitForContext(t.Context(), func(m *mailtest.Message) bool { return m.Subject == "x" })
					if err != nil {
						t.Error(err)
						return
					}
					take(m)
				}
			}
		})
	}
	for range 4 {
		wg.Go(func() {
			for range waits * each / 4 {
				send(t, srv, "a@b.example", "c@d.example", "x")
			}
		})
	}
	wg.Wait()
	slices.Sort(got)
	want := make([]int, waits*each)
	for i := range want {
		want[i] = i + 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("taken (-want, +got):\n%s", diff)
	}
}

// An inbox that two servers share has the messages of both, and is over when both are.
func TestCollect(t *testing.T) {
	t.Parallel()
	var all mailtest.Inbox
	one, two := mailtest.New(t), mailtest.New(t)
	one.Collect, two.Collect = &all, &all
	send(t, one, "a@b.example", "c@d.example", "one")
	send(t, two, "a@b.example", "c@d.example", "two")
	if m := all.WaitN(t, 2); m[0].Subject != "one" || m[1].Subject != "two" {
		t.Errorf("got %q and %q, want one and two", m[0].Subject, m[1].Subject)
	}
	if m := one.Next(t); m.Subject != "one" {
		t.Errorf("what one inbox has given away is still in the other: got %q", m.Subject)
	}
	one.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := all.NextContext(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with one server closed: got %v, want %v", err, context.DeadlineExceeded)
	}
	two.Close()
	all.Close()
	if _, err := all.NextContext(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("with the inbox closed: got %v, want %v", err, net.ErrClosed)
	}
}

// A wait may begin before the first server of a shared inbox is used.
func TestCollectLater(t *testing.T) {
	t.Parallel()
	var all mailtest.Inbox
	srv := &mailtest.Server{Collect: &all}
	defer srv.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		send(t, srv, "a@b.example", "c@d.example", "one")
	}()
	if m := all.Next(t); m.Subject != "one" {
		t.Errorf("got %q, want one", m.Subject)
	}
	<-sent
}

// TestByNumber finds sessions and messages by their numbers.
func TestByNumber(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	for i := range 3 {
		send(t, srv, "alice@a.example", "bob@qq.com", fmt.Sprintf("message %d", i+1))
	}
	for i := range 3 {
		s := srv.WaitSession(t, i+1)
		if got := srv.Session(i + 1); got == nil || !cmp.Equal(got, s) {
			t.Errorf("Session(%d) = %v, want %v", i+1, got, s)
		}
		if m := srv.Message(i + 1); m == nil || m.Number != i+1 || m.Subject != fmt.Sprintf("message %d", i+1) {
			t.Errorf("Message(%d) = %v", i+1, m)
		}
	}
	for _, number := range []int{-1, 0, 4} {
		if s, m := srv.Session(number), srv.Message(number); s != nil || m != nil {
			t.Errorf("number %d: %v, %v, want nil", number, s, m)
		}
	}
	srv.Next(t)
	srv.Reset()
	send(t, srv, "alice@a.example", "bob@qq.com", "message 4")
	if s, m := srv.Session(1), srv.Message(1); s != nil || m != nil {
		t.Errorf("after Reset: %v, %v, want nil", s, m)
	}
	if m := srv.Message(4); m == nil || m.Subject != "message 4" {
		t.Errorf("Message(4) = %v", m)
	}
}

// Since sees all messages, once each, whatever the test's own waits and Reset do, and takes none of theirs.
func TestSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		seen := make(chan string)
		go func() {
			defer close(seen)
			for n := 0; ; {
				messages, next, err := srv.Since(t.Context(), n)
				if errors.Is(err, net.ErrClosed) {
					return
				}
				if err != nil || len(messages) == 0 || next < n+len(messages) {
					t.Errorf("Since(%d) = %d messages, %d, %v", n, len(messages), next, err)
					return
				}
				for _, m := range messages {
					seen <- m.Subject
				}
				n = next
			}
		}()
		expect := func(want string) {
			t.Helper()
			if got := <-seen; got != want {
				t.Errorf("seen: %q, want %q", got, want)
			}
		}
		send(t, srv, "a@b.example", "c@d.example", "1")
		expect("1")
		if got := srv.Next(t).Subject; got != "1" {
			t.Errorf("Next = %q, want 1", got)
		}
		send(t, srv, "a@b.example", "c@d.example", "2")
		send(t, srv, "a@b.example", "c@d.example", "3")
		expect("2")
		expect("3")
		if got := srv.WaitN(t, 2); got[0].Subject != "2" || got[1].Subject != "3" {
			t.Errorf("WaitN = %q, %q, want 2, 3", got[0].Subject, got[1].Subject)
		}
		srv.Reset()
		send(t, srv, "a@b.example", "c@d.example", "4")
		expect("4")
		if got, next, err := srv.Since(t.Context(), -7); err != nil || next != 4 || len(got) != 1 || got[0].Subject != "4" {
			t.Errorf("Since the beginning = %d messages, %d, %v", len(got), next, err)
		}
		srv.Close()
		if text, open := <-seen; open {
			t.Errorf("seen: %q after Close", text)
		}
	})
}
