package pop3_test

// A panic in a store of the test during a login.

import (
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// faulty is a store of the test, which panics when its mail is first asked for.
type faulty struct {
	*mailstore.Memory
	asked bool
}

func (f *faulty) Mailboxes() mailstore.Store { return f }

func (f *faulty) Account(user string) (mailstore.Account, error) {
	if !f.asked {
		f.asked = true
		panic("no mail yet")
	}
	return f.Memory.Account(user)
}

// A login that panics in the store of the test does not keep the mailbox for ever.
func TestCrashInLogin(t *testing.T) {
	t.Parallel()
	srv := &pop3.Server{Source: &faulty{Memory: newStore()}}
	defer func() {
		if recover() == nil {
			t.Error("Close does not report the panic in the store")
		}
	}()
	defer srv.Close()
	const login = "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\n"
	for _, script := range []string{login + "s !! reset\n", login + "s <- +OK 3 messages\n"} {
		conn, err := srv.Dial(t.Context())
		must(t, err)
		defer conn.Close()
		if err := dialogue.Play(conn, script); err != nil {
			t.Error(err)
		}
	}
}
