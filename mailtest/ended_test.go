package mailtest_test

// What the test and the next client see at the very moment at which a client sees the end of its session.

import (
	"runtime"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/internal/endings"
)

// TestEnded repeats each session, since a server that is late is late only sometimes.
func TestEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		rule   mailtest.Rule
		script string
		ending mailtest.EndingKind
	}{
		{"quit", mailtest.Rule{At: mailtest.Vrfy, Reply: "502 5.5.1 No"}, "c -> QUIT\ns <- 221 *\n", mailtest.ClientQuit},
		{"quit, paced", mailtest.Rule{At: mailtest.Quit, Pace: 1}, "c -> QUIT\ns <- 221 *\n", mailtest.ClientQuit},
		{"reset", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Reset}, "c -> NOOP\ns !! reset\n", mailtest.ServerReset},
		{"close", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Close}, "c -> NOOP\ns !! close\n", mailtest.ServerClosed},
		{"cut", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Cut}, "c -> NOOP\ns !! cut\n", mailtest.ServerCut},
		{"refused", mailtest.Rule{At: mailtest.Noop, Reply: "421 4.3.2 Later", Drop: mailtest.Close}, "c -> NOOP\ns <- 421 *\n", mailtest.ServerClosed},
		{"half a reply", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Reset, AfterBytes: 3}, "c -> NOOP\ns <= 250\n", mailtest.ServerReset},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, c := range append(connections[:2:2], connections[3]) {
				srv := mailtest.New(t)
				srv.TLS = quickTLS()
				srv.Rules = []mailtest.Rule{mailtest.ConnectionLimit(1), test.rule}
				repeat := 100
				if c.tls {
					repeat = 20
				}
				for i := range repeat {
					conn := dialled(t, srv, c)
					script := "s <- 220 *\n" + test.script
					if test.rule.Drop == mailtest.Cut && !c.tls {
						script = "s <- 220 *\nc -> NOOP\ns !! close\n"
					}
					if err := dialogue.Play(conn, script); err != nil {
						t.Fatalf("%s, session %d: %v", c.name, i+1, err)
					}
					if s := srv.Session(i + 1); s.End.IsZero() || s.Ending.Kind != test.ending {
						t.Fatalf("%s: when the client has seen the end of session %d, the transcript says:\n%s", c.name, i+1, s)
					}
					if srv.Reset(); len(srv.Sessions()) != 0 {
						t.Fatalf("%s: Reset has not forgotten session %d, whose client has seen the end", c.name, i+1)
					}
					conn.Close()
				}
			}
		})
	}
}

// A client that has closed its connection does not count as open any more.
func TestClosedByClient(t *testing.T) {
	t.Parallel()
	for _, c := range connections[:2] {
		if c.name == "loopback" && runtime.GOOS != "linux" {
			continue // where the server can't know it before it reads
		}
		for _, script := range []string{"", "c => NO", "c -> NOOP\nc !! reset\n", "c -> NOOP\ns <- 250 *\n", "c -> QUIT\n"} {
			t.Run(c.name, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(mailtest.ConnectionLimit(1))
				for i := range 100 {
					conn := dialled(t, srv, c)
					if err := dialogue.Play(conn, "s <- 220 *\n"+script); err != nil {
						t.Fatalf("session %d after %q: %v", i+1, script, err)
					}
					machine.HangUp(conn)
				}
			})
		}
	}
}

func TestSilenced(t *testing.T) {
	t.Parallel()
	newServer := func(t *testing.T) endings.Server { return mailtest.New(t) }
	endings.Silenced(t, newServer, mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Silence}, "s <- 220 *\nc -> NOOP\n")
}
