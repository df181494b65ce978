package pop3_test

// What the test and the next client see at the very moment at which a client sees the end of its session.

import (
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/endings"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

func newServer(t *testing.T) endings.Server { return pop3.New(t, newStore()) }

func TestEnded(t *testing.T) {
	t.Parallel()
	endings.Ended(t, newServer, "s <- +OK *\n", "-ERR Too many", []endings.Case{
		{Name: "quit", Rule: mailtest.Rule{At: mailtest.Quit, Pace: 1}, Script: "c -> QUIT\ns <- +OK Bye\n", Ending: mailtest.ClientQuit},
		{Name: "quit after a login", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "-ERR"}, Script: "c -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK *\nc -> QUIT\ns <- +OK Bye\n", Ending: mailtest.ClientQuit},
		{Name: "reset", Rule: mailtest.Rule{At: pop3.Capa, Drop: mailtest.Reset}, Script: "c -> CAPA\ns !! reset\n", Ending: mailtest.ServerReset},
		{Name: "close", Rule: mailtest.Rule{At: pop3.Capa, Drop: mailtest.Close}, Script: "c -> CAPA\ns !! close\n", Ending: mailtest.ServerClosed},
		{Name: "refused", Rule: mailtest.Rule{At: pop3.Capa, Reply: "-ERR Later", Drop: mailtest.Close}, Script: "c -> CAPA\ns <- -ERR Later\n", Ending: mailtest.ServerClosed},
		{Name: "half a reply", Rule: mailtest.Rule{At: pop3.Capa, AfterBytes: 3, Drop: mailtest.Reset}, Script: "c -> CAPA\ns <= +OK\n", Ending: mailtest.ServerReset},
		{Name: "TLS at the wrong port", Rule: mailtest.Rule{At: pop3.Capa, Reply: "-ERR"}, Script: "c => \\x16\\x03\\x01\\x00\\xa5\\n\\x00\ns !! close\n", Ending: mailtest.TLSFailed},
		{Name: "closed by the client", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "-ERR"}, Script: "c -> CAPA\n", Ending: mailtest.ClientClosed},
	})
}

func TestSilenced(t *testing.T) {
	t.Parallel()
	endings.Silenced(t, newServer, mailtest.Rule{At: pop3.Capa, Drop: mailtest.Silence}, "s <- +OK *\nc -> CAPA\n")
}

func TestNoHandshake(t *testing.T) {
	t.Parallel()
	endings.NoHandshake(t, func(t *testing.T) endings.Server {
		srv := pop3.New(t, newStore())
		srv.ImplicitTLS = true
		return srv
	})
}
