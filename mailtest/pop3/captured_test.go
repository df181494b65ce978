package pop3_test

import (
	"net"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// send sends a message with a subject.
func send(t *testing.T, conn net.Conn, subject string, to ...string) {
	t.Helper()
	client, err := smtp.NewClient(conn, "localhost")
	must(t, err)
	must(t, client.Mail("jb@shop.example"))
	for _, rcpt := range to {
		must(t, client.Rcpt(rcpt))
	}
	w, err := client.Data()
	must(t, err)
	_, err = w.Write([]byte("Subject: " + subject + "\r\n\r\ntext\r\n"))
	must(t, err)
	must(t, w.Close())
	must(t, client.Quit())
}

// What a server captures is in the mailboxes of its recipients, before and after it is first asked for; what clients delete
// stays in the inbox of the test.
func TestCaptured(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	deliver := func(subject string, to ...string) {
		t.Helper()
		conn, err := srv.Dial(t.Context())
		must(t, err)
		send(t, conn, subject, to...)
	}
	deliver("first", "bob@qq.com", "Ann@QQ.com")
	pop := pop3.New(t, srv)
	check := func(user, want string) {
		t.Helper()
		stat := "s <- +OK *\nc -> USER " + user + "\ns <- +OK *\nc -> PASS any\ns <- +OK *\nc -> STAT\ns <- +OK " + want + "\nc -> QUIT\ns <- +OK Bye\ns !! close"
		play(t, pop, stat)
	}
	check("bob@qq.com", "1 24")
	check("ann", "1 24")
	check("carl@qq.com", "0 0")
	deliver("second", "bob@qq.com")
	srv.WaitN(t, 2)
	check("bob@qq.com", "2 49")
	play(t, pop, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS any\ns <- +OK *\nc -> DELE 1\ns <- +OK *\nc -> QUIT\ns <- +OK Bye\ns !! close")
	check("bob@qq.com", "1 25")
	check("ann@qq.com", "1 24")
	if got := len(srv.Messages()); got != 2 {
		t.Errorf("the inbox has %d messages, want 2", got)
	}
	srv.Remove(srv.Messages()[1])
	check("bob@qq.com", "0 0")
	srv.Reset()
	check("ann@qq.com", "0 0")
	deliver("third", "ann@qq.com")
	srv.Next(t)
	check("ann@qq.com", "1 24")

	everything := pop3.New(t, mailstore.All(srv))
	play(t, everything, "s <- +OK *\nc -> USER whoever\ns <- +OK *\nc -> PASS any\ns <- +OK 1 messages\n")
}

// The users of a server are those of its mailboxes.
func TestCapturedUsers(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Users = map[string]string{"bob": "secret"}
	pop := pop3.New(t, srv)
	play(t, pop, "s <- +OK *\nc -> USER bob\ns <- +OK *\nc -> PASS wrong\ns <- -ERR [AUTH] *\nc -> USER bob\ns <- +OK *\nc -> PASS secret\ns <- +OK *\n")
}

// So is what the hosts of a simulated internet capture.
func TestCapturedInternet(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	hosts := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
	all, one := pop3.New(t, inet), pop3.New(t, hosts[1])
	for _, host := range []string{"mx1.qq.com:25", "mx2.qq.com:25"} {
		conn, err := inet.DialContext(t.Context(), "tcp", host)
		must(t, err)
		send(t, conn, strings.TrimSuffix(host, ".qq.com:25"), "bob@qq.com")
	}
	inet.WaitN(t, 2)
	play(t, all, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS any\ns <- +OK 2 messages\n")
	play(t, one, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS any\ns <- +OK 1 messages\nc -> TOP 1 0\ns <- +OK\ns <- Subject: mx2\n")
}

// A rule that was waiting for its Delay does not hold up the end.
func TestCloseDuringDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pop3.New(t, newStore())
		srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Delay: time.Hour})
		conn, err := srv.Dial(t.Context())
		must(t, err)
		defer conn.Close()
		synctest.Wait()
		begin := time.Now()
		srv.Close()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("Close took %v", took)
		}
	})
}
