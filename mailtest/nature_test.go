package mailtest_test

// What a server does by its nature: Server.Rules and Server.Reword.

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// say sends the lines to a new connection one at a time, and returns the replies, lines joined by
// "\n", after the greeting.
func say(t *testing.T, srv *mailtest.Server, lines ...string) []string {
	t.Helper()
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := bufio.NewReader(conn)
	var replies []string
	for i := -1; i < len(lines); i++ {
		if i >= 0 {
			if _, err := fmt.Fprintf(conn, "%s\r\n", lines[i]); err != nil {
				t.Fatal(err)
			}
		}
		var reply []string
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("after %q: %v", reply, err)
			}
			reply = append(reply, strings.TrimSuffix(line, "\r\n"))
			if len(line) < 4 || line[3] != '-' {
				break
			}
		}
		replies = append(replies, strings.Join(reply, "\n"))
	}
	return replies
}

func TestServerRules(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Rules = []mailtest.Rule{{At: mailtest.Mail, Reply: "550 by nature"}}
	srv.AddRules(mailtest.Rule{At: mailtest.Mail, Times: 1, Reply: "451 by the test"})
	dialogue := []string{"EHLO c.example", "MAIL FROM:<a@c.example>", "MAIL FROM:<a@c.example>"}
	got := say(t, srv, dialogue...)[2:]
	if want := []string{"451 by the test", "550 by nature"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("replies to MAIL = %q, want %q", got, want)
	}
	if turns := srv.Sessions()[0].Turns; turns[2].Rule != 1 || turns[3].Rule != 0 {
		t.Errorf("rules in the transcript = %d, %d, want 1, 0", turns[2].Rule, turns[3].Rule)
	}
	srv.Reset()
	if unused := srv.UnusedRules(); len(unused) != 0 {
		t.Errorf("unused rules = %v, want none", unused)
	}
	got = say(t, srv, dialogue...)[2:]
	if want := []string{"550 by nature", "550 by nature"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("replies to MAIL after Reset = %q, want %q", got, want)
	}
}

// A rule of Server.Rules acts and is counted where there is no command, as one that was added is.
func TestServerRulesBesideCommands(t *testing.T) {
	t.Parallel()
	const mail = "c -> MAIL FROM:<a@c.example>\ns <- 250 *\nc -> RCPT TO:<b@c.example>\ns <- 250 *\n"
	const data = mail + "c -> DATA\ns <- 354 *\n"
	const hello = "s <- 220 *\n" + "c -> EHLO c.example\ns <~ 250 *\n"
	for _, test := range []struct {
		name     string
		rule     mailtest.Rule
		dialogue string
	}{
		{
			"idle", mailtest.Rule{At: mailtest.Idle, Delay: time.Millisecond, Times: 1, Reply: "421 4.4.2 Too slow"},
			"s <- 220 *\ns <- 421 4.4.2 Too slow\n",
		},
		{
			"last chunk", mailtest.Rule{At: mailtest.Dot, Reply: "554 5.6.0 No"},
			hello + mail + "c => BDAT 3 LAST\\r\\nabc\ns <- 554 5.6.0 No\n",
		},
		{
			"body", mailtest.Rule{At: mailtest.Body, Times: 1, Reply: "451 4.3.0 Once"},
			hello + data + "s <- 451 *\nc -> .\n" + data + "c -> .\ns <- 250 *\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			srv.Rules = []mailtest.Rule{test.rule}
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := dialogue.Play(conn, test.dialogue); err != nil {
				t.Error(err)
			}
			for _, turn := range srv.Sessions()[0].Turns {
				if turn.Rule != 0 {
					t.Errorf("rule in the transcript at %v = %d, want 0", turn.Stage, turn.Rule)
				}
			}
		})
	}
}

func TestServerRulesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	defer func() {
		if got, want := fmt.Sprint(recover()), "mailtest: rule 1 of Server.Rules: the rule at Mail does nothing"; !strings.HasPrefix(got, want) {
			t.Errorf("panic = %q, want %q…", got, want)
		}
	}()
	srv := &mailtest.Server{Rules: []mailtest.Rule{{At: mailtest.Mail}}}
	srv.Addr()
}

func TestReword(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Users = map[string]string{"bob": "secret"}
	srv.Reword = func(a *mailtest.Attempt, reply string) string {
		switch {
		case a.Stage == mailtest.Greeting:
			return "220 hello"
		case a.Stage == mailtest.Helo:
			return "250-hello\n250 AUTH PLAIN"
		case strings.HasPrefix(reply, "535"):
			return "550 not you, " + a.User
		case a.Stage == mailtest.Unknown:
			return "502 what?"
		case a.Stage == mailtest.Noop:
			return "550 a refusal in place of a 250"
		case a.Stage == mailtest.Mail:
			return "250 an acceptance in place of a 530"
		}
		return reply
	}
	got := say(t, srv, "EHLO c.example", "AUTH PLAIN AGJvYgBndWVzcw==", "XYZZY", "NOOP", "MAIL FROM:<a@c.example>", "QUIT")
	want := []string{
		"220 hello", "250-hello\n250 AUTH PLAIN", "550 not you, bob", "502 what?", "250 2.0.0 OK", "530 5.7.0 Authentication required",
		"221 2.0.0 Bye",
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("replies = %q, want %q", got, want)
	}
}

// Lose with To loses a message for those recipients, and for nobody else.
func TestLoseForSome(t *testing.T) {
	t.Parallel()
	for _, lmtp := range []bool{false, true} {
		for to, want := range map[string]string{
			"": "", "bob@qq.com": "ann@163.com eve@qq.com", "@qq.com": "ann@163.com", "@163.com": "bob@qq.com eve@qq.com",
		} {
			srv := mailtest.New(t)
			srv.LMTP = lmtp
			srv.AddRules(mailtest.Rule{At: mailtest.Dot, To: to, Lose: true})
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			hello, all := "EHLO a", []string{"bob@qq.com", "ann@163.com", "eve@qq.com"}
			if lmtp {
				hello = "LHLO a"
			}
			steps := []string{"220", hello, "250", "MAIL FROM:<a@a.example>", "250"}
			for _, rcpt := range all {
				steps = append(steps, "RCPT TO:<"+rcpt+">", "250")
			}
			steps = append(steps, "DATA", "354", "Hi\r\n.", "250")
			if err := raw(conn, append(steps, "QUIT")...); err != nil {
				t.Fatal(err)
			}
			s := srv.WaitSession(t, 1)
			got := ""
			for _, m := range srv.Messages() {
				var left []string
				for _, r := range m.Envelope.To {
					left = append(left, r.Address)
				}
				slices.Sort(left)
				got += strings.Join(left, " ")
			}
			if got != want {
				t.Errorf("LMTP %v, lost for %q: kept for %q, want %q\n%v", lmtp, to, got, want, s)
			}
			dots := 0
			for _, turn := range s.Turns {
				if turn.Stage == mailtest.Dot && turn.Reply[:3] == "250" {
					dots++
				}
			}
			if dots != 1 && !lmtp || lmtp && dots != 3 {
				t.Errorf("LMTP %v, lost for %q: %d replies say 250", lmtp, to, dots)
			}
		}
	}
}
