package mailtest_test

// The reply codes that the article of this repository lists, each reached on the wire: most of them
// by what a client does, the rest by a rule.

import (
	"errors"
	"net/textproto"
	"strconv"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestReplyCodes(t *testing.T) {
	t.Parallel()
	const mail, rcpt = "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>"
	tests := []struct {
		code  int
		rule  mailtest.Rule // none if At is 0
		lines string        // what the client says; the last is answered with code
	}{
		{code: 211, rule: mailtest.Rule{At: mailtest.Help, Reply: "211 System status"}, lines: "HELP"},
		{code: 214, lines: "HELP"},
		{code: 220, lines: ""},
		{code: 221, lines: "QUIT"},
		{code: 421, rule: mailtest.Rule{At: mailtest.Greeting, Reply: "421 localhost Service not available", Drop: mailtest.Close}},
		{code: 421, rule: mailtest.Rule{At: mailtest.Data, Reply: "421 Shutting down", Drop: mailtest.Close}, lines: mail + "\n" + rcpt + "\nDATA"},
		{code: 250, lines: "NOOP"},
		{code: 251, rule: mailtest.Rule{At: mailtest.Rcpt, Reply: "251 User not local; will forward to <e@f.example>"}, lines: mail + "\n" + rcpt},
		{code: 354, lines: mail + "\n" + rcpt + "\nDATA"},
		{code: 450, rule: mailtest.Rule{At: mailtest.Rcpt, Reply: "450 4.2.1 Mailbox busy"}, lines: mail + "\n" + rcpt},
		{code: 451, rule: mailtest.Rule{At: mailtest.Dot, Reply: "451 4.3.0 Local error"}, lines: mail + "\n" + rcpt + "\nDATA\n."},
		{code: 452, rule: mailtest.Rule{At: mailtest.Mail, Reply: "452 4.3.1 Disk full"}, lines: mail},
		{code: 500, lines: "XYZZY"},
		{code: 501, lines: "MAIL FROM:"},
		{code: 502, lines: "EXPN staff"},
		{code: 503, lines: rcpt},
		{code: 504, lines: "AUTH GSSAPI"},
		{code: 550, rule: mailtest.Rule{At: mailtest.Rcpt, To: "c@d.example", Reply: "550 5.1.1 No such user"}, lines: mail + "\n" + rcpt},
		{code: 551, rule: mailtest.Rule{At: mailtest.Rcpt, Reply: "551 5.1.6 Try <e@f.example>"}, lines: mail + "\n" + rcpt},
		{code: 552, lines: mail + " SIZE=1000000000"},
		{code: 553, lines: "MAIL FROM:<\xe7\x8e\x8b@b.example>"},
		{code: 554, lines: mail + "\nRCPT TO:<bad>\nDATA"},
	}
	for _, test := range tests {
		for _, c := range connections {
			t.Run(strconv.Itoa(test.code)+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				srv := mailtest.New(t)
				srv.ImplicitTLS = c.implicit
				if test.rule.At != 0 {
					srv.AddRules(test.rule)
				}
				conn, err := c.dial(t.Context(), srv)
				if err != nil {
					t.Fatal(err)
				}
				client := textproto.NewConn(conn)
				defer client.Close()
				got, err := readCode(client)
				if err == nil && test.lines != "" {
					for line := range strings.SplitSeq("EHLO client.example\n"+test.lines, "\n") {
						client.PrintfLine("%s", line)
						if got, err = readCode(client); err != nil {
							break
						}
					}
				}
				if err != nil || got != test.code {
					t.Errorf("got %d, %v, want %d", got, err, test.code)
				}
				if test.code == 251 { // it is an acceptance
					client.PrintfLine("DATA")
					if got, err := readCode(client); got != 354 {
						t.Errorf("DATA: got %d, %v, want 354", got, err)
					}
				}
				if test.code == 421 {
					if _, err := client.ReadLine(); err == nil {
						t.Error("after 421: got a line, want the end of the connection")
					}
				}
			})
		}
	}
}

// readCode reads a reply and returns its code.
func readCode(c *textproto.Conn) (int, error) {
	code, _, err := c.ReadResponse(0)
	if e := (*textproto.Error)(nil); errors.As(err, &e) {
		return e.Code, nil
	}
	return code, err
}

// A server that has refused in its greeting says 503 to everything but QUIT (RFC 5321 §3.1).
func TestRefusedByGreeting(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Reply: "554 No SMTP service here"})
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := textproto.NewConn(conn)
	defer client.Close()
	for _, test := range []struct {
		line string
		want int
	}{{"", 554}, {"EHLO client.example", 503}, {"MAIL FROM:<>", 503}, {"XYZZY", 503}, {"BDAT 0 LAST", 503}, {"STARTTLS", 503}, {"QUIT", 221}} {
		if test.line != "" {
			client.PrintfLine("%s", test.line)
		}
		if got, err := readCode(client); got != test.want {
			t.Errorf("%q: got %d, %v, want %d", test.line, got, err, test.want)
		}
	}
}

// Rules that contradict what the server does must not put it out of step with its client.
func TestLies(t *testing.T) {
	t.Parallel()
	lie := func(at mailtest.Stage, reply string) mailtest.Rule {
		return mailtest.Rule{At: at, Reply: reply, Lie: true, Times: 1}
	}
	tests := []struct {
		name   string
		rules  []mailtest.Rule
		dialog string // after EHLO
	}{
		{"250 for 354", []mailtest.Rule{lie(mailtest.Data, "250 Fine")}, `
c -> MAIL FROM:<a@b.example>
s <- 250 *
c -> RCPT TO:<c@d.example>
s <- 250 *
c -> DATA
s <- 250 Fine
c -> NOOP
s <- 250 2.0.0 OK
c -> DATA
s <- 503 *
`},
		{"250 for 354 is no agreement", []mailtest.Rule{{At: mailtest.Data, ReplyFunc: func(*mailtest.Attempt) string { return "250 Fine" }}}, `
c -> MAIL FROM:<a@b.example>
s <- 250 *
c -> RCPT TO:<c@d.example>
s <- 250 *
c -> DATA
s <- 354 *
c -> .
s <- 250 *
= message*
`},
		{"354 for 503", []mailtest.Rule{lie(mailtest.Data, "354 Go")}, `
c -> DATA
s <- 354 Go
c -> NOOP
c -> .
s <- 503 *
c -> NOOP
s <- 250 *
`},
		{"250 for 503 at the end", []mailtest.Rule{lie(mailtest.Data, "354 Go"), lie(mailtest.Dot, "250 Got it")}, `
c -> DATA
s <- 354 Go
c -> lost
c -> .
s <- 250 Got it
c -> NOOP
s <- 250 *
`},
		{"235 for 334", []mailtest.Rule{lie(mailtest.Auth, "235 Welcome")}, `
c -> AUTH LOGIN
s <- 235 Welcome
c -> NOOP
s <- 250 2.0.0 OK
c -> AUTH PLAIN AGJvYgBwdw==
s <- 235 2.7.0 *
`},
		{"235 for the second 334", []mailtest.Rule{lie(mailtest.AuthStep, "235 Welcome")}, `
c -> AUTH LOGIN
s <- 334 *
c -> Ym9i
s <- 235 Welcome
c -> NOOP
s <- 250 2.0.0 OK
`},
		{"334 for 235", []mailtest.Rule{lie(mailtest.AuthStep, "334 Zm9v"), {At: mailtest.Auth, Reply: "334 "}}, `
c -> AUTH PLAIN
s <- 334 
c -> AGJvYgBwdw==
s <- 334 Zm9v
c -> c2VjcmV0
s <- 500 *
c -> NOOP
s <- 250 *
`},
		{"535 in the middle", []mailtest.Rule{{At: mailtest.AuthStep, Reply: "535 5.7.8 No", Times: 1}}, `
c -> AUTH LOGIN
s <- 334 *
c -> Ym9i
s <- 535 5.7.8 No
c -> c2VjcmV0
s <- 500 *
c -> AUTH LOGIN
s <- 334 *
c -> Ym9i
s <- 334 *
c -> c2VjcmV0
s <- 235 *
`},
		{"250 for a refused chunk", []mailtest.Rule{lie(mailtest.Bdat, "250 Fine")}, `
c => BDAT 3\r\nabc
s <- 250 Fine
c -> NOOP
s <- 250 2.0.0 OK
`},
		{"refused chunk", []mailtest.Rule{{At: mailtest.Bdat, Reply: "451 4.3.0 No", Times: 1}}, `
c -> MAIL FROM:<a@b.example>
s <- 250 *
c -> RCPT TO:<c@d.example>
s <- 250 *
c => BDAT 3\r\nabc
s <- 451 *
c -> MAIL FROM:<a@b.example>
s <- 250 *
c -> RCPT TO:<c@d.example>
s <- 250 *
c => BDAT 3 LAST\r\nabc
s <- 250 *
= message*
`},
		{"refused MAIL", []mailtest.Rule{{At: mailtest.Mail, Reply: "451 4.3.0 No", Times: 1}}, `
c -> MAIL FROM:<a@b.example>
s <- 451 *
c -> RCPT TO:<c@d.example>
s <- 503 *
c -> MAIL FROM:<a@b.example>
s <- 250 *
`},
	}
	for _, test := range tests {
		for _, c := range connections[:2] {
			t.Run(test.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				d := parseDialog("s <- 220 *\nc -> EHLO client.example\ns <~ 250 *" + test.dialog)
				play(t, d, c, test.rules...)
			})
		}
	}
}
