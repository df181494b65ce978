package mailtest_test

import (
	"context"
	"net/smtp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestRemove(t *testing.T) {
	t.Parallel()
	var both mailtest.Inbox
	srv := mailtest.New(t)
	srv.Collect = &both
	send := func(subject string) {
		t.Helper()
		raw := []byte("Subject: " + subject + "\r\n\r\nHi\r\n")
		if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", []string{"bob@qq.com"}, raw); err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{"one", "two", "three", "four"} {
		send(subject)
	}
	if first := srv.Next(t); first.Subject != "one" {
		t.Errorf("first = %v", first)
	}
	all := srv.Messages()
	if n := srv.Remove(all[0], all[1], all[1]); n != 2 {
		t.Errorf("Remove = %d, want 2", n)
	}
	if n := srv.Remove(all[0], mailtest.ParseMessage(nil)); n != 0 {
		t.Errorf("Remove of what is gone = %d, want 0", n)
	}
	left := srv.Messages()
	if len(left) != 2 || left[0].Number != 3 || srv.Message(2) != nil || srv.Message(3) != left[0] {
		t.Errorf("left = %v, message 2 = %v", left, srv.Message(2))
	}
	if got := both.Messages(); len(got) != 4 {
		t.Errorf("the other inbox has %d messages, want 4", len(got))
	}
	since, next, err := srv.Since(context.Background(), 1)
	if err != nil || len(since) != 2 || next != 4 {
		t.Errorf("Since(1) = %v, %d, %v", since, next, err)
	}
	if m := srv.Next(t); m.Subject != "three" {
		t.Errorf("Next = %v, want three", m)
	}
	send("five")
	if m := srv.WaitN(t, 2); m[1].Subject != "five" || m[1].Number != 5 {
		t.Errorf("WaitN = %v", m)
	}
}

func TestRemoveRules(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Reply: "451 4.3.0 No", Must: true})
	srv.RemoveRules()
	if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Hi\r\n")); err != nil {
		t.Error(err)
	}
}

// A server that runs for days and forgets the oldest messages does not grow, although one client keeps its connection.
func TestRemoveIsBounded(t *testing.T) {
	srv := mailtest.New(t)
	srv.LimitSessions(1)
	conn, err := memoryClient(t, srv)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const kept = 10
	total := 1500
	if *large {
		total = 4000
	}
	body := strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n", 80)
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var before int64
	for i := range total {
		if i == kept {
			before = heap()
		}
		if err := deliver(conn, "a@b.example", "c@d.example", "Subject: "+strconv.Itoa(i+1)+"\r\n\r\n"+body); err != nil {
			t.Fatal(err)
		}
		if all := srv.Messages(); len(all) > kept {
			srv.Remove(all[0])
		}
	}
	if grown := heap() - before; grown > 4_000_000 { // all messages are 7,000,000 or more
		t.Errorf("%d bytes more are in use after %d messages of %d bytes, of which %d are kept", grown, total, len(body), kept)
	}
	all := srv.Messages()
	if len(all) != kept || all[kept-1].Number != total || srv.Message(total) != all[kept-1] || srv.Message(total-kept) != nil {
		t.Errorf("%d messages are kept, the last is %v", len(all), all[kept-1])
	}
	turns := srv.Session(1).Turns
	for _, turn := range turns {
		if turn.Message > total-kept && len(turn.Payload) == 0 || turn.Message > 0 && turn.Message <= total-kept && turn.Payload != nil {
			t.Fatalf("message %d has %d bytes in the transcript", turn.Message, len(turn.Payload))
		}
	}
	since, next, err := srv.Since(t.Context(), total-1)
	if err != nil || len(since) != 1 || next != total {
		t.Errorf("Since = %v, %d, %v", since, next, err)
	}
	if m := srv.Next(t); m != all[0] {
		t.Errorf("Next = %v, want the oldest that is kept", m)
	}
}

// A message that was removed while another before it is on its way does not hide a message from WaitN.
func TestRemoveBeyondHeld(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Patience = 2 * time.Second
	held, release := make(chan struct{}), make(chan struct{})
	srv.Watch = func(session, turn int) {
		if s := srv.Session(session); session == 2 && s.Turns[turn].Stage == mailtest.Dot {
			close(held)
			<-release
		}
	}
	sendTo(t, srv, "one", "bob@qq.com")
	var second sync.WaitGroup
	second.Go(func() {
		if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: two\r\n\r\nHi\r\n")); err != nil {
			t.Error(err)
		}
	})
	defer second.Wait()
	<-held
	sendTo(t, srv, "three", "bob@qq.com")
	srv.Remove(srv.Message(3))
	free := sync.OnceFunc(func() { close(release) })
	defer free()
	if got := srv.WaitN(t, 1)[0].Subject; got != "one" {
		t.Errorf("the first message is %q", got)
	}
	free()
	if got := srv.WaitN(t, 1)[0].Subject; got != "two" {
		t.Errorf("the second message is %q", got)
	}
	srv.WaitOnly(t, 0, 0)
}
