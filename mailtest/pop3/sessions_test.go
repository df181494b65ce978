package pop3_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// newStore returns a store with three messages for bob@qq.com.
func newStore() *mailstore.Memory {
	store := &mailstore.Memory{Passwords: map[string]string{"bob@qq.com": "secret", "ann": "secret"}}
	for _, raw := range []string{
		"From: jb@shop.example\r\nSubject: one\r\n\r\nHello Bob, it's me\r\n",
		"From: jb@shop.example\r\nSubject: two\r\n\r\n.\r\n.hidden\r\nend\r\n",
		"From: jb@shop.example\r\nSubject: three\r\n\r\nno end of line",
	} {
		store.Deliver([]byte(raw), time.Now().Add(-time.Hour), "bob@qq.com")
	}
	return store
}

// onDisk returns a store on disk with the same messages.
func onDisk(t *testing.T, dir string) *mailstore.Maildir {
	memory := newStore()
	disk, err := mailstore.OpenMaildir(dir, memory.Passwords)
	if err != nil {
		t.Fatal(err)
	}
	var inboxes []mailstore.Mailbox
	for _, store := range []mailstore.Store{memory, disk} {
		bob, err := store.Account("bob@qq.com")
		if err != nil {
			t.Fatal(err)
		}
		inbox, err := bob.Mailbox("INBOX")
		if err != nil {
			t.Fatal(err)
		}
		inboxes = append(inboxes, inbox)
	}
	messages, err := inboxes[0].Messages()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		raw, err := inboxes[0].Raw(m.UID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := inboxes[1].Append(raw, m.Date, m.Flags...); err != nil {
			t.Fatal(err)
		}
	}
	return disk
}

// settings are those of the servers of sessions.txt, by their names.
var settings = map[string]func(*pop3.Server){
	"stls":  func(s *pop3.Server) { s.StartTLS = true },
	"tls":   func(s *pop3.Server) { s.ImplicitTLS = true },
	"plain": func(s *pop3.Server) { s.Mechanisms = []string{"PLAIN"} },
	"old":   func(s *pop3.Server) { s.Without = []string{"uidl", "TOP", "PIPELINING", "UTF8"} },
	"apop":  func(s *pop3.Server) { s.Without, s.Mechanisms = []string{"CAPA", "USER"}, []string{"APOP"} },
	"settings": func(s *pop3.Server) {
		s.LoginDelay, s.Expire = time.Minute, 30*24*time.Hour
	},
}

// The scripts of testdata, on a socket and in memory, and with the mail on disk.
func TestSessions(t *testing.T) {
	t.Parallel()
	for name, script := range scripts(t, "testdata/sessions.txt") {
		name, set, _ := strings.Cut(name, ": ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("socket", func(t *testing.T) { playSession(t, newStore(), set, script, (*pop3.Server).Addr) })
			t.Run("memory", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { playSession(t, newStore(), set, script, nil) })
			})
			t.Run("disk", func(t *testing.T) {
				dir := machine.TempDir(t)
				synctest.Test(t, func(t *testing.T) { playSession(t, onDisk(t, dir), set, script, nil) })
			})
		})
	}
}

// scripts reads a file of scripts, each below a line "## name".
func scripts(t *testing.T, file string) map[string]string {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, section := range strings.Split("\n"+string(data), "\n## ")[1:] {
		name, script, _ := strings.Cut(section, "\n")
		if found[name] != "" {
			t.Fatalf("two scripts are named %q", name)
		}
		found[name] = script
	}
	return found
}

// playSession plays a script. A line "= 1 3" at its end says which of the messages are left then.
func playSession(t *testing.T, src mailstore.Source, set, script string, addr func(*pop3.Server) string) {
	srv := pop3.New(t, src)
	if set != "" {
		settings[set](srv)
	}
	script = strings.Replace(script, "@login\n", "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n", 1)
	script, left, _ := strings.Cut(script, "\n= ")
	var conn net.Conn
	var err error
	if addr != nil {
		conn, err = dial(t, addr(srv))
	} else {
		conn, err = srv.Dial(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	player := dialogue.Player{Conn: conn, TLS: &tls.Config{RootCAs: srv.RootCAs(), ServerName: "localhost"}}
	if err := player.Play(script); err != nil {
		t.Error(err)
	}
	conn.Close()
	srv.Close()
	if got := strings.Join(subjects(t, src.Mailboxes()), " "); left != "" && got != words[strings.TrimSpace(left)] {
		t.Errorf("messages left = %s, want %s", got, words[strings.TrimSpace(left)])
	}
	for _, session := range srv.Sessions() {
		if text := session.String(); strings.Contains(text, "secret") || strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "AGJv") {
			t.Errorf("a transcript has a password:\n%s", text)
		}
	}
}

// words are the subjects of messages, by their numbers.
var words = map[string]string{"1 2 3": "one two three", "1 3": "one three", "2 3": "two three"}

// subjects returns those of the messages that bob has.
func subjects(t *testing.T, store mailstore.Store) []string {
	account, err := store.Account("bob@qq.com")
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := account.Mailbox("INBOX")
	if err != nil {
		t.Fatal(err)
	}
	messages, err := inbox.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range messages {
		raw, err := inbox.Raw(m.UID)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(raw), "Subject: ")
		subject, _, _ := strings.Cut(after, "\r\n")
		found = append(found, fmt.Sprint(subject))
	}
	return found
}
