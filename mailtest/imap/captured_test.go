package imap_test

import (
	"net/smtp"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// A client that waits in IDLE learns of a message that is captured, and what it deletes is gone for POP3, too.
func TestCaptured(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	im, pop := imap.New(t, srv), pop3.New(t, srv)
	const empty = "s <- * 0 EXISTS\ns <- * 0 RECENT\ns <- * OK [UIDVALIDITY *\ns <- * OK [UIDNEXT 1] *\ns <- * FLAGS *\ns <- * OK [PERMANENTFLAGS *\n"
	player := play(t, im, "s <- * OK *\nc -> a LOGIN bob@qq.com any\ns <- a OK *\nc -> b SELECT INBOX\n"+empty+"s <- b OK *\nc -> c IDLE\ns <- + idling\n")
	message := "Subject: hello\r\n\r\ntext\r\n"
	must(t, smtp.SendMail(srv.Addr(), nil, "jb@shop.example", []string{"bob@qq.com", "ann@qq.com"}, []byte(message)))
	must(t, player.Play("s <- * 1 EXISTS\nc -> DONE\ns <- c OK *\nc -> d STORE 1 +FLAGS.SILENT (\\\\Deleted)\ns <- d OK *\nc -> e EXPUNGE\ns <- * 1 EXPUNGE\ns <- e OK *\n"))
	for user, want := range map[string]string{"bob": "1", "bob@qq.com": "0", "ann@qq.com": "1"} {
		conn, err := pop.Dial(t.Context())
		must(t, err)
		defer conn.Close()
		player.Conn = conn
		must(t, player.Play("s <- +OK *\nc -> USER "+user+"\ns <- +OK *\nc -> PASS any\ns <- +OK "+want+" messages\n"))
	}
	if got := len(srv.Messages()); got != 1 {
		t.Errorf("the inbox of the test has %d messages, want 1", got)
	}
}
