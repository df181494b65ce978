package imap_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
)

// What a client meets where a rule acts, in virtual time.
func TestRules(t *testing.T) {
	t.Parallel()
	const inbox = login + "c -> a SELECT INBOX\n" + selectedBox + "s <- a OK *\n"
	tests := []struct {
		name   string
		rule   mailtest.Rule
		script string
		ending mailtest.EndingKind
	}{
		{"busy", mailtest.Rule{At: mailtest.Greeting, Reply: "* BYE Too busy"}, "s <- * BYE Too busy\ns !! close", mailtest.ServerClosed},
		{"another greeting", mailtest.Rule{At: mailtest.Greeting, Reply: "* OK Dovecot ready."}, "s <- * OK Dovecot ready.\nc -> a NOOP\ns <- a OK *\n", mailtest.ServerStopped},
		{"late greeting", mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute}, "s .. 1m\n" + login, mailtest.ServerStopped},
		{"a login refused", mailtest.Rule{At: imap.Login, Times: 1, Reply: "NO [UNAVAILABLE] Later"},
			"s <- * OK *\nc -> a LOGIN bob@qq.com secret\ns <- a NO [UNAVAILABLE] Later\nc -> b SELECT INBOX\ns <- b BAD *\nc -> c LOGIN bob@qq.com secret\ns <- c OK *\n", mailtest.ServerStopped},
		{"AUTHENTICATE refused", mailtest.Rule{At: mailtest.AuthStep, Reply: "NO No"},
			"s <- * OK *\nc -> a AUTHENTICATE PLAIN\ns <- + \nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- a NO No\nc -> b SELECT INBOX\ns <- b BAD *\n", mailtest.ServerStopped},
		{"unsafe login, as 163.com says without ID", mailtest.Rule{At: imap.Select, Reply: "NO SELECT Unsafe Login. Please contact kefu@188.com for help"},
			login + "c -> a SELECT INBOX\ns <- a NO SELECT Unsafe Login. *\nc -> b FETCH 1 FLAGS\ns <- b BAD *\n", mailtest.ServerStopped},
		{"refused and not done", mailtest.Rule{At: imap.Store, Reply: "NO Read-only"},
			inbox + "c -> b STORE 1 +FLAGS (\\\\Seen)\ns <- b NO Read-only\nc -> c FETCH 1 FLAGS\ns <- * 1 FETCH (FLAGS ())\ns <- c OK *\n", mailtest.ServerStopped},
		{"other words", mailtest.Rule{At: imap.Search, Reply: "* SEARCH 99\nOK Done"}, inbox + "c -> b SEARCH ALL\ns <- * SEARCH 99\ns <- b OK Done\n", mailtest.ServerStopped},
		{"reset in the middle of a message", mailtest.Rule{At: imap.Fetch, Nth: 2, AfterBytes: 40, Drop: mailtest.Reset},
			inbox + "c -> b FETCH 1 FLAGS\ns <- * 1 FETCH (FLAGS ())\ns <- b OK *\nc -> c FETCH 1 BODY[]\ns <= * 1 FETCH (FLAGS (\\\\Seen) BODY[] {59}\\r\\nFr\ns !! reset", mailtest.ServerReset},
		{"BYE", mailtest.Rule{At: mailtest.Noop, Reply: "* BYE Maintenance", Drop: mailtest.Close}, inbox + "c -> b NOOP\ns <- * BYE Maintenance\ns !! close", mailtest.ServerClosed},
		{"gone between SEARCH and FETCH", mailtest.Rule{At: imap.Fetch, Lose: true},
			inbox + "c -> b UID FETCH 1:2 UID\ns <- * 1 FETCH (UID 1)\ns <- * 2 FETCH (UID 2)\ns <- * 1 EXPUNGE\ns <- * 1 EXPUNGE\ns <- b OK *\n", mailtest.ServerStopped},
		{"gone while its bytes are wanted", mailtest.Rule{At: imap.Fetch, Lose: true},
			inbox + "c -> b FETCH 2 BODY[]\ns <- b NO [EXPUNGEISSUED] *\nc -> c NOOP\ns <- * 2 EXPUNGE\ns <- c OK *\n", mailtest.ServerStopped},
		{"gone before COPY", mailtest.Rule{At: imap.Copy, Lose: true},
			inbox + "c -> b COPY 2 Sent\ns <- b NO [EXPUNGEISSUED] *\nc -> c NOOP\ns <- * 2 EXPUNGE\ns <- c OK *\n", mailtest.ServerStopped},
		{"another UIDVALIDITY", mailtest.Rule{At: imap.Select, Skip: 1, Lose: true},
			login + "c -> a SELECT INBOX\n" + strings.Replace(selectedBox, "[UIDVALIDITY *", "[UIDVALIDITY 946684800] *", 1) + "s <- a OK *\nc -> b UNSELECT\ns <- b OK *\nc -> c SELECT INBOX\n" +
				strings.Replace(selectedBox, "[UIDVALIDITY *", "[UIDVALIDITY 946684806] *", 1) + "s <- c OK *\n", mailtest.ServerStopped},
		{"slow", mailtest.Rule{At: mailtest.Noop, Pace: time.Second}, "s <- * OK *\nc -> a NOOP\ns .. 1s\ns <= a\ns .. 1s\ns <= \\x20\ns .. 1s\ns <= O\n", mailtest.ServerStopped},
		{"silent clients", mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Reply: "* BYE Too slow", Drop: mailtest.Close}, login + "s .. 1m\ns <- * BYE Too slow\ns !! close", mailtest.ServerClosed},
		{"a silent client is told that all is well", mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Reply: "* OK Still here"},
			login + "s .. 1m\ns <- * OK Still here\nc -> b NOOP\ns <- b OK *\n", mailtest.ServerStopped},
		{"by its command", mailtest.Rule{At: mailtest.Unknown, Command: "b", Reply: "OK", Lie: true}, "s <- * OK *\nc -> b XYZ\ns <- b OK\nc -> c XYZ\ns <- c BAD *\n", mailtest.ServerStopped},
		{"by its command after the tag", mailtest.Rule{At: imap.Select, Command: "examine", Reply: "NO Not now"},
			inbox + "c -> b EXAMINE INBOX\ns <- b NO Not now\n", mailtest.ServerStopped},
		{"a continuation is not agreement", mailtest.Rule{At: imap.IdleCommand, Reply: "OK Enough"},
			login + "c -> a IDLE\ns <- + idling\nc -> DONE\ns <- a OK Enough\n", mailtest.ServerStopped},
		{"a challenge is not agreement", mailtest.Rule{At: mailtest.Auth, Reply: "OK Welcome"},
			"s <- * OK *\nc -> a AUTHENTICATE PLAIN\ns <- + \nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- a OK *\n", mailtest.ServerStopped},
		{"another challenge", mailtest.Rule{At: mailtest.Auth, Reply: "+ aGk="},
			"s <- * OK *\nc -> a AUTHENTICATE PLAIN\ns <- + aGk=\nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- a OK *\n", mailtest.ServerStopped},
		{"IDLE refused", mailtest.Rule{At: imap.IdleCommand, Reply: "BAD No"}, login + "c -> a IDLE\ns <- a BAD No\nc -> b NOOP\ns <- b OK *\n", mailtest.ServerStopped},
		{"APPEND over quota", mailtest.Rule{At: imap.Append, Reply: "NO [OVERQUOTA] Full"},
			login + "c -> a APPEND INBOX {3}\ns <- + Ready *\nc -> abc\ns <- a NO [OVERQUOTA] Full\nc -> b STATUS INBOX (MESSAGES)\ns <- * STATUS INBOX (MESSAGES 3)\ns <- b OK *\n", mailtest.ServerStopped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := imap.New(t, newStore())
				srv.AddRules(tt.rule)
				player := play(t, srv, tt.script)
				srv.Close()
				player.Conn.Close()
				if got := srv.Session(1).Ending.Kind; got != tt.ending {
					t.Errorf("the session ended by %v, want %v", got, tt.ending)
				}
			})
		})
	}
}

// play plays a script with a new connection.
func play(t *testing.T, srv *imap.Server, script string) *dialogue.Player {
	t.Helper()
	conn, err := srv.Dial(context.Background())
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	player := &dialogue.Player{Conn: conn}
	must(t, player.Play(script))
	return player
}

func TestRulesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule mailtest.Rule
		want string
	}{
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "NO"}, "At is Rcpt, to which a server of package imap never comes"},
		{mailtest.Rule{At: imap.Fetch, Reply: "550 no"}, `is not OK, NO, BAD or a line that begins with "* "`},
		{mailtest.Rule{At: imap.Fetch, Reply: "OK\n* 1 EXISTS"}, "which ends the reply, but there are more"},
		{mailtest.Rule{At: imap.List, Lose: true}, "Lose at List means nothing"},
		{mailtest.Rule{At: imap.List, From: "bob@qq.com", Drop: mailtest.Reset}, "From means nothing to imap"},
	}
	for _, tt := range tests {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, tt.want) {
					t.Errorf("%+v: got %q, want %q", tt.rule, text, tt.want)
				}
			}()
			(&imap.Server{Source: newStore()}).AddRules(tt.rule)
		}()
	}
}

// IDLE wakes for what other clients do, and for what is delivered.
func TestIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		srv := imap.New(t, store)
		const inbox = login + "c -> a SELECT INBOX\n" + selectedBox + "s <- a OK *\n"
		first := play(t, srv, inbox+"c -> b IDLE\ns <- + idling\n")
		second := play(t, srv, inbox)
		synctest.Wait()
		store.Deliver([]byte("Subject: four\r\n\r\n"), time.Now(), "bob@qq.com")
		must(t, first.Play("s <- * 4 EXISTS\n"))
		must(t, second.Play("c -> c STORE 2 +FLAGS (\\\\Deleted)\ns <- * 2 FETCH (FLAGS (\\\\Deleted))\ns <- * 4 EXISTS\ns <- c OK *\n"))
		must(t, first.Play("s <- * 2 FETCH (UID 2 FLAGS (\\\\Deleted))\n"))
		must(t, second.Play("c -> d EXPUNGE\ns <- * 2 EXPUNGE\ns <- d OK *\n"))
		must(t, first.Play("s <- * 2 EXPUNGE\nc -> DONE\ns <- b OK *\nc -> c FETCH 2 UID\ns <- * 2 FETCH (UID 3)\ns <- c OK *\n"))

		// A message that is gone keeps its number until the client may be told.
		must(t, second.Play("c -> e UID STORE 3 +FLAGS.SILENT (\\\\Deleted)\ns <- e OK *\nc -> f EXPUNGE\ns <- * 2 EXPUNGE\ns <- f OK *\n"))
		must(t, first.Play("c -> d FETCH 3 UID\ns <- * 3 FETCH (UID 4)\ns <- d OK *\nc -> e NOOP\ns <- * 2 EXPUNGE\ns <- e OK *\n"))
	})
}

// A mailbox that is renumbered or deleted ends the sessions that have selected it, as they can't be told otherwise.
func TestLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		srv := imap.New(t, store)
		must(t, store.Put("bob@qq.com", "work", []byte("x"), time.Now()))
		const work = login + "c -> a SELECT work\ns <- * 1 EXISTS\ns <- * 0 RECENT\ns <- * OK [UNSEEN 1] *\ns <- * OK [UIDVALIDITY *\ns <- * OK [UIDNEXT 2] *\ns <- * FLAGS *\ns <- * OK [PERMANENTFLAGS *\ns <- a OK *\n"
		idling, waiting := play(t, srv, work+"c -> b IDLE\ns <- + idling\n"), play(t, srv, work)
		synctest.Wait()
		play(t, srv, login+"c -> a DELETE work\ns <- a OK *\n")
		must(t, idling.Play("s <- * BYE The mailbox was deleted or renumbered\ns !! close\n"))
		must(t, waiting.Play("c -> b NOOP\ns <- * BYE The mailbox was deleted or renumbered\ns !! close\n"))
		synctest.Wait()
		for n := 1; n <= 2; n++ {
			if got := srv.Session(n).Ending.Kind; got != mailtest.ServerClosed {
				t.Errorf("session %d ended by %v", n, got)
			}
		}
	})
}

// A silent client hears BYE.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	for set, want := range map[time.Duration]string{0: "30m", time.Hour: "1h"} {
		synctest.Test(t, func(t *testing.T) {
			srv := imap.New(t, newStore())
			srv.IdleTimeout = set
			bye := "s .. " + want + "\ns <- * BYE Autologout, idle for too long\ns !! close\n"
			play(t, srv, login+bye)
			play(t, srv, login+"c -> a IDLE\ns <- + idling\n"+bye)
		})
	}
}

// What the test's own code does wrong is told to the test.
func TestCrash(t *testing.T) {
	t.Parallel()
	srv := &imap.Server{Source: newStore()}
	srv.AddRules(mailtest.Rule{At: imap.Status, When: func(*mailtest.Attempt) bool { panic("oh") }, Drop: mailtest.Close})
	player := play(t, srv, login)
	must(t, player.Play("c -> a STATUS INBOX (MESSAGES)\ns !! reset\n"))
	defer func() {
		if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), "session 1: the test's own code panicked: oh") {
			t.Errorf("Close panics with %v", err)
		}
	}()
	srv.Close()
}

// A field that is set too late is named.
func TestSetTooLate(t *testing.T) {
	t.Parallel()
	srv := &imap.Server{Source: newStore()}
	srv.AddRules(mailtest.Rule{At: mailtest.Quit, Delay: time.Second})
	srv.StartTLS = true
	defer func() {
		if err, _ := recover().(error); err == nil || err.Error() != "imap: StartTLS was set after the server was first used" {
			t.Errorf("Close panics with %v", err)
		}
	}()
	srv.Close()
}

// The panic about an unknown capability lists those that there are, at the first use and at each later one.
func TestWithoutUnknown(t *testing.T) {
	t.Parallel()
	srv := &imap.Server{Source: newStore(), Without: []string{"IDEL"}}
	for name, use := range map[string]func(){"Start": func() { srv.Start() }, "Close": srv.Close} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, `imap: Without: there is no capability "IDEL"; there are BINARY, CHILDREN, `) {
					t.Errorf("%s panics with %s", name, text)
				}
			}()
			use()
		}()
	}
}

// A rule at Idle also acts if the client was silent already when the rule was added.
func TestIdleAddedLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := imap.New(t, newStore())
		player := play(t, srv, "s <- * OK *\n")
		player.Exact = true
		synctest.Wait() // until the server waits, and not before
		srv.AddRules(mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Times: 1, Reply: "* OK Still here"})
		must(t, player.Play("s .. 1m\ns <- * OK Still here\n"))
		synctest.Wait()
		srv.AddRules(mailtest.Rule{At: mailtest.Idle, Delay: 2 * time.Minute, Drop: mailtest.Close})
		must(t, player.Play("s .. 1m\ns !! close\n"))
	})
}
