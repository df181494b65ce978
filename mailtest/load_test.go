package mailtest_test

// Many messages, many connections, many servers.

import (
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// memoryClient returns a client that is connected in memory.
func memoryClient(t *testing.T, srv *mailtest.Server) (*smtp.Client, error) {
	conn, err := srv.Dial(t.Context())
	if err != nil {
		return nil, err
	}
	return smtp.NewClient(conn, "localhost")
}

// A hundred thousand messages of 1 KiB over sixteen kept connections, of which a wait finds one
// without decoding the rest again.
func TestManyMessages(t *testing.T) {
	const connections = 16
	total := 10_000
	if *large {
		total = 100_000
	}
	srv := mailtest.New(t)
	body := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 14)
	var wg sync.WaitGroup
	start := time.Now()
	for c := range connections {
		wg.Go(func() {
			conn, err := memoryClient(t, srv)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			for i := c; i < total; i += connections {
				text := fmt.Sprintf("Subject: %d\r\n\r\n%s", i, body)
				if err := deliver(conn, "a@b.example", "c@d.example", text); err != nil {
					t.Error(err)
					return
				}
			}
			if err := conn.Quit(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d messages in %v", total, time.Since(start))
	if t.Failed() {
		return
	}
	all := srv.Messages() // decodes them all
	if len(all) != total {
		t.Fatalf("got %d messages, want %d", len(all), total)
	}
	seen := make(map[string]bool, total)
	for i, m := range all {
		if m.Number != i+1 || len(m.Raw) < 1000 {
			t.Fatalf("message %d has number %d and %d bytes", i+1, m.Number, len(m.Raw))
		}
		seen[m.Subject] = true
	}
	if len(seen) != total {
		t.Errorf("got %d different messages, want %d", len(seen), total)
	}
	last := all[total-1].Subject
	runs := 0
	allocs := testing.AllocsPerRun(1, func() { // it calls twice
		want := all[total-1-runs].Subject
		runs++
		srv.WaitFor(t, func(m *mailtest.Message) bool { return m.Subject == want })
	})
	if allocs > 1000 {
		t.Errorf("a wait among %d messages that are decoded, the last being %s, allocates %.0f times", total, last, allocs)
	}
}

// A thousand tests at a time, each with a server of its own.
func TestThousandServers(t *testing.T) {
	t.Parallel()
	n := 1000
	if testing.Short() {
		n = 50
	}
	for i := range n {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			subject := fmt.Sprint(i)
			var conn net.Conn
			var err error
			if i%2 == 0 {
				conn, err = srv.Dial(t.Context())
			} else {
				conn, err = net.Dial("tcp", srv.Addr())
			}
			if err != nil {
				t.Fatal(err)
			}
			c, err := smtp.NewClient(conn, "localhost")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := deliver(c, "a@b.example", "c@d.example", "Subject: "+subject+"\r\n\r\nhi\r\n"); err != nil {
				t.Fatal(err)
			}
			if m := srv.WaitOnly(t, 1, 0); m[0].Subject != subject {
				t.Errorf("got %q, want %q", m[0].Subject, subject)
			}
		})
	}
}

// In a bubble, a rule's times are exact, and a client that waits does so in virtual time.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.AddRules(mailtest.Greylist(5*time.Minute), mailtest.Rule{At: mailtest.Greeting, Delay: 6 * time.Minute})
		start := time.Now()
		go func() {
			for {
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				c, err := smtp.NewClient(conn, "localhost")
				if err != nil {
					t.Error(err)
					return
				}
				err = deliver(c, "a@b.example", "c@d.example", "hi\r\n")
				c.Close()
				if err == nil {
					return
				}
				time.Sleep(time.Minute)
			}
		}()
		m := srv.Next(t)
		if got, want := m.Time.Sub(start), 13*time.Minute; got != want {
			t.Errorf("the message came after %v, want %v", got, want)
		}
	})
}

// Large messages of one connection, whose memory depends on the size of the one before, are each what was
// sent, also when the next ones have come.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	sizes := []int{470_000, 1000, 1000, 490_000, 1000, 1000, 300_000, 300_000, 310_000, 299_000, 400_000, 1000, 300_000, 6_000_000, 300_000, 300_000}
	for _, network := range connections {
		t.Run(network.name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			srv.ImplicitTLS = network.implicit
			conn, err := network.dial(t.Context(), srv)
			if err != nil {
				t.Fatal(err)
			}
			c, err := smtp.NewClient(conn, "localhost")
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for i, size := range sizes {
				line := strings.Repeat(string(rune('a'+i)), 70) + "\r\n.dot\r\n"
				text := fmt.Sprintf("Subject: %d\r\n\r\n%s", i, strings.Repeat(line, size/len(line)))
				if err := deliver(c, "a@b.example", "c@d.example", text); err != nil {
					t.Fatal(err)
				}
				want = append(want, text)
			}
			if err := c.Quit(); err != nil {
				t.Error(err)
			}
			for i, m := range srv.WaitN(t, len(sizes)) {
				if string(m.Raw) != want[i] {
					t.Errorf("message %d of %d bytes is not what was sent: got %d bytes, %.200q", i, len(want[i]), len(m.Raw), m.Raw)
				}
			}
		})
	}
}
