package mailbox_test

import (
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
)

// A reply that does not end is an error, not all the memory there is.
func TestDeliverEndless(t *testing.T) {
	t.Parallel()
	for _, at := range []mailtest.Stage{mailtest.Greeting, mailtest.Helo, mailtest.Rcpt, mailtest.Dot} {
		for _, reply := range []string{"250-again\n", "x"} {
			srv := mailtest.New(t)
			srv.AddRules(mailtest.Rule{At: at, Reply: reply, Raw: reply == "x", Lie: true, Endless: true})
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			m := mailtest.ParseMessage([]byte("From: a@a.example\r\nTo: b@b.example\r\n\r\nHi\r\n"))
			if err := mailbox.Deliver(conn, m); err == nil || len(err.Error()) > 100<<10 {
				t.Errorf("%v: got error %.200v", at, err)
			}
		}
	}
}
