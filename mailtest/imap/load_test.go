package imap_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// Two hundred clients fetch, move and delete all of their mail at once.
func TestManyClients(t *testing.T) {
	t.Parallel()
	const clients, each = 200, 5
	store := new(mailstore.Memory)
	for c := range clients {
		for n := range each {
			store.Deliver(fmt.Appendf(nil, "Subject: %d to %d\r\n\r\ntext\r\n", n, c), time.Now(), fmt.Sprintf("u%d@qq.com", c))
		}
	}
	srv := imap.New(t, store)
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			if err := emptyInbox(srv, c, each); err != nil {
				t.Errorf("client %d: %v", c, err)
			}
		})
	}
	all.Wait()
	for c := range clients {
		account, err := store.Account(fmt.Sprintf("u%d@qq.com", c))
		must(t, err)
		for name, want := range map[string]int{"INBOX": 0, "Archive": each - 1} {
			mailbox, err := account.Mailbox(name)
			must(t, err)
			if status, err := mailbox.Status(); err != nil || status.Messages != want {
				t.Errorf("client %d has %d messages in %s (%v), want %d", c, status.Messages, name, err, want)
			}
		}
	}
}

// emptyInbox reads all mail of a user, moves it to another mailbox, and deletes the last message, by the client of go-imap.
func emptyInbox(srv *imap.Server, c, each int) error {
	conn, err := srv.Dial(context.Background())
	if err != nil {
		return err
	}
	client := imapclient.New(conn, nil)
	defer client.Close()
	if err := client.Login(fmt.Sprintf("u%d@qq.com", c), "x").Wait(); err != nil {
		return err
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		return err
	}
	messages, err := client.Fetch(goimap.SeqSet{{Start: 1, Stop: 0}}, &goimap.FetchOptions{Envelope: true, UID: true}).Collect()
	if err != nil || len(messages) != each {
		return fmt.Errorf("fetched %d messages: %w", len(messages), err)
	}
	for n, m := range messages {
		if want := fmt.Sprintf("%d to %d", n, c); m.Envelope.Subject != want {
			return fmt.Errorf("subject %q, want %q", m.Envelope.Subject, want)
		}
	}
	if _, err := client.Move(goimap.SeqSet{{Start: 1, Stop: uint32(each - 1)}}, "Archive").Wait(); err != nil {
		return err
	}
	deleted := &goimap.StoreFlags{Op: goimap.StoreFlagsAdd, Flags: []goimap.Flag{goimap.FlagDeleted}}
	if err := client.Store(goimap.SeqSetNum(1), deleted, nil).Close(); err != nil {
		return err
	}
	if err := client.Expunge().Close(); err != nil {
		return err
	}
	return client.Logout().Wait()
}

// A mailbox of 10,000 messages.
func BenchmarkTenThousand(b *testing.B) {
	const messages = 10_000
	store := new(mailstore.Memory)
	for n := range messages {
		store.Deliver(fmt.Appendf(nil, "Subject: %d\r\n\r\n%s\r\n", n, strings.Repeat("text ", 300)), time.Now(), "bob@qq.com")
	}
	srv := imap.New(b, store)
	conn, err := srv.Dial(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func(command string) {
		io.WriteString(conn, "a "+command+"\r\n")
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				b.Fatal(err)
			}
			if status, ok := strings.CutPrefix(line, "a "); ok {
				if !strings.HasPrefix(status, "OK") {
					b.Fatal(line)
				}
				return
			}
		}
	}
	ask("LOGIN bob@qq.com x")
	ask("SELECT INBOX")
	for name, command := range map[string]string{
		"FLAGS": "FETCH 1:* FLAGS", "ENVELOPE": "FETCH 1:* ENVELOPE", "SUBJECT": "SEARCH SUBJECT 9999", "TEXT": "SEARCH TEXT nowhere",
		"BODY of 1000": "FETCH 1:1000 BODY.PEEK[]", "STORE": "STORE 1:* +FLAGS.SILENT ($x)", "NOOP": "NOOP",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ask(command)
			}
		})
	}
}

// Whatever a client sends, each line gets an answer or the connection ends for a reason, and the server ends.
func FuzzSession(f *testing.F) {
	f.Add("a LOGIN bob@qq.com secret\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY[])\r\nd SEARCH TEXT x\r\ne IDLE\r\nDONE\r\nf LOGOUT\r\n")
	f.Add("a AUTHENTICATE PLAIN\r\nAGJvYkBxcS5jb20Ac2VjcmV0\r\nb APPEND INBOX {3+}\r\nabc\r\nc COPY 1 Sent\r\nd STORE 1 FLAGS ()\r\ne EXPUNGE\r\nf LIST \"\" *\r\n")
	f.Add("a LOGIN {10}\r\nbob@qq.com {6+}\r\nsecret\r\nb EXAMINE {5+}\r\nINBOX\r\nc UID FETCH * BODY[2.1.MIME]<0.9>\r\n\r\nd\r\n* X\r\ne NOOP {9}\r\n")
	f.Add("a LOGIN bob@qq.com secret\r\nb LIST \"\\\r\nc LIST \r\"\" *\r\nd APPEND INBOX {3+}\r\nabcd\r\ne NOOP\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		srv := &imap.Server{Source: newStore()}
		conn, err := srv.Dial(t.Context())
		must(t, err)
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
		if !strings.HasPrefix(string(replies), "* OK [CAPABILITY ") {
			t.Errorf("got %q", replies)
		}
		for _, session := range srv.Sessions() {
			if session.Ending.Kind == mailtest.ServerFailed {
				t.Errorf("go-imap ended the session\n%s", session)
			}
			for i, turn := range session.Turns {
				if turn.Reply == "" && len(turn.Notes) == 0 && i < len(session.Turns)-1 {
					t.Errorf("no reply to %q", turn.Command)
				}
			}
		}
	})
}
