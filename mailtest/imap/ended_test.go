package imap_test

// What the test and the next client see at the very moment at which a client sees the end of its session.

import (
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/internal/endings"
)

func newServer(t *testing.T) endings.Server { return imap.New(t, newStore()) }

func TestEnded(t *testing.T) {
	t.Parallel()
	endings.Ended(t, newServer, "s <- * OK *\n", "* BYE Too many", []endings.Case{
		{Name: "logout", Rule: mailtest.Rule{At: mailtest.Quit, Pace: 1}, Script: "c -> a LOGOUT\ns <- * BYE *\ns <- a OK *\n", Ending: mailtest.ClientQuit},
		{Name: "logout after a login", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, Script: "c -> a LOGIN bob@qq.com secret\ns <~ a OK *\nc -> b LOGOUT\ns <- * BYE *\ns <- b OK *\n", Ending: mailtest.ClientQuit},
		{Name: "reset", Rule: mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Reset}, Script: "c -> a NOOP\ns !! reset\n", Ending: mailtest.ServerReset},
		{Name: "close", Rule: mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Close}, Script: "c -> a NOOP\ns !! close\n", Ending: mailtest.ServerClosed},
		{Name: "refused", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "NO Later", Drop: mailtest.Close}, Script: "c -> a NOOP\ns <- a NO Later\n", Ending: mailtest.ServerClosed},
		{Name: "half a reply", Rule: mailtest.Rule{At: mailtest.Noop, AfterBytes: 3, Drop: mailtest.Reset}, Script: "c -> a NOOP\ns <= a O\n", Ending: mailtest.ServerReset},
		{Name: "TLS at the wrong port", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, Script: "c => \\x16\\x03\\x01\\x00\\xa5\\n\\x00\ns !! close\n", Ending: mailtest.TLSFailed},
		{Name: "closed by the client", Rule: mailtest.Rule{At: mailtest.Noop, Reply: "NO"}, Script: "c -> a CAPABILITY\n", Ending: mailtest.ClientClosed},
	})
}

func TestSilenced(t *testing.T) {
	t.Parallel()
	endings.Silenced(t, newServer, mailtest.Rule{At: mailtest.Noop, Drop: mailtest.Silence}, "s <- * OK *\nc -> a NOOP\n")
}

func TestNoHandshake(t *testing.T) {
	t.Parallel()
	endings.NoHandshake(t, func(t *testing.T) endings.Server {
		srv := imap.New(t, newStore())
		srv.ImplicitTLS = true
		return srv
	})
}
