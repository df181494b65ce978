package imap_test

// What the test and the next client see at the very moment at which a client sees the end of its session.

import (
	"context"
	"net"
	"runtime"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/internal/endings"
)

// TestEnded repeats each session, since a server that is late is late only sometimes.
func TestEnded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		rule   mailtest.Rule
		script string
		ending mailtest.EndingKind // not checked if it is ClientClosed, which the server has yet to notice
	}{
		{"logout", mailtest.Rule{At: mailtest.Quit, Pace: 1}, "c -> a LOGOUT\ns <- * BYE *\ns <- a OK *\n", mailtest.ClientQuit},
		{"logout after a login", mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, "c -> a LOGIN bob@qq.com secret\ns <~ a OK *\nc -> b LOGOUT\ns <- * BYE *\ns <- b OK *\n", mailtest.ClientQuit},
		{"reset", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Reset}, "c -> a NOOP\ns !! reset\n", mailtest.ServerReset},
		{"close", mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Close}, "c -> a NOOP\ns !! close\n", mailtest.ServerClosed},
		{"refused", mailtest.Rule{At: mailtest.Noop, Reply: "NO Later", Drop: mailtest.Close}, "c -> a NOOP\ns <- a NO Later\n", mailtest.ServerClosed},
		{"half a reply", mailtest.Rule{At: mailtest.Noop, AfterBytes: 3, Drop: mailtest.Reset}, "c -> a NOOP\ns <= a O\n", mailtest.ServerReset},
		{"TLS at the wrong port", mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, "c => \\x16\\x03\\x01\\x00\\xa5\\n\\x00\ns !! close\n", mailtest.TLSFailed},
		{"closed by the client", mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, "c -> a CAPABILITY\n", mailtest.ClientClosed},
	} {
		for name, dial := range map[string]func(*imap.Server) (net.Conn, error){
			"memory":   func(srv *imap.Server) (net.Conn, error) { return srv.Dial(context.Background()) },
			"loopback": func(srv *imap.Server) (net.Conn, error) { return net.Dial("tcp", srv.Addr()) },
		} {
			if test.ending == mailtest.ClientClosed && name == "loopback" && runtime.GOOS != "linux" {
				continue // there the server does not know it before it reads
			}
			t.Run(test.name+", "+name, func(t *testing.T) {
				srv := imap.New(t, newStore())
				srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Reply: "* BYE Too many", When: func(a *mailtest.Attempt) bool { return a.Open > 1 }}, test.rule)
				refused := 0
				for i := range 100 {
					conn, err := dial(srv)
					must(t, err)
					t.Cleanup(func() { conn.Close() })
					if err := dialogue.Play(conn, "s <- * OK *\n"+test.script); err != nil {
						refused++
						t.Logf("session %d: %v", i+1, err)
					}
					if s := srv.Session(i + 1); test.ending != mailtest.ClientClosed && (s.End.IsZero() || s.Ending.Kind != test.ending) {
						t.Fatalf("when the client has seen the end of session %d, the transcript says:\n%s", i+1, s)
					}
					conn.Close()
				}
				late := test.ending == mailtest.ClientClosed && name == "loopback" && refused <= 5
				if refused > 0 && !late { // a busy kernel takes up the SYN of one processor before the FIN of another
					t.Errorf("%d sessions of 100 were refused", refused)
				}
			})
		}
	}
}

func TestSilenced(t *testing.T) {
	t.Parallel()
	newServer := func(t *testing.T) endings.Server { return imap.New(t, newStore()) }
	endings.Silenced(t, newServer, mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Silence}, "s <- * OK *\nc -> a NOOP\n")
}
