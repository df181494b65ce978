package imap_test

// What the server says during IDLE comes from a goroutine of its own.

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
)

const (
	inbox  = login + "c -> a SELECT INBOX\n" + selectedBox + "s <- a OK *\n"
	idling = inbox + "c -> b IDLE\ns <- + idling\n"
)

// A rule that ends the connection at a push says how it has ended, whichever goroutine notices that first.
func TestDropAtPush(t *testing.T) {
	t.Parallel()
	for drop, want := range map[mailtest.Drop]mailtest.EndingKind{
		mailtest.Close: mailtest.ServerClosed, mailtest.Cut: mailtest.ServerCut, mailtest.Reset: mailtest.ServerReset,
	} {
		for range 20 {
			synctest.Test(t, func(t *testing.T) {
				store := newStore()
				srv := imap.New(t, store)
				srv.AddRules(mailtest.Rule{At: imap.Push, Drop: drop})
				player := play(t, srv, idling)
				synctest.Wait()
				store.Deliver([]byte("Subject: four\r\n\r\n"), time.Now(), "bob@qq.com")
				io.Copy(io.Discard, player.Conn)
				player.Conn.Close()
				synctest.Wait()
				if got := srv.Session(1).Ending.Kind; got != want {
					t.Errorf("%v: the session ended by %v, want %v", drop, got, want)
				}
			})
		}
	}
}

// A client whose mailbox is lost when it begins IDLE does not wait for anything but the end.
func TestLostAtIdle(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			store := newStore()
			srv := imap.New(t, store)
			player := play(t, srv, inbox)
			account, err := store.Account("bob@qq.com")
			must(t, err)
			mailbox, err := account.Mailbox("INBOX")
			must(t, err)
			must(t, mailbox.Renumber())
			io.WriteString(player.Conn, "b IDLE\r\n")
			begin := time.Now()
			text, _ := io.ReadAll(player.Conn)
			if took := time.Since(begin); took > 0 || !strings.Contains(string(text), "* BYE The mailbox was deleted or renumbered\r\n") {
				t.Errorf("after %v the client has read %q", took, text)
			}
		})
	}
}

// DONE and news may come at the same time.
func TestDoneDuringPush(t *testing.T) {
	t.Parallel()
	store := newStore()
	srv := imap.New(t, store)
	conn := play(t, srv, inbox).Conn
	in := bufio.NewReader(conn)
	for n := range 100 {
		fmt.Fprintf(conn, "i%d IDLE\r\n", n)
		for line := ""; line != "+ idling\r\n"; {
			var err error
			line, err = in.ReadString('\n')
			must(t, err)
		}
		go store.Deliver([]byte("Subject: more\r\n\r\n"), time.Now(), "bob@qq.com")
		io.WriteString(conn, "DONE\r\n")
		for line := ""; !strings.HasPrefix(line, fmt.Sprintf("i%d OK", n)); {
			var err error
			line, err = in.ReadString('\n')
			must(t, err)
		}
	}
}

// Time goes on, also inside a synctest bubble, while a push is late or never comes.
func TestTimeDuringPush(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rule   mailtest.Rule
		script string
	}{
		"late":   {mailtest.Rule{At: imap.Push, Delay: time.Minute}, "c -> DONE\ns .. 1m\ns <- * 4 EXISTS\ns <- b OK *\n"},
		"silent": {mailtest.Rule{At: imap.Push, Drop: mailtest.Silence}, "c -> DONE\ns .. 1m\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := newStore()
				srv := imap.New(t, store)
				srv.AddRules(tt.rule)
				player := play(t, srv, idling)
				synctest.Wait()
				store.Deliver([]byte("Subject: four\r\n\r\n"), time.Now(), "bob@qq.com")
				synctest.Wait()
				must(t, player.Play(tt.script))
			})
		})
	}
}
