package pop3_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// Two hundred clients fetch and delete all of their mail at once.
func TestManyClients(t *testing.T) {
	t.Parallel()
	const clients, each = 200, 10
	store := new(mailstore.Memory)
	for c := range clients {
		for n := range each {
			store.Deliver(fmt.Appendf(nil, "Subject: %d to %d\r\n\r\ntext\r\n", n, c), time.Now(), fmt.Sprintf("u%d@qq.com", c))
		}
	}
	srv := pop3.New(t, store)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			conn, err := srv.Dial(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			text := textproto.NewConn(conn)
			ask := func(command string) string {
				if command != "" {
					text.PrintfLine("%s", command)
				}
				line, err := text.ReadLine()
				if err != nil || !strings.HasPrefix(line, "+OK") {
					t.Errorf("%s: %q, %v", command, line, err)
				}
				return line
			}
			ask("")
			ask(fmt.Sprintf("USER u%d@qq.com", c))
			ask("PASS x")
			for n := range each {
				ask(fmt.Sprintf("RETR %d", n+1))
				lines, err := text.ReadDotLines()
				if want := fmt.Sprintf("Subject: %d to %d", n, c); err != nil || len(lines) != 3 || lines[0] != want {
					t.Errorf("got %q, %v, want %s", lines, err, want)
				}
				ask(fmt.Sprintf("DELE %d", n+1))
			}
			ask("QUIT")
		})
	}
	all.Wait()
	for c := range clients {
		account, err := store.Account(fmt.Sprintf("u%d@qq.com", c))
		if err != nil {
			t.Fatal(err)
		}
		if inbox, err := account.Mailbox("INBOX"); err != nil {
			t.Fatal(err)
		} else if status, err := inbox.Status(); err != nil || status.Messages != 0 {
			t.Errorf("client %d has %d messages left (%v)", c, status.Messages, err)
		}
	}
}

// A mailbox of 10,000 messages: from the login to the end of each reply.
func BenchmarkTenThousand(b *testing.B) {
	const messages = 10_000
	store := new(mailstore.Memory)
	for n := range messages {
		store.Deliver(fmt.Appendf(nil, "Subject: %d\r\n\r\n%s\r\n", n, strings.Repeat("text ", 300)), time.Now(), "bob@qq.com")
	}
	srv := pop3.New(b, store)
	conn, err := srv.Dial(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func(command string, lines int) {
		io.WriteString(conn, command)
		for range lines {
			if _, err := in.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
	ask("USER bob@qq.com\r\nPASS x\r\n", 3)
	for _, command := range []string{"LIST", "UIDL"} {
		b.Run(command, func(b *testing.B) {
			for b.Loop() {
				ask(command+"\r\n", messages+2)
			}
		})
	}
	b.Run("RETR 1000", func(b *testing.B) {
		for b.Loop() {
			for n := range 1000 {
				ask(fmt.Sprintf("RETR %d\r\n", n+1), 5)
			}
		}
	})
}

// Whatever a client sends, it gets an answer to each line or the end of the connection, and the server ends.
func FuzzSession(f *testing.F) {
	f.Add("USER bob@qq.com\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL 1\r\nRETR 1\r\nTOP 2 1\r\nDELE 3\r\nRSET\r\nNOOP\r\nQUIT\r\n")
	f.Add("AUTH\r\nAUTH PLAIN\r\nAGJvYkBxcS5jb20Ac2VjcmV0\r\nCAPA\r\nRETR 9\r\nTOP 1 -1\r\nUTF8\r\nLANG de\r\nSTLS\r\n")
	f.Add("APOP bob@qq.com x\r\n\x00\r\n\n\r\r\nUSER \xff\r\nPASS  \r\nAUTH CRAM-MD5\r\n*\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		srv := &pop3.Server{Source: newStore()}
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			io.WriteString(conn, text)
			conn.(interface{ CloseWrite() error }).CloseWrite()
		}()
		replies, err := io.ReadAll(conn)
		conn.Close()
		srv.Close()
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		if !strings.HasPrefix(string(replies), "+OK POP3 server ready") {
			t.Errorf("got %q", replies)
		}
		for _, session := range srv.Sessions() {
			for _, turn := range session.Turns {
				if turn.Reply == "" && len(turn.Notes) == 0 {
					t.Errorf("no reply to %q", turn.Command)
				}
			}
			if !strings.Contains(text, "secret") && strings.Contains(session.String(), "secret") {
				t.Error("a password comes out of nowhere")
			}
		}
	})
}
