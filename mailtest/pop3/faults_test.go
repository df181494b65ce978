package pop3_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// What a client meets where a rule acts, in virtual time.
func TestRules(t *testing.T) {
	t.Parallel()
	const login = "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n"
	tests := []struct {
		name   string
		rule   mailtest.Rule
		script string
		ending mailtest.EndingKind
	}{
		{"busy", mailtest.Rule{At: mailtest.Greeting, Reply: "-ERR [SYS/TEMP] Too busy"}, "s <- -ERR [SYS/TEMP] Too busy\ns !! close", mailtest.ServerClosed},
		{"another greeting", mailtest.Rule{At: mailtest.Greeting, Reply: "+OK Dovecot ready."}, "s <- +OK Dovecot ready.\nc -> QUIT\ns <- +OK Bye\ns !! close", mailtest.ClientQuit},
		{"late greeting", mailtest.Rule{At: mailtest.Greeting, Delay: time.Minute}, "s .. 1m\n" + login, mailtest.ServerStopped},
		{"a login refused", mailtest.Rule{At: pop3.Pass, Times: 1, Reply: "-ERR [AUTH] Locked"},
			"s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- -ERR [AUTH] Locked\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n", mailtest.ServerStopped},
		{"AUTH refused", mailtest.Rule{At: mailtest.AuthStep, Reply: "-ERR No"}, "s <- +OK *\nc -> AUTH PLAIN\ns <- + \nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- -ERR No\nc -> STAT\ns <- -ERR Log in first\n", mailtest.ServerStopped},
		{"other words", mailtest.Rule{At: pop3.Stat, Reply: "+OK 0 0"}, login + "c -> STAT\ns <- +OK 0 0\n", mailtest.ServerStopped},
		{"agreement cannot be made", mailtest.Rule{At: pop3.Retr, Reply: "+OK\n."}, login + "c -> RETR 9\ns <- -ERR No such *\nc -> RETR 1\ns <- +OK\ns <- .\n", mailtest.ServerStopped},
		{"a lie", mailtest.Rule{At: pop3.Retr, Reply: "+OK\n.", Lie: true}, login + "c -> RETR 9\ns <- +OK\ns <- .\n", mailtest.ServerStopped},
		{"refused and not done", mailtest.Rule{At: pop3.Dele, Reply: "-ERR Read-only"}, login + "c -> DELE 1\ns <- -ERR Read-only\nc -> STAT\ns <- +OK 3 170\n", mailtest.ServerStopped},
		{"reset in the middle of a message", mailtest.Rule{At: pop3.Retr, AfterBytes: 30, Drop: mailtest.Reset},
			login + "c -> RETR 1\ns <- +OK 59 bytes\ns <= From: jb@shop.ex\ns !! reset", mailtest.ServerReset},
		{"closed after a reply", mailtest.Rule{At: pop3.List, AfterReply: true, Drop: mailtest.Close}, login + "c -> LIST 1\ns <- +OK 1 59\ns !! close", mailtest.ServerClosed},
		{"closed instead of a reply", mailtest.Rule{At: pop3.Uidl, Drop: mailtest.Close}, login + "c -> UIDL 1\ns !! close", mailtest.ServerClosed},
		{"gone between LIST and RETR", mailtest.Rule{At: pop3.Retr, Nth: 2, Lose: true},
			login + "c -> RETR 1\ns <- +OK *\n" + lines(1) + "c -> RETR 2\ns <- -ERR The message is gone: another session has removed it\nc -> RETR 3\ns <- +OK *\n", mailtest.ServerStopped},
		{"gone before DELE", mailtest.Rule{At: pop3.Dele, Lose: true}, login + "c -> DELE 2\ns <- -ERR The message is gone: *\n", mailtest.ServerStopped},
		{"new unique-ids", mailtest.Rule{At: pop3.Uidl, Skip: 1, Lose: true},
			login + "c -> UIDL 3\ns <- +OK 3 386d438000000003\nc -> UIDL 3\ns <- +OK 3 386d438600000003\n", mailtest.ServerStopped},
		{"slow", mailtest.Rule{At: mailtest.Noop, Pace: time.Second}, login + "c -> NOOP\ns .. 1s\ns <= +\ns .. 1s\ns <= O\ns .. 1s\ns <= K\ns .. 1s\ns <= \\r\ns .. 1s\ns <= \\n\n", mailtest.ServerStopped},
		{"idle", mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Reply: "-ERR Too slow", Drop: mailtest.Close}, login + "s .. 1m\ns <- -ERR Too slow\ns !! close", mailtest.ServerClosed},
		{"a silent client is told that all is well", mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Reply: "+OK Still here"},
			login + "s .. 1m\ns <- +OK Still here\nc -> NOOP\ns <- +OK\n", mailtest.ServerStopped},
		{"a challenge is not agreement", mailtest.Rule{At: mailtest.Auth, Reply: "+OK Welcome"},
			"s <- +OK *\nc -> AUTH PLAIN\ns <- + \nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- +OK 3 messages\n", mailtest.ServerStopped},
		{"agreement is not a challenge", mailtest.Rule{At: mailtest.Auth, Reply: "+ aGk="},
			"s <- +OK *\nc -> AUTH PLAIN AGJvYkBxcS5jb20Ac2VjcmV0\ns <- +OK 3 messages\n", mailtest.ServerStopped},
		{"another challenge", mailtest.Rule{At: mailtest.Auth, Reply: "+ aGk="},
			"s <- +OK *\nc -> AUTH PLAIN\ns <- + aGk=\nc -> AGJvYkBxcS5jb20Ac2VjcmV0\ns <- +OK 3 messages\n", mailtest.ServerStopped},
		{"endless", mailtest.Rule{At: pop3.Capa, Reply: "+OK\nX\n.", Raw: false, AfterReply: true, Drop: mailtest.Silence}, "s <- +OK *\nc -> CAPA\ns <- +OK\ns <- X\ns <- .\n", mailtest.ServerSilent},
		{"TLS at the wrong port", mailtest.Rule{At: pop3.Stat, Reply: "-ERR"}, "s <- +OK *\nc => \\x16\\x03\\x01\\x00\\xa5\\n\\x00\ns !! close", mailtest.TLSFailed},
		{"only one user", mailtest.Rule{At: pop3.Stat, User: "ann", Reply: "-ERR"}, login + "c -> STAT\ns <- +OK 3 170\n", mailtest.ServerStopped},
		{"by its command", mailtest.Rule{At: mailtest.Unknown, Command: "XTND", Reply: "+OK", Lie: true}, "s <- +OK *\nc -> XTND\ns <- +OK\nc -> XYZ\ns <- -ERR Unknown command\n", mailtest.ServerStopped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := pop3.New(t, newStore())
				srv.AddRules(tt.rule)
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				player := dialogue.Player{Conn: conn}
				if err := player.Play(tt.script); err != nil {
					t.Error(err)
				}
				if tt.ending == mailtest.ServerSilent {
					conn.Close()
					synctest.Wait()
				}
				srv.Close()
				conn.Close()
				if got := srv.Session(1).Ending.Kind; got != tt.ending {
					t.Errorf("the session ended by %v, want %v", got, tt.ending)
				}
			})
		})
	}
}

// A session that is silent is not over: it keeps the mailbox until its client ends it.
func TestSilentKeepsMailbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pop3.New(t, newStore())
		srv.AddRules(mailtest.Rule{At: pop3.Stat, Drop: mailtest.Silence})
		const login = "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\n"
		play := func(script string) {
			conn, err := srv.Dial(t.Context())
			must(t, err)
			defer conn.Close()
			must(t, dialogue.Play(conn, script))
		}
		silent, err := srv.Dial(t.Context())
		must(t, err)
		must(t, dialogue.Play(silent, login+"s <- +OK 3 messages\nc -> STAT\n"))
		synctest.Wait() // until the server is silent
		play(login + "s <- -ERR [IN-USE] *\n")
		silent.Close()
		play(login + "s <- +OK 3 messages\n")
	})
}

// lines are the steps by which a server sends message 1.
func lines(int) string {
	return "s <- From: jb@shop.example\ns <- Subject: one\ns <- \ns <- Hello Bob, it's me\ns <- .\n"
}

func TestRulesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule mailtest.Rule
		want string
	}{
		{mailtest.Rule{Reply: "-ERR"}, "At is not a stage"},
		{mailtest.Rule{At: mailtest.Rcpt, Reply: "-ERR"}, "At is Rcpt, to which a server of package pop3 never comes"},
		{mailtest.Rule{At: pop3.Retr, Reply: "550 no"}, "does not begin with +OK or -ERR"},
		{mailtest.Rule{At: pop3.Retr, Reply: "-ERR\nx\n."}, "several lines, which only a positive reply may have"},
		{mailtest.Rule{At: pop3.Retr, Reply: "+OK\nx"}, "the last is not a dot"},
		{mailtest.Rule{At: pop3.Retr, Reply: "+OKAY"}, "does not begin with +OK"},
		{mailtest.Rule{At: pop3.Retr}, "the rule at Retr does nothing"},
		{mailtest.Rule{At: pop3.Stat, Lose: true}, "Lose at Stat means nothing"},
		{mailtest.Rule{At: pop3.Stat, To: "bob@qq.com", Drop: mailtest.Reset}, "To means nothing to pop3"},
		{mailtest.Rule{At: pop3.Stat, MaxTLS: 0x303}, "MaxTLS and ClientCertificate at Stat mean nothing"},
		{mailtest.Rule{At: pop3.Stat, Delay: -1}, "Delay is -1ns; it can't be negative"},
	}
	for _, tt := range tests {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, tt.want) {
					t.Errorf("%+v: got %q, want %q", tt.rule, text, tt.want)
				}
			}()
			(&pop3.Server{Source: newStore()}).AddRules(tt.rule)
		}()
	}
	srv := &pop3.Server{Source: newStore()}
	srv.AddRules(mailtest.Rule{At: pop3.Retr, Reply: "garbage", Raw: true}, mailtest.Rule{At: pop3.Retr, Must: true, Drop: mailtest.Close})
	if err := srv.CheckRules(); err == nil || !strings.Contains(err.Error(), "must act never did: At: Retr, Drop: Close") {
		t.Errorf("CheckRules = %v", err)
	}
	srv.Close()
}

// A mailbox is locked for as long as a session has it.
func TestLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pop3.New(t, newStore())
		srv.LoginDelay = time.Minute
		first := play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n")
		second := play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- -ERR [IN-USE] Another session has the mailbox\n")
		must(t, first.Play("c -> QUIT\ns <- +OK Bye\ns !! close\n"))
		must(t, second.Play("c -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- -ERR [LOGIN-DELAY] Wait 1m0s between two logins\n"))
		must(t, second.Play("c .. 1m\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n"))
		third := play(t, srv, "s <- +OK *\nc -> USER ann\ns <- +OK *\nc -> PASS secret\ns <- +OK 0 messages\n")
		must(t, third.Play("c -> QUIT\ns <- +OK Bye\n"))
	})
}

// A client that has lost its connection, or has left it, can log in again at once.
func TestLockEnds(t *testing.T) {
	t.Parallel()
	srv := pop3.New(t, newStore())
	srv.AddRules(mailtest.Rule{At: pop3.Retr, Drop: mailtest.Reset}, mailtest.Rule{At: pop3.Stat, Drop: mailtest.Silence})
	for range 100 {
		for _, script := range []string{"c -> QUIT\ns <- +OK Bye\n", "c -> RETR 1\ns !! reset\n", "c -> STAT\n", "c -> DELE 1\n"} {
			client := play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\n"+script)
			client.Conn.Close()
		}
	}
}

// A login waits for the end of a session whose client has gone, but not for ever.
func TestLockOfTheGone(t *testing.T) {
	t.Parallel()
	for delay, want := range map[time.Duration]string{time.Second: "s .. 1s\ns <- +OK 3 messages\n", time.Minute: "s .. 5s\ns <- -ERR [IN-USE] *\n"} {
		synctest.Test(t, func(t *testing.T) {
			const login = "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\n"
			srv := pop3.New(t, newStore())
			srv.AddRules(mailtest.Rule{At: pop3.Stat, Delay: delay})
			gone := play(t, srv, login+"s <- +OK 3 messages\nc -> STAT\n")
			synctest.Wait()
			gone.Conn.Close()
			play(t, srv, login+want)
		})
	}
}

// play plays a script with a new connection.
func play(t *testing.T, srv *pop3.Server, script string) *dialogue.Player {
	t.Helper()
	conn, err := srv.Dial(context.Background())
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	player := &dialogue.Player{Conn: conn}
	must(t, player.Play(script))
	return player
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A silent client loses its connection, and nothing is deleted.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		set  time.Duration
		want time.Duration
	}{{0, 10 * time.Minute}, {time.Hour, time.Hour}, {-1, 0}} {
		synctest.Test(t, func(t *testing.T) {
			store := newStore()
			srv := pop3.New(t, store)
			srv.IdleTimeout = tt.set
			player := play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\nc -> DELE 1\ns <- +OK *\n")
			if tt.want == 0 {
				must(t, player.Play("c .. 1000h\nc -> NOOP\ns <- +OK\n"))
				return
			}
			begin := time.Now()
			one := make([]byte, 1)
			if n, err := player.Conn.Read(one); n != 0 || err == nil || time.Since(begin) != tt.want {
				t.Errorf("after %v: read %d bytes, %v; want the end after %v", time.Since(begin), n, err, tt.want)
			}
			if got := len(subjects(t, store)); got != 3 {
				t.Errorf("%d messages are left, want 3", got)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newStore()
		srv := pop3.New(t, store)
		srv.Expire = -1
		play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 3 messages\nc -> RETR 1\ns <- +OK *\n"+
			lines(1)+"c -> QUIT\ns <- +OK Bye\n")
		if got := strings.Join(subjects(t, store), " "); got != "two three" {
			t.Errorf("messages left = %s, want two three", got)
		}
		later := pop3.New(t, store)
		later.Expire = 30 * 24 * time.Hour
		time.Sleep(30 * 24 * time.Hour)
		play(t, later, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK 0 messages\n")
	})
}

// What the test's own code does wrong is told to the test.
func TestCrash(t *testing.T) {
	t.Parallel()
	srv := &pop3.Server{Source: newStore()}
	srv.AddRules(mailtest.Rule{At: pop3.Stat, When: func(*mailtest.Attempt) bool { panic("oh") }, Drop: mailtest.Close})
	player := play(t, srv, "s <- +OK *\nc -> USER bob@qq.com\ns <- +OK *\nc -> PASS secret\ns <- +OK *\n")
	must(t, player.Play("c -> STAT\ns !! reset\n"))
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
	srv := &pop3.Server{Source: newStore()}
	srv.AddRules(mailtest.Rule{At: mailtest.Quit, Delay: time.Second})
	srv.StartTLS = true
	defer func() {
		if err, _ := recover().(error); err == nil || err.Error() != "pop3: StartTLS was set after the server was first used" {
			t.Errorf("Close panics with %v", err)
		}
	}()
	srv.Close()
}

// The transcript shows the commands that the server does not have, and still no password.
func TestWithoutTranscript(t *testing.T) {
	t.Parallel()
	srv := pop3.New(t, newStore())
	srv.Without = []string{"UIDL", "USER"}
	conn, err := srv.Dial(t.Context())
	must(t, err)
	defer conn.Close()
	must(t, dialogue.Play(conn, "s <- +OK *\nc -> UIDL 1\ns <- -ERR *\nc -> USER bob\ns <- -ERR *\nc -> PASS secret\ns <- -ERR *\n"))
	text := srv.Session(1).String()
	for _, want := range []string{"-> UIDL 1\n", "-> USER bob\n", "-> PASS ***\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the transcript:\n%s", want, text)
		}
	}
}

// The panic about an unknown capability lists those that there are, at the first use and at each later one.
func TestWithoutUnknown(t *testing.T) {
	t.Parallel()
	srv := &pop3.Server{Source: newStore(), Without: []string{"IDEL"}}
	for name, use := range map[string]func(){"Start": func() { srv.Start() }, "Close": srv.Close} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.HasPrefix(text, `pop3: Without: there is no capability "IDEL"; there are CAPA, PIPELINING, TOP, UIDL, USER, UTF8`) {
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
		srv := pop3.New(t, newStore())
		player := play(t, srv, "s <- +OK *\n")
		player.Exact = true
		synctest.Wait() // until the server waits, and not before
		srv.AddRules(mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Times: 1, Reply: "+OK Still here"})
		must(t, player.Play("s .. 1m\ns <- +OK Still here\n"))
		synctest.Wait()
		srv.AddRules(mailtest.Rule{At: mailtest.Idle, Delay: 2 * time.Minute, Drop: mailtest.Close})
		must(t, player.Play("s .. 1m\ns !! close\n"))
	})
}
