package imap_test

// The cost of commands about many things.

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// rawClient is a client that says what a test wants, and has logged in as bob@qq.com and selected INBOX.
type rawClient struct {
	tb   testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newRawClient(tb testing.TB, store *mailstore.Memory) *rawClient {
	tb.Helper()
	conn, err := imap.New(tb, store).Dial(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	c := &rawClient{tb, conn, bufio.NewReader(conn)}
	c.ask("LOGIN bob@qq.com x")
	c.ask("SELECT INBOX")
	return c
}

// ask says a command and returns the reply, which must be OK.
func (c *rawClient) ask(command string) (reply string) {
	c.tb.Helper()
	reply = c.try(command)
	if last := reply[strings.LastIndex(reply[:len(reply)-1], "\n")+1:]; !strings.HasPrefix(last, "a OK") {
		c.tb.Fatalf("%.100s: %s", command, last)
	}
	return reply
}

// try says a command and returns the reply.
func (c *rawClient) try(command string) (reply string) {
	c.tb.Helper()
	go io.WriteString(c.conn, "a "+command+"\r\n")
	var all strings.Builder
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.tb.Fatal(err)
		}
		all.WriteString(line)
		if strings.HasPrefix(line, "a ") {
			return all.String()
		}
	}
}

// TestGrowth shows that a command about twice as many things takes about twice the memory.
func TestGrowth(t *testing.T) {
	deliver := func(store *mailstore.Memory, messages int, raw string) {
		for range messages {
			store.Deliver([]byte(raw), time.Now(), "bob@qq.com")
		}
	}
	parts := func(n int) string {
		return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", n) + "--b--\r\n"
	}
	for _, test := range []struct {
		name    string
		fill    func(store *mailstore.Memory, n int)
		command func(n int) string
	}{
		{"messages that are read for the first time",
			func(store *mailstore.Memory, n int) { deliver(store, n, "Subject: x\r\n\r\n") },
			func(int) string { return "FETCH 1:* BODY[HEADER]" }},
		{"parts",
			func(store *mailstore.Memory, n int) { deliver(store, 1, parts(n)) },
			func(n int) string {
				var items []string
				for i := range n {
					items = append(items, fmt.Sprintf("BODY.PEEK[%d]", i+1))
				}
				return "FETCH 1 (" + strings.Join(items, " ") + ")"
			}},
		{"a part far below",
			func(store *mailstore.Memory, _ int) { deliver(store, 1, parts(10)) },
			func(n int) string { return "FETCH 1 BODY.PEEK[1" + strings.Repeat(".1", 10*n) + "]" }},
		{"words to search for",
			func(store *mailstore.Memory, n int) {
				deliver(store, 1, "Subject: x\r\n\r\n"+strings.Repeat("A", 100*n))
			},
			func(n int) string { return "SEARCH" + strings.Repeat(" TEXT a", n) }},
		{"mailboxes",
			func(store *mailstore.Memory, n int) {
				for i := range n {
					store.Put("bob@qq.com", fmt.Sprint("folder ", i), nil, time.Now())
				}
			},
			func(int) string { return `LIST "" *` }},
	} {
		allocated := func(n int) uint64 {
			store := new(mailstore.Memory)
			test.fill(store, n)
			c := newRawClient(t, store)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.ask(test.command(n))
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		small, large := allocated(1_000), allocated(2_000)
		if large > 3*small {
			t.Errorf("%s: twice as many take %d bytes of memory instead of %d", test.name, large, small)
		}
	}
}

// TestManyCommandsGrow shows that twice as many commands that change one message each, in a mailbox with twice as many, take about
// twice the memory.
func TestManyCommandsGrow(t *testing.T) {
	for name, command := range map[string]func(i, n int) string{
		"STORE":   func(i, _ int) string { return fmt.Sprintf(`STORE %d +FLAGS (\Seen)`, i+1) },
		"silent":  func(i, _ int) string { return fmt.Sprintf(`UID STORE %d +FLAGS.SILENT (\Seen)`, i+1) },
		"COPY":    func(i, _ int) string { return fmt.Sprintf("COPY %d INBOX", i+1) },
		"MOVE":    func(i, n int) string { return fmt.Sprintf("MOVE %d Trash", (n-i)/2+1) },
		"EXPUNGE": func(i, _ int) string { return []string{`STORE 1 +FLAGS (\Deleted)`, "EXPUNGE"}[i%2] },
	} {
		allocated := func(n int) uint64 {
			store := new(mailstore.Memory)
			for range n {
				store.Deliver([]byte("Subject: x\r\n\r\n"), time.Now(), "bob@qq.com")
			}
			store.Put("bob@qq.com", "Trash", nil, time.Now())
			c := newRawClient(t, store)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for i := range n {
				c.ask(command(i, n))
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		small, large := allocated(500), allocated(1_000)
		if large > 3*small {
			t.Errorf("%s: twice as many take %d bytes of memory instead of %d", name, large, small)
		}
	}
}

// TestNestedMessages shows that a hundred messages inside one another are looked into, and no more.
func TestNestedMessages(t *testing.T) {
	t.Parallel()
	store := new(mailstore.Memory)
	store.Deliver([]byte(strings.Repeat("Subject: x\r\nContent-Type: message/rfc822\r\n\r\n", 33_000)+"Subject: inmost\r\n\r\n"), time.Now(), "bob@qq.com")
	c := newRawClient(t, store)
	reply := c.ask("FETCH 1 BODYSTRUCTURE")
	if got, want := strings.Count(strings.ToLower(reply), `"message" "rfc822"`), 100; got != want {
		t.Errorf("there are %d messages in the structure, want %d", got, want)
	}
	if !strings.Contains(strings.ToLower(reply), `"application" "octet-stream"`) {
		t.Error("what is below them has another type")
	}
	for _, command := range []string{"SEARCH TEXT inmost", "SEARCH BODY inmost"} {
		if reply := c.ask(command); strings.Contains(reply, "* SEARCH 1") {
			t.Errorf("%s: %s", command, reply)
		}
	}
	if reply := c.ask("FETCH 1 BODY.PEEK[1" + strings.Repeat(".1", 99) + "]<0.12>"); !strings.Contains(reply, "Subject: x\r\n") {
		t.Errorf("the hundredth part is %q", reply)
	}
}

// TestManyAtOnce changes and names many messages of a large mailbox in one command.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const half = 5_000
	store := new(mailstore.Memory)
	for range 2 * half {
		store.Deliver([]byte("Subject: x\r\n\r\n"), time.Now(), "bob@qq.com")
	}
	c := newRawClient(t, store)
	c.ask(fmt.Sprintf(`STORE 1:%d +FLAGS.SILENT (\Deleted)`, half))
	if got := strings.Count(c.ask("EXPUNGE"), " EXPUNGE\r\n"); got != half {
		t.Errorf("%d messages are gone, want %d", got, half)
	}
	for _, test := range []struct {
		set  string
		want int
	}{
		{"1:*", half}, {"*:1,1:*,2", half}, {"*", 1}, {"1,3,5:6,4", 5}, {fmt.Sprint(half, ",*,1"), 2},
	} {
		if got := strings.Count(c.ask("FETCH "+test.set+" UID"), " FETCH ("); got != test.want {
			t.Errorf("%s are %d messages, want %d", test.set, got, test.want)
		}
	}
	for set, want := range map[string]int{"1:*": half, fmt.Sprint(half, ":", half+2): 2, "4294967295:*": 1, "1:3": 0} {
		if got := strings.Count(c.ask("UID FETCH "+set+" UID"), " FETCH ("); got != want {
			t.Errorf("UIDs %s are %d messages, want %d", set, got, want)
		}
	}
}
