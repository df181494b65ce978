package lint

// Dialogues that need more than a script: TLS, rules, chunks.

import (
	"bytes"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// names returns the rules of findings, in order.
func names(findings []Finding) string {
	var names []string
	for _, f := range findings {
		names = append(names, f.Rule)
	}
	return strings.Join(names, " ")
}

// TestSessions plays dialogues with servers in different moods.
func TestSessions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		startTLS bool
		rule     mailtest.Rule
		play     func(t *testing.T, srv *mailtest.Server, conn net.Conn)
		want     string
	}{
		{
			name: "a client that waits for a slow greeting",
			rule: mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute},
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> QUIT\n<- 221\n"),
		}, {
			name: "a client that does not",
			rule: mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute},
			play: scripted("-> EHLO client.example.com\n<- 220\n<- 250\n-> QUIT\n<- 221\n"),
			want: "pipelining",
		}, {
			name: "pipelining that is not offered",
			rule: mailtest.Rule{At: mailtest.Helo, Reply: "250 mx.example.com"},
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n" +
				"-> MAIL FROM:<a@b.example>\n-> RCPT TO:<b@c.example>\n<- 250\n<- 250\n-> QUIT\n<- 221\n"),
			want: "pipelining",
		}, {
			name:     "a password behind STARTTLS",
			startTLS: true,
			play: func(t *testing.T, srv *mailtest.Server, conn net.Conn) {
				c, err := smtp.NewClient(conn, "localhost")
				if err != nil {
					t.Fatal(err)
				}
				for _, step := range []func() error{
					func() error { return c.Hello("client.example.com") },
					func() error { return c.StartTLS(srv.ClientTLS()) },
					func() error { return c.Auth(smtp.PlainAuth("", "alice", "secret", "localhost")) },
					c.Quit,
				} {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
			},
		}, {
			name: "chunks",
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> MAIL FROM:<a@b.example> SIZE=12\n<- 250\n" +
				"-> RCPT TO:<b@c.example>\n<- 250\n~> \"BDAT 6\\r\\nA: b\\r\\n\"\n<- 250\n~> \"BDAT 6 LAST\\r\\n\\r\\nx\\xff\\r\\n\"\n<- 250\n-> QUIT\n<- 221\n"),
			want: "body-8bit",
		}, {
			name: "angle brackets in parameters and in quotes",
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> MAIL FROM:<a@b.example> ENVID=<1@b.example>\n<- 250\n" +
				"-> RCPT TO:<\"b > c\"@c.example> ORCPT=rfc822;b>c@c.example\n<- 250\n-> QUIT\n<- 221\n"),
		}, {
			name: "a quote too many",
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> MAIL FROM:<a\"@b.example>\n<- 501\n-> QUIT\n<- 221\n"),
			want: "path-syntax",
		}, {
			name: "quotes that are not closed, and the bracket is in them",
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> MAIL FROM:<\"a@b.example>\n<- 501\n-> QUIT\n<- 221\n"),
			want: "path-brackets",
		}, {
			name: "a server that says good-bye",
			rule: mailtest.Rule{At: mailtest.Helo, Reply: "421 closing", Drop: mailtest.Close},
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 421\n"),
		}, {
			name: "a message inside a message's transaction",
			play: scripted("<- 220\n-> EHLO client.example.com\n<- 250\n-> MAIL FROM:<a@b.example>\n<- 250\n-> MAIL FROM:<a@b.example>\n<- 503\n-> QUIT\n<- 221\n"),
			want: "command-order",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.StartTLS = test.startTLS
				if test.rule.At != 0 {
					srv.AddRules(test.rule)
				}
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				test.play(t, srv, conn)
				conn.Close()
				synctest.Wait()
				findings := CheckSession(srv.Sessions()[0])
				if got := names(findings); got != test.want {
					t.Errorf("findings = %q, want %q:\n%v\n%v", got, test.want, findings, srv.Sessions()[0])
				}
			})
		})
	}
}

// scripted plays a script like those in testdata.
func scripted(script string) func(*testing.T, *mailtest.Server, net.Conn) {
	return func(t *testing.T, _ *mailtest.Server, conn net.Conn) { play(t, conn, []byte(script)) }
}

// TestUndecoded lints a message that was made by hand and not decoded.
func TestUndecoded(t *testing.T) {
	t.Parallel()
	raw := []byte("From: a@b.example\r\n\r\nx\r\n")
	want := Check(mailtest.ParseMessage(raw))
	if diff := cmp.Diff(want, Check(&mailtest.Message{Raw: raw})); diff != "" || len(want) == 0 {
		t.Errorf("findings (-decoded +undecoded):\n%s", diff)
	}
	if got := names(Check(&mailtest.Message{})); !strings.Contains(got, "header-missing") {
		t.Errorf("findings of an empty message = %q, want header-missing among them", got)
	}
	if got := Check(nil, nil); got != nil {
		t.Errorf("findings of no message = %v", got)
	}
}

// TestTwice compares messages with each other: the same one twice is not two.
func TestTwice(t *testing.T) {
	t.Parallel()
	a := mailtest.ParseMessage([]byte("Message-ID: <1@b.example>\r\n\r\nx\r\n"))
	b := mailtest.ParseMessage([]byte("Message-ID: <1@b.example>\r\n\r\ny\r\n"))
	l := &Linter{Only: []string{"message-id-twice"}}
	if got := l.Check(a, a); len(got) != 0 {
		t.Errorf("of a message that was sent again: %v", got)
	}
	if got := names(l.Check(a, b)); got != "message-id-twice" {
		t.Errorf("of two messages: %q, want message-id-twice", got)
	}
}

// BenchmarkCheck lints a message of a megabyte, decoded before.
func BenchmarkCheck(b *testing.B) {
	var raw bytes.Buffer
	raw.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	raw.WriteString(strings.Repeat("Hello Bob, how are you?\r\n", 10_000))
	raw.WriteString("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	raw.WriteString(strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 10_000))
	raw.WriteString("--b--\r\n")
	m := mailtest.ParseMessage(raw.Bytes())
	b.SetBytes(int64(raw.Len()))
	b.ReportAllocs()
	for b.Loop() {
		Check(m)
	}
}
