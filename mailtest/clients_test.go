package mailtest_test

// Clients of others against every fault: they survive or fail, they know which, and nothing hangs.

import (
	"fmt"
	"net"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
)

const (
	clientPatience = 30 * time.Minute // of virtual time, for a session
	clientMessage  = "Subject: Hello\r\n\r\nHello\r\n"
)

// client sends one message on a connection. Its error is about the message, not about what comes after it.
type client struct {
	name string
	send func(conn net.Conn, from, to string) error
}

var clients = []client{
	{"net/smtp", func(conn net.Conn, from, to string) error {
		c, err := smtp.NewClient(conn, "localhost")
		if err != nil {
			return err
		}
		defer c.Close()
		if err := deliver(c, from, to, clientMessage); err != nil {
			return err
		}
		c.Quit()
		return nil
	}},
	{"go-smtp", func(conn net.Conn, from, to string) error {
		c := gosmtp.NewClient(conn)
		c.CommandTimeout, c.SubmissionTimeout = clientPatience, clientPatience
		defer c.Close()
		if err := c.SendMail(from, []string{to}, strings.NewReader(clientMessage)); err != nil {
			return err
		}
		c.Quit()
		return nil
	}},
}

// sent dials and sends a message, which must not last for ever.
func sent(t *testing.T, srv *mailtest.Server, c client) error {
	conn, err := srv.Dial(t.Context())
	if err != nil {
		return err
	}
	defer conn.Close()
	start := time.Now()
	conn.SetDeadline(start.Add(clientPatience))
	err = c.send(conn, "a@b.example", "c@d.example")
	if d := time.Since(start); d > 3*clientPatience { // of go-smtp, a command has it
		t.Errorf("%s: it took %v", c.name, d)
	}
	return err
}

// A client that believes that its message was accepted is right, and one that does not is so too,
// unless the reply was lost on the way or can be read in two ways.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, m := range moments {
		for _, f := range faults {
			rule, _ := row(m, f)
			if rule.Endless {
				rule.Pace = time.Second
			}
			for _, c := range clients {
				t.Run(m.at.String()+"/"+f.name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						srv := mailtest.New(t)
						srv.AddRules(rule)
						err := sent(t, srv, c)
						acked := 0
						for _, m := range srv.Messages() {
							if m.Acked {
								acked++
							}
						}
						switch {
						case err == nil && acked != 1 && !f.cut: // half a reply can be enough for a client
							t.Errorf("the client thinks that it has sent a message, and %d were acknowledged", acked)
						case err != nil && acked != 0 && !f.malformed:
							t.Errorf("the client fails with %v, and its message was acknowledged", err)
						case err != nil && len(srv.UnusedRules()) > 0:
							t.Errorf("the client fails with %v, and no rule has acted", err)
						}
					})
				})
			}
		}
	}
}

// chaosSession sends a message through a chaos until it is accepted, and returns all transcripts as text.
func chaosSession(t *testing.T, seed uint64, c client) string {
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Chaos(t, seed)...)
	tries := 1
	for sent(t, srv, c) != nil {
		if tries++; tries > 100 {
			t.Fatalf("the message is not through after %d attempts", tries)
		}
		<-time.After(time.Minute)
	}
	synctest.Wait()
	srv.Close()
	if len(srv.Messages()) == 0 {
		t.Error("the client thinks that it has sent a message, and there is none")
	}
	var all strings.Builder
	for _, s := range srv.Sessions() {
		all.WriteString(s.String())
	}
	return all.String()
}

// Whatever the chaos, a client that tries again gets through.
func TestChaos(t *testing.T) {
	t.Parallel()
	different := make(map[string]bool)
	for seed := range uint64(100) {
		for _, c := range clients {
			synctest.Test(t, func(t *testing.T) { different[chaosSession(t, seed+1, c)] = true })
		}
	}
	if len(different) < 100 {
		t.Errorf("100 seeds give %d different stories with two clients, want more", len(different))
	}
}

// The same faults lead to the same transcripts, byte for byte, the times included.
func TestSameAgain(t *testing.T) {
	t.Parallel()
	const seed = 66 // with which 11 of 12 rules act
	runs := 200
	switch {
	case mailtest.RaceEnabled:
		runs = 50
	case *large:
		runs = 1000
	}
	var first string
	for i := range runs {
		var again string
		synctest.Test(t, func(t *testing.T) { again = chaosSession(t, seed, clients[0]) })
		if i == 0 {
			first = again
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("run %d (-first +again):\n%s", i+1, diff)
		}
	}
	if got := strings.Count(first, "(rule "); got < 10 {
		t.Errorf("rules have acted %d times, want 10 and more, else this test says little:\n%s", got, first)
	}
}

// A seed always gives the same rules; if the test fails, it says which one it was.
func TestChaosSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64, fail bool) ([]mailtest.Rule, string) {
		var rules []mailtest.Rule
		f := &fakeTB{failed: fail}
		f.run(func() { rules = mailtest.Chaos(f, seed) })
		return rules, strings.Join(f.logs, "\n")
	}
	describe := func(rules []mailtest.Rule) string { return fmt.Sprintf("%+v", rules) }
	one, silent := draw(1, false)
	again, said := draw(1, true)
	if describe(one) != describe(again) {
		t.Errorf("seed 1 gives\n%+v\nand\n%+v", one, again)
	}
	if silent != "" || said != "mailtest: to see the same chaos again: mailtest.Chaos(t, 1)" {
		t.Errorf("a test that passes logs %q, one that fails %q", silent, said)
	}
	random, said := draw(0, true)
	var seed uint64
	if _, err := fmt.Sscanf(said, "mailtest: to see the same chaos again: mailtest.Chaos(t, %d)", &seed); err != nil {
		t.Fatalf("%q: %v", said, err)
	}
	if again, _ := draw(seed, false); describe(again) != describe(random) {
		t.Errorf("seed %d gives\n%+v\nthe first time it was\n%+v", seed, again, random)
	}
	for seed := range uint64(1000) { // all of them are rules that a server takes
		rules, _ := draw(seed+1, false)
		new(mailtest.Server).AddRules(rules...)
	}
}
