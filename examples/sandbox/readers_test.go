package main

// Tests that read the mail by POP3 and IMAP.

import (
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

func TestReaders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	users, rules := filepath.Join(dir, "users"), filepath.Join(dir, "rules")
	for file, text := range map[string]string{
		users: "bob@qq.com:secret\n",
		rules: "pop3 At: Pass, Times: 1, Reply: \"-ERR [IN-USE] Busy\"\nimap At: Login, Times: 1, Reply: \"NO [UNAVAILABLE] Busy\"\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := begin(t, "-users", users, "-rules", rules)
	for _, subject := range []string{"one", "two", "three"} {
		err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com", "ann@qq.com"}, []byte("Subject: "+subject+"\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		out.await(t, `"`+subject+`"`)
	}
	scripts := map[string]string{
		"POP3": "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- -ERR [IN-USE] Busy\nc -> USER bob@qq.com\ns <- +OK *\n" +
			"c -> PASS wrong\ns <- -ERR [AUTH] *\nc -> USER ann@qq.com\ns <- +OK *\nc -> PASS any\ns <- -ERR [AUTH] *\nc -> USER bob@qq.com\ns <- +OK *\n" +
			"c -> PASS secret\ns <- +OK 3 messages\nc -> TOP 1 0\ns <- +OK\ns <- Subject: one\n",
		"IMAP": "s <- * OK *\nc -> a LOGIN bob@qq.com secret\ns <- a NO [UNAVAILABLE] Busy\nc -> b LOGIN bob@qq.com secret\ns <- b OK *\n" +
			"c -> c STATUS INBOX (MESSAGES)\ns <- * STATUS INBOX (MESSAGES 3)\ns <- c OK *\n",
	}
	for door, script := range scripts {
		conn, err := net.Dial("tcp", out.address(t, door))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		player := dialogue.Player{Conn: conn}
		if err := player.Play(script); err != nil {
			t.Errorf("%s: %v", door, err)
		}
	}
	page := "http://" + out.address(t, "Page")
	for _, name := range []string{"pop3", "imap"} {
		if got := get(t, page+"/sessions/"+name+"/1"); !strings.Contains(got, "Busy") {
			t.Errorf("the page has no session of %s: %s", name, got)
		}
	}
}
