package outbound

import (
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// TestClientOfGoSMTP shows why this package has an SMTP client of its own: what that of go-smtp does in situations
// that a sender to the world meets, and in which the scripts of testdata/dialogs (their names are those of the rows)
// want something else. A row that fails means that go-smtp has changed, and can be used for more.
func TestClientOfGoSMTP(t *testing.T) {
	t.Parallel()
	hello := "s <- 220 mx1.qq.com\nc -> EHLO client.example\n"
	transaction := hello + "s <- 250 mx1.qq.com\nc -> MAIL FROM:<a@example.org>\ns <- 250 OK\nc -> RCPT TO:<bob@qq.com>\ns <- 250 OK\nc -> DATA\ns <- 354 Go on\n"
	tests := []struct {
		name   string
		script string
		client func(net.Conn) error
		want   string // the beginning of the error, "" for none
	}{
		{
			// The constructor for STARTTLS takes no name, and closes the connection where it was refused.
			name:   "starttls-refused",
			script: "s <- 220 mx1.qq.com\nc -> EHLO localhost\ns <- 250-mx1.qq.com\ns <- 250 STARTTLS\nc -> STARTTLS\ns <- 454 4.7.0 Not now\n",
			client: func(nc net.Conn) error {
				if _, err := smtp.NewClientStartTLS(nc, nil); err == nil {
					return errors.New("STARTTLS went well")
				}
				return sayHello(smtp.NewClient(nc))
			},
			want: "io: read/write on closed pipe",
		},
		{
			name:   "reply-endless", // 300 KiB, and it could be 300 GiB
			script: hello + strings.Repeat("s <- 250-"+strings.Repeat("x", 300)+"\n", 1000) + "s <- 250 SIZE\n",
			client: func(nc net.Conn) error { return sayHello(smtp.NewClient(nc)) },
		},
		{
			name:   "reply-codes-differ",
			script: hello + "s <- 250-mx1.qq.com\ns <- 550 Go away\ns <- 250 SIZE\n",
			client: func(nc net.Conn) error { return sayHello(smtp.NewClient(nc)) },
		},
		{
			name:   "reply-bare-code",
			script: hello + "s <- 250\n",
			client: func(nc net.Conn) error { return sayHello(smtp.NewClient(nc)) },
			want:   `short response: "250"`,
		},
		{
			// What a server says to a message that it does not want to the end is lost.
			name:   "data-early-reply",
			script: transaction + "c => Subject\ns <- 552 5.3.4 Too large\ns !! close\n",
			client: func(nc net.Conn) error {
				return send(smtp.NewClient(nc), "Subject: "+strings.Repeat("x", 1<<20))
			},
			want: "io: read/write on closed pipe",
		},
		{
			// The message has no deadline.
			name:   "data-stall",
			script: transaction + "c => Subject\ns .. 24h\ns !! close\n",
			client: func(nc net.Conn) error {
				start := time.Now()
				send(smtp.NewClient(nc), "Subject: "+strings.Repeat("x", 1<<20))
				return errors.New("gave up after " + time.Since(start).Round(time.Hour).String())
			},
			want: "gave up after 24h",
		},
		{
			// A server that offers PIPELINING gets one command at a time, and each costs a round trip.
			name:   "pipelining",
			script: hello + "s <- 250-mx1.qq.com\ns <- 250 PIPELINING\nc => MAIL FROM:<a@example.org>\\r\\nRCPT TO:\n",
			client: func(nc net.Conn) error {
				start := time.Now()
				send(smtp.NewClient(nc), "Subject: Hi")
				return errors.New("gave up after " + time.Since(start).String())
			},
			want: "gave up after 10s", // which is how long a script waits
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				theirs, ours := net.Pipe()
				served := make(chan error, 1)
				go func() { served <- dialogue.Serve(theirs, test.script) }()
				err := test.client(ours)
				ours.Close()
				<-served
				if got := text(err); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
					t.Errorf("got %q, want %q", got, test.want)
				}
			})
		})
	}
}

// sayHello says EHLO as this test's host.
func sayHello(c *smtp.Client) error { return c.Hello("client.example") }

// send sends a message to one recipient.
func send(c *smtp.Client, message string) error {
	if err := sayHello(c); err != nil {
		return err
	}
	return c.SendMail("a@example.org", []string{"bob@qq.com"}, strings.NewReader(message))
}

// text is the text of an error, and empty for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
