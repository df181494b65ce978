// Package endings tests what others see of a connection that ends, or does not, for servers of SMTP, POP3 and IMAP.
package endings

// What is the same for all of them.

import (
	"context"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// Server is a server of any of the protocols.
type Server interface {
	Addr() string
	Dial(ctx context.Context) (net.Conn, error)
	AddRules(rules ...mailtest.Rule)
	Session(number int) *mailtest.Session
}

// Silenced shows that a connection counts as open after a rule has silenced it, until its client closes it. The rule acts at the
// end of the script.
func Silenced(t *testing.T, newServer func(*testing.T) Server, rule mailtest.Rule, script string) {
	synctest.Test(t, func(t *testing.T) {
		var open []int // at each greeting
		srv := newServer(t)
		srv.AddRules(rule, mailtest.Rule{At: mailtest.Greeting, Drop: mailtest.Close, When: func(a *mailtest.Attempt) bool {
			open = append(open, a.Open)
			return false
		}})
		connect := func() net.Conn {
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			synctest.Wait()
			return conn
		}
		silenced := connect()
		if err := dialogue.Play(silenced, script); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		connect()
		silenced.Close()
		connect()
		if want := []int{1, 2, 2}; !slices.Equal(open, want) {
			t.Errorf("the connections at each greeting were %d, want %d", open, want)
		}
	})
}
