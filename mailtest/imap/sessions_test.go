package imap_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// newStore returns a store with three messages for bob@qq.com.
func newStore() *mailstore.Memory {
	store := &mailstore.Memory{Passwords: map[string]string{"bob@qq.com": "secret", "ann": "secret"}}
	for _, raw := range []string{
		"From: jb@shop.example\r\nSubject: one\r\n\r\nHello Bob, it's me\r\n",
		"From: Ann <ann@shop.example>\r\nTo: bob@qq.com\r\nDate: Tue, 29 Feb 2028 12:00:00 +0800\r\nSubject: =?GBK?B?xOO6ww==?=\r\n" +
			"Message-ID: <c@d>\r\nIn-Reply-To: <a@b>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" +
			"Content-Type: text/plain; charset=GBK\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc4\xe3\xba\xc3\r\n--b\r\n" +
			"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text.\r\n--b--\r\n",
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
var settings = map[string]func(*imap.Server){
	"stls":  func(s *imap.Server) { s.StartTLS = true },
	"tls":   func(s *imap.Server) { s.ImplicitTLS = true },
	"plain": func(s *imap.Server) { s.Mechanisms = []string{"PLAIN"} },
	"old":   func(s *imap.Server) { s.Without = []string{"idle", "MOVE", "UIDPLUS", "ID", "APPENDLIMIT"} },
	"flat":  func(s *imap.Server) { s.Without = []string{"SPECIAL-USE", "CHILDREN"} },
	"small": func(s *imap.Server) { s.Without = []string{"APPENDLIMIT"} },
}

// The scripts of testdata, on a socket and in memory, and with the mail on disk.
func TestSessions(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/sessions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, section := range strings.Split("\n"+string(data), "\n## ")[1:] {
		name, script, _ := strings.Cut(section, "\n")
		name, set, _ := strings.Cut(name, ": ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("socket", func(t *testing.T) { playSession(t, newStore(), set, script, true) })
			t.Run("memory", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { playSession(t, newStore(), set, script, false) })
			})
			t.Run("disk", func(t *testing.T) {
				dir := machine.TempDir(t)
				synctest.Test(t, func(t *testing.T) { playSession(t, onDisk(t, dir), set, script, false) })
			})
		})
	}
}

// login and selectedBox stand for what many scripts have in common.
const (
	login       = "s <- * OK *\nc -> login LOGIN bob@qq.com secret\ns <- login OK *\n"
	selectedBox = "s <- * 3 EXISTS\ns <- * 0 RECENT\ns <- * OK [UNSEEN 1] *\ns <- * OK [UIDVALIDITY *\ns <- * OK [UIDNEXT 4] *\ns <- * FLAGS *\ns <- * OK [PERMANENTFLAGS *\n"
)

// playSession plays a script. A line "= 1 3" at its end says which of the messages are left in INBOX then, by their UIDs.
func playSession(t *testing.T, src mailstore.Source, set, script string, socket bool) {
	srv := imap.New(t, src)
	if set != "" {
		settings[set](srv)
	}
	script = strings.NewReplacer("@login\n", login, "@selected\n", selectedBox).Replace(script)
	script, left, _ := strings.Cut(script, "\n= ")
	var conn net.Conn
	var err error
	if socket {
		var d net.Dialer
		conn, err = d.DialContext(t.Context(), "tcp", srv.Addr())
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
	if got := uids(t, src.Mailboxes()); left != "" && got != strings.TrimSpace(left) {
		t.Errorf("messages left = %s, want %s", got, left)
	}
	for _, session := range srv.Sessions() {
		if text := session.String(); strings.Contains(text, "secret") || strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "AGJv") {
			t.Errorf("a transcript has a password:\n%s", text)
		}
	}
}

// uids returns the UIDs of the messages in bob's INBOX.
func uids(t *testing.T, store mailstore.Store) string {
	account, err := store.Account("bob@qq.com")
	must(t, err)
	inbox, err := account.Mailbox("INBOX")
	must(t, err)
	messages, err := inbox.Messages()
	must(t, err)
	var all []string
	for _, m := range messages {
		all = append(all, string(rune('0'+m.UID)))
	}
	return strings.Join(all, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
