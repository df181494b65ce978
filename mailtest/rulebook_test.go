package mailtest_test

// Rules that make no sense are refused, and the text says what to write instead.

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/internal/stage"
)

func TestBadRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule mailtest.Rule
		want string // in the text
	}{
		{mailtest.Rule{Reply: "450 Later"}, "say where the rule acts, such as mailtest.Rcpt"},
		{mailtest.Rule{At: 200, Reply: "450 Later"}, "At is not a stage"},
		{mailtest.Rule{At: 63, Reply: "450 Later"}, "At is not a stage"},
		{mailtest.Rule{At: stage.Retr, Drop: mailtest.Reset}, "At is Retr, a stage of POP3 or IMAP; an SMTP server never comes to it"},
		{mailtest.Rule{At: mailtest.Rcpt}, "does nothing; set Reply, Delay, Drop"},
		{mailtest.Rule{At: mailtest.Helo, Hide: []string{}}, "does nothing"},

		{mailtest.Rule{At: mailtest.Rcpt, Reply: "Later"}, `does not begin with a code; write "450 4.7.1 Try again later"; to send something malformed, set Raw`},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "45 Later"}, "does not begin with a code"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "650 Later"}, "does not begin with a code"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "4500 Later"}, "after the code comes a space, or a hyphen"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "450-a\n451 b"}, "each line begins with the same code, here 450"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "450 a\n450 b"}, `there are more; write "450-"`},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "450-a"}, `promises more; write "450 "`},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "354 Go"}, "is of the 2xx kind; set Lie"},
		{mailtest.Rule{At: mailtest.Data, Reply: "250 OK"}, "reply to DATA is 354; set Lie"},
		{mailtest.Rule{At: mailtest.Unknown, Reply: "250 OK"}, "is never sent"},
		{mailtest.Rule{At: mailtest.Unknown, Raw: true, Reply: "250 OK\n"}, "is never sent"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "450 a", ReplyFunc: func(*mailtest.Attempt) string { return "" }}, "Reply and ReplyFunc are both set; keep one"},
		{mailtest.Rule{At: mailtest.Rcpt, Drop: mailtest.Close, Raw: true}, "Raw without a Reply"},
		{mailtest.Rule{At: mailtest.Rcpt, Drop: mailtest.Close, Lie: true}, "Lie without a Reply"},
		{mailtest.Rule{At: mailtest.Rcpt, Drop: mailtest.Close, Endless: true}, "Endless without a Reply"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "250-a", Endless: true, Drop: mailtest.Close}, "Endless never comes to Drop"},

		{mailtest.Rule{At: mailtest.Helo, From: "a@b.example", Reply: "550 No"}, "there is no sender before MAIL"},
		{mailtest.Rule{At: mailtest.Mail, To: "a@b.example", Reply: "550 No"}, "there is no recipient before RCPT"},
		{mailtest.Rule{At: mailtest.Greeting, Helo: "a", Reply: "550 No"}, "the client has not said its name yet"},
		{mailtest.Rule{At: mailtest.Greeting, User: "a", Reply: "550 No"}, "nobody has authenticated yet"},
		{mailtest.Rule{At: mailtest.Greeting, Nth: 2, Reply: "550 No"}, "for the n-th connection set Session"},
		{mailtest.Rule{At: mailtest.Dot, Command: "DATA", Reply: "550 No"}, "the client has sent no command there"},
		{mailtest.Rule{At: mailtest.Handshake, Encrypted: true, Drop: mailtest.Close}, "TLS begins after it"},
		{mailtest.Rule{At: mailtest.Rcpt, Header: "Subject: x", Reply: "550 No"}, "Header at Rcpt means nothing; it is for At: mailtest.Dot"},
		{mailtest.Rule{At: mailtest.Data, Content: "x", Reply: "550 No"}, "Content at Data means nothing"},
		{mailtest.Rule{At: mailtest.Dot, Header: "Subject", Reply: "550 No"}, `has no colon; write "Subject: some words of it"`},
		{mailtest.Rule{At: mailtest.Rcpt, Client: "example.com", Reply: "550 No"}, "neither an address nor a prefix"},
		{mailtest.Rule{At: mailtest.Rcpt, To: "qq.com", Reply: "550 No"}, `write "@qq.com"`},
		{mailtest.Rule{At: mailtest.Mail, From: "qq.com", Reply: "550 No"}, `write "@qq.com"`},
		{mailtest.Rule{At: mailtest.Rcpt, To: "<bob@qq.com>", Reply: "550 No"}, `write "bob@qq.com" or "@qq.com"`},
		{mailtest.Rule{At: mailtest.Rcpt, From: "Bob <bob@qq.com>", Reply: "550 No"}, `"<>"`},
		{mailtest.Rule{At: mailtest.Rcpt, Plain: true, Encrypted: true, Reply: "550 No"}, "leave both out for all connections"},

		{mailtest.Rule{At: mailtest.Rcpt, Times: -1, Reply: "550 No"}, "Times is -1; it can't be negative"},
		{mailtest.Rule{At: mailtest.Rcpt, Delay: -time.Second}, "Delay is -1s; it can't be negative"},
		{mailtest.Rule{At: mailtest.Rcpt, Drop: 9}, "use Close, Cut, Reset or Silence"},
		{mailtest.Rule{At: mailtest.Rcpt, AfterBytes: 3, Reply: "550 No"}, "there is no Drop"},
		{mailtest.Rule{At: mailtest.Body, AfterReply: true, Drop: mailtest.Close}, "write At: mailtest.Dot"},
		{mailtest.Rule{At: mailtest.Body, Pace: time.Second, Drop: mailtest.Close}, "no bytes of the server's own to pace"},
		{mailtest.Rule{At: mailtest.Idle, Reply: "421 Bye"}, "Idle needs a Delay"},
		{mailtest.Rule{At: mailtest.Idle, Delay: time.Second}, "Idle needs a Reply or a Drop"},

		{mailtest.Rule{At: mailtest.Rcpt, Keep: true, Reply: "550 No"}, "Keep at Rcpt means nothing"},
		{mailtest.Rule{At: mailtest.Dot, Keep: true}, "it is for a Reply that refuses, or a Drop"},
		{mailtest.Rule{At: mailtest.Dot, Keep: true, Lose: true, Drop: mailtest.Close}, "Keep and Lose contradict each other"},
		{mailtest.Rule{At: mailtest.Dot, Lose: true, Reply: "550 No"}, "leave Lose out"},
		{mailtest.Rule{At: mailtest.Rcpt, Hide: []string{"SIZE"}}, "it is for At: mailtest.Helo"},
		{mailtest.Rule{At: mailtest.Rcpt, Add: []string{"SIZE 1"}}, "it is for At: mailtest.Helo"},
		{mailtest.Rule{At: mailtest.StartTLS, Certificate: mailtest.Expired}, "it is for At: mailtest.Handshake"},
		{mailtest.Rule{At: mailtest.Handshake, Certificate: 9}, "use Expired, NotYetValid, SelfSigned, OtherName or UnknownCA"},
		{mailtest.Rule{At: mailtest.StartTLS, ClientCertificate: true}, "it is for At: mailtest.Handshake"},
		{mailtest.Rule{At: mailtest.StartTLS, MaxTLS: tls.VersionTLS12}, "it is for At: mailtest.Handshake"},
		{mailtest.Rule{At: mailtest.Handshake, MaxTLS: 12}, "use tls.VersionTLS10 to tls.VersionTLS13"},
	} {
		srv := &mailtest.Server{}
		good := mailtest.Rule{At: mailtest.Noop, Reply: "450 4.0.0 Good"}
		got := refusal(func() { srv.AddRules(good, test.rule) })
		if !strings.HasPrefix(got, "mailtest: rule 2 of this call: ") || !strings.Contains(got, test.want) {
			t.Errorf("%+v: got %q, want a refusal of rule 2 with %q", test.rule, got, test.want)
		}
		if n := len(srv.UnusedRules()); n != 0 {
			t.Errorf("%+v: %d rules are in force, want none of a call that fails", test.rule, n)
		}
	}
}

// refusal is what f panics with.
func refusal(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return
}

// A rule that must act and never did makes the test fail, and says which one it was.
func TestMust(t *testing.T) {
	t.Parallel()
	var errs []string
	f := &errorTB{fakeTB: &fakeTB{}, errs: &errs}
	f.run(func() {
		srv := mailtest.New(f)
		srv.Rules = []mailtest.Rule{
			{At: mailtest.Data, Must: true, Delay: time.Millisecond},
			{At: mailtest.Vrfy, Must: true, Reply: "252 2.5.2 Try it"},
		}
		srv.AddRules(
			mailtest.Rule{At: mailtest.Mail, Must: true, Delay: time.Millisecond},
			mailtest.Rule{At: mailtest.Rcpt, To: "nobody@d.example", Must: true, Reply: "550 5.1.1 Unknown"},
			mailtest.Rule{At: mailtest.Body, Must: true, AfterBytes: 1000, Drop: mailtest.Reset}, // the message is shorter
			mailtest.Rule{At: mailtest.Quit, Delay: time.Hour},
		)
		if err := dialogue.Play(dialled(t, srv, connections[0]), begun("@sent")); err != nil {
			t.Error(err)
		}
		if got := len(srv.UnusedRules()); got != 3 {
			t.Errorf("%d rules are unused, want 3", got)
		}
	})
	want := []string{`mailtest: a rule that must act never did: At: Vrfy, Reply: "252 2.5.2 Try it"
mailtest: a rule that must act never did: At: Rcpt, To: "nobody@d.example", Reply: "550 5.1.1 Unknown"
mailtest: a rule that must act never did: At: Body, Drop: Reset, AfterBytes: 1000`}
	if !slices.Equal(errs, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(errs, "\n"), strings.Join(want, "\n"))
	}
}

// errorTB is a fakeTB whose errors are looked at.
type errorTB struct {
	*fakeTB
	errs *[]string
}

func (e *errorTB) Error(args ...any) { *e.errs = append(*e.errs, fmt.Sprint(args...)) }
