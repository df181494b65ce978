package mailtest_test

// Ready-made rules over several connections, and rules that tell connections apart, in virtual time.

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

func TestReadyMade(t *testing.T) {
	t.Parallel()
	greylisted := "@mail\nc -> RCPT TO:<c@d.example>\ns <- 451 4.7.1 *\nc -> QUIT\ns <- 221 *\ns !! close\n"
	for _, test := range []struct {
		name  string
		rules func() []mailtest.Rule
		texts []string // one for each connection, one after the other; "later" is ten minutes, "open" keeps the last one
	}{
		{"greylist", func() []mailtest.Rule { return []mailtest.Rule{mailtest.Greylist(10 * time.Minute)} }, []string{
			greylisted, greylisted, "later", "@sent\n",
			strings.ReplaceAll(greylisted, "c@d", "other@d"), "@sent\n",
		}},
		{"rate", func() []mailtest.Rule { return []mailtest.Rule{mailtest.RateLimit(2, 10*time.Minute)} }, []string{
			"@sent\n", "@sent\n", "@ehlo\nc -> MAIL FROM:<a@b.example>\ns <- 450 4.7.1 *\n", "later", "@sent\nc -> MAIL FROM:<>\ns <- 250 *\nc -> RSET\ns <- 250 *\nc -> MAIL FROM:<>\ns <- 450 *\n",
		}},
		{"messages on a connection", func() []mailtest.Rule { return []mailtest.Rule{mailtest.MessageLimit(1)} }, []string{
			"@sent\nc -> MAIL FROM:<a@b.example>\ns <- 421 4.7.0 *\ns !! close\n", "@sent\n",
		}},
		{"connections", func() []mailtest.Rule { return []mailtest.Rule{mailtest.ConnectionLimit(2)} }, []string{
			"@ehlo\n", "open", "@ehlo\n", "open", "s <- 421 4.7.0 *\ns !! close\n", "open", "s <- 421 4.7.0 *\ns !! close\n", "shut", "@sent\n", "shut", "@sent\n",
		}},
		{"maintenance", func() []mailtest.Rule { return []mailtest.Rule{mailtest.Maintenance(10 * time.Minute)} }, []string{
			"s <- 421 4.3.2 *\ns !! close\n", "later", "@sent\n",
		}},
		{"fail first", func() []mailtest.Rule { return []mailtest.Rule{mailtest.FailFirst(2)} }, []string{
			"@text\nc -> .\ns <- 451 4.3.0 *\n", "@text\nc -> .\ns <- 451 4.3.0 *\n", "@sent\n",
		}},
		{"fail none", func() []mailtest.Rule { return []mailtest.Rule{mailtest.FailFirst(0)} }, []string{"@sent\n"}},
		{"tarpit", func() []mailtest.Rule { return []mailtest.Rule{{At: mailtest.Rcpt, Delay: 5 * time.Minute}} }, []string{
			"@mail\nc -> RCPT TO:<c@d.example>\ns .. 5m\ns <- 250 *\nc -> RCPT TO:<e@d.example>\ns .. 5m\ns <- 250 *\n",
		}},
		{"the second connection", func() []mailtest.Rule {
			return []mailtest.Rule{{At: mailtest.Greeting, Session: 2, Reply: "554 5.3.2 No", Must: true}}
		}, []string{"@sent\n", "s <- 554 5.3.2 No\n", "@sent\n"}},
		{"for", func() []mailtest.Rule {
			return []mailtest.Rule{{At: mailtest.Noop, For: 10 * time.Minute, Reply: "450 Not now"}}
		}, []string{"@ehlo\nc -> NOOP\ns <- 450 Not now\n", "later", "@ehlo\nc -> NOOP\ns <- 250 *\n"}},
		{"begin", func() []mailtest.Rule {
			return []mailtest.Rule{{At: mailtest.Noop, Begin: 10 * time.Minute, For: 10 * time.Minute, Reply: "450 Not now"}}
		}, []string{"@ehlo\nc -> NOOP\ns <- 250 *\n", "later", "@ehlo\nc -> NOOP\ns <- 450 Not now\n", "later", "@ehlo\nc -> NOOP\ns <- 250 *\n"}},
		{"begin for ever", func() []mailtest.Rule {
			return []mailtest.Rule{{At: mailtest.Noop, Begin: 10 * time.Minute, Reply: "450 Not now"}}
		}, []string{"@ehlo\nc -> NOOP\ns <- 250 *\n", "later", "@ehlo\nc -> NOOP\ns <- 450 Not now\n", "later", "@ehlo\nc -> NOOP\ns <- 450 Not now\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(test.rules()...)
				var open []net.Conn
				for i, text := range test.texts {
					switch text {
					case "later":
						<-time.After(10 * time.Minute)
						continue
					case "open":
						continue
					case "shut":
						open[0].Close()
						open = open[1:]
						synctest.Wait()
						continue
					}
					conn := dialled(t, srv, connections[0])
					if err := (&dialogue.Player{Conn: conn, Exact: true}).Play(begun(text)); err != nil {
						t.Errorf("connection %d: %v", i+1, err)
					}
					if i+1 < len(test.texts) && test.texts[i+1] == "open" {
						open = append(open, conn)
						continue
					}
					conn.Close()
					synctest.Wait() // until the server has noticed
				}
			})
		})
	}
}

// With LMTP, a rule at Dot decides for each recipient, and the message is kept with those who were
// accepted.
func TestLMTP(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		rules   []mailtest.Rule
		refused []string
		kept    string
		acked   bool
	}{
		{"all", nil, nil, "one@d.example two@d.example three@d.example", true},
		{"one refused", []mailtest.Rule{{At: mailtest.Dot, To: "two@d.example", Reply: "452 4.2.2 Full"}}, []string{"two@d.example"}, "one@d.example three@d.example", true},
		{"one refused by a func", []mailtest.Rule{{At: mailtest.Dot, ReplyFunc: func(a *mailtest.Attempt) string {
			if a.To == "three@d.example" {
				return "550 5.1.1 Unknown"
			}
			return ""
		}}}, []string{"three@d.example"}, "one@d.example two@d.example", true},
		{"all refused", []mailtest.Rule{{At: mailtest.Dot, Reply: "552 5.3.4 Too big"}}, []string{"one@d.example", "two@d.example", "three@d.example"}, "", false},
		{"one lost", []mailtest.Rule{{At: mailtest.Dot, To: "one@d.example", Lose: true}}, nil, "two@d.example three@d.example", true},
		{"one kept and refused", []mailtest.Rule{{At: mailtest.Dot, To: "one@d.example", Keep: true, Reply: "451 4.3.0 Sorry"}}, []string{"one@d.example"}, "one@d.example two@d.example three@d.example", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := mailtest.New(t)
			srv.LMTP = true
			srv.AddRules(test.rules...)
			c := gosmtp.NewClientLMTP(dialled(t, srv, connections[1]))
			if err := c.Mail("a@b.example", nil); err != nil {
				t.Fatal(err)
			}
			for _, to := range []string{"one@d.example", "two@d.example", "three@d.example"} {
				if err := c.Rcpt(to, nil); err != nil {
					t.Fatal(err)
				}
			}
			w, err := c.Data()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(clientMessage)); err != nil {
				t.Fatal(err)
			}
			var refused gosmtp.LMTPDataError
			if err := w.Close(); err != nil && !errors.As(err, &refused) {
				t.Fatal(err)
			}
			if got, want := slices.Sorted(maps.Keys(refused)), slices.Sorted(slices.Values(test.refused)); !slices.Equal(got, want) {
				t.Errorf("refused to the client: got %q, want %q", got, want)
			}
			c.Quit()
			messages := srv.Messages()
			if test.kept == "" {
				if len(messages) != 0 {
					t.Errorf("got %d messages, want none", len(messages))
				}
				return
			}
			if len(messages) != 1 {
				t.Fatalf("got %d messages, want 1", len(messages))
			}
			var kept []string
			for _, r := range messages[0].Envelope.To {
				kept = append(kept, r.Address)
			}
			if got := strings.Join(kept, " "); got != test.kept || messages[0].Acked != test.acked {
				t.Errorf("kept for %q, acked %v; want %q, %v", got, messages[0].Acked, test.kept, test.acked)
			}
		})
	}
}
