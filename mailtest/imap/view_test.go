package imap_test

// What a client knows of its mailbox, when others change it too.

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// A command that reads the flags of all messages does not keep from the client what others have changed.
func TestOthersChanges(t *testing.T) {
	t.Parallel()
	store := newStore()
	store.Passwords = nil
	a, b := newRawClient(t, store), newRawClient(t, store)
	for i, command := range []string{"SEARCH ALL", `STORE 3 +FLAGS (\Seen)`, "COPY 3 INBOX"} {
		b.ask(fmt.Sprintf("STORE 2 +FLAGS (flag%d)", i))
		if reply := a.ask(command); !strings.Contains(reply, "* 2 FETCH ") || !strings.Contains(reply, fmt.Sprintf("flag%d", i)) {
			t.Errorf("%s: the client is not told of the flag that another has set: %s", command, reply)
		}
	}
	b.ask(`STORE 3 +FLAGS (other)`)
	if reply := a.ask(`STORE 2:3 +FLAGS.SILENT (\Flagged)`); strings.Contains(reply, "* 2 ") || !strings.Contains(reply, "* 3 FETCH ") || !strings.Contains(reply, "other") {
		t.Errorf("a silent STORE: %s", reply)
	}
	b.ask("NOOP")
	b.ask(`STORE 1 +FLAGS (\Deleted)`)
	b.ask("EXPUNGE")
	if reply := a.ask(`STORE 3 +FLAGS (\Answered)`); strings.Contains(reply, "EXPUNGE") || !strings.Contains(reply, "* 3 FETCH ") {
		t.Errorf("STORE: %s", reply)
	}
	if reply := a.ask("NOOP"); !strings.Contains(reply, "* 1 EXPUNGE") || strings.Contains(reply, "FETCH") {
		t.Errorf("NOOP: %s", reply)
	}
}

var (
	expunge = regexp.MustCompile(`^\* (\d+) EXPUNGE\r\n$`)
	exists  = regexp.MustCompile(`^\* (\d+) EXISTS\r\n$`)
	flags   = regexp.MustCompile(`^\* (\d+) FETCH \(.*FLAGS \(([^)]*)\)\)\r\n$`)
)

// copied is a copy of a mailbox that a client keeps, with the flags by sequence number, and "?" where it does not know.
type copied []string

// learn changes the copy as a reply says.
func (c *copied) learn(t *testing.T, reply string) {
	t.Helper()
	for line := range strings.Lines(reply) {
		for what, re := range map[string]*regexp.Regexp{"expunge": expunge, "exists": exists, "flags": flags} {
			m := re.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			n, _ := strconv.Atoi(m[1])
			switch {
			case what == "exists" && n >= len(*c):
				*c = append(*c, slices.Repeat([]string{"?"}, n-len(*c))...)
			case what == "exists" || n < 1 || n > len(*c):
				t.Fatalf("of %d messages, the server says %s", len(*c), line)
			case what == "expunge":
				*c = slices.Delete(*c, n-1, n)
			default:
				words := strings.Fields(m[2])
				slices.Sort(words)
				(*c)[n-1] = strings.Join(words, " ")
			}
		}
	}
}

// TestView lets two clients change a mailbox at random, and compares what one of them has been told with what is there.
func TestView(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 0))
		store := new(mailstore.Memory)
		for range 20 {
			store.Deliver([]byte("Subject: x\r\n\r\n"), time.Now(), "bob@qq.com")
		}
		store.Put("bob@qq.com", "Trash", nil, time.Now())
		clients := []*rawClient{newRawClient(t, store), newRawClient(t, store)}
		copies := make([]copied, 2)
		for i, c := range clients {
			copies[i].learn(t, c.ask("SELECT INBOX"))
			copies[i].learn(t, c.ask("FETCH 1:* FLAGS"))
		}
		for range 400 {
			i := random.IntN(2)
			n := 1
			if len(copies[i]) > 0 {
				n += random.IntN(len(copies[i]))
			}
			command := []string{
				"NOOP", "SEARCH ALL", fmt.Sprintf("STORE %d +FLAGS (\\Seen)", n), fmt.Sprintf("STORE %d:* FLAGS (word%d)", n, n),
				fmt.Sprintf("STORE %d +FLAGS (\\Deleted)", n), "EXPUNGE", fmt.Sprintf("UID EXPUNGE 1:%d", 5*n), fmt.Sprintf("MOVE %d Trash", n),
				fmt.Sprintf("COPY %d INBOX", n), fmt.Sprintf("STORE %d +FLAGS.SILENT (\\Flagged)", n), "deliver", "deliver", "deliver",
			}[random.IntN(13)]
			switch {
			case command == "deliver":
				store.Deliver([]byte("Subject: x\r\n\r\n"), time.Now(), "bob@qq.com")
			case len(copies[i]) > 0 || !strings.ContainsAny(command, "123456789"):
				reply := clients[i].try(command)
				if known := &copies[i]; strings.Contains(command, "SILENT") && (*known)[n-1] != "?" && !strings.Contains((*known)[n-1], `\Flagged`) {
					known.learn(t, fmt.Sprintf("* %d FETCH (FLAGS (%s \\Flagged))\r\n", n, (*known)[n-1])) // as the client concludes
				}
				copies[i].learn(t, reply)
			}
		}
		if seed == 0 { // more than a mailbox logs
			for n := range 2500 {
				copies[1].learn(t, clients[1].try(fmt.Sprintf("STORE 1:2 FLAGS (last%d)", n%3)))
			}
		}
		for i, c := range clients {
			copies[i].learn(t, c.ask("NOOP"))
			told := slices.Clone(copies[i])
			copies[i].learn(t, c.ask("FETCH 1:* FLAGS"))
			for n, flags := range copies[i] {
				if told[n] != flags && told[n] != "?" {
					t.Errorf("seed %d, client %d, message %d: the flags are %q, and the client was told %q", seed, i, n+1, flags, told[n])
				}
			}
		}
	}
}
