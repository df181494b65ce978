package mailtest_test

import (
	"net/textproto"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// TestNotify has a notice of each change, in the inbox of the server and in the one that it shares.
func TestNotify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var shared mailtest.Inbox
		srv := mailtest.New(t)
		srv.Collect = &shared
		own, all := make(chan struct{}, 1), make(chan struct{}, 1)
		stop := srv.Notify(own)
		defer shared.Notify(all)()
		heard := func(what string, c <-chan struct{}, want int) {
			t.Helper()
			synctest.Wait()
			if got := len(c); got != want {
				t.Errorf("%s: %d notices, want %d", what, got, want)
			}
			for len(c) > 0 {
				<-c
			}
		}
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c := textproto.NewConn(conn)
		heard("connection", own, 1)
		heard("connection, shared", all, 1)
		for _, line := range []string{"EHLO shop.example", "MAIL FROM:<a@shop.example>", "RCPT TO:<bob@qq.com>", "DATA", "."} {
			c.PrintfLine("%s", line)
			heard(line, own, 1)
			heard(line+", shared", all, 1)
		}
		shared.Remove(shared.Messages()...)
		heard("removal", own, 0)
		heard("removal, shared", all, 1)
		stop()
		c.Close()
		heard("end, after stop", own, 0)
		heard("end, shared", all, 1)
		shared.Reset()
		heard("reset, shared", all, 1)
	})
}
