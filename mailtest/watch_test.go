package mailtest_test

// Tests of Server.Watch.

import (
	"fmt"
	"net/smtp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// TestWatch is told of each turn when it is in the transcript, and before the client has the reply.
func TestWatch(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	var got []string
	srv.Watch = func(session, turn int) {
		turns := srv.Sessions()[session-1].Turns
		got = append(got, fmt.Sprint(session, " ", turns[turn].Stage, " ", turns[turn].Message))
		if turn != len(turns)-1 {
			t.Errorf("turn %d of %d, want the last", turn, len(turns))
		}
	}
	for range 2 {
		if err := smtp.SendMail(srv.Addr(), nil, "a@b.example", []string{"bob@qq.com"}, []byte("Subject: x\r\n\r\ny\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"1 Greeting 0", "1 Helo 0", "1 Mail 0", "1 Rcpt 0", "1 Data 0", "1 Dot 1", "1 Quit 0",
		"2 Greeting 0", "2 Helo 0", "2 Mail 0", "2 Rcpt 0", "2 Data 0", "2 Dot 2", "2 Quit 0",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("got, want differ:\n%s", diff)
	}
}
