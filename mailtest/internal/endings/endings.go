// Package endings tests what others see of a connection that ends, or does not, for servers of SMTP, POP3 and IMAP.
package endings

// What is the same for two or three of them.

import (
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
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

// Case is a way in which a session ends.
type Case struct {
	Name   string
	Rule   mailtest.Rule
	Script string              // after the greeting
	Ending mailtest.EndingKind // not checked if it is ClientClosed, which the server has yet to notice
}

// Ended shows what the test and the next client see at the very moment at which a client sees the end of its session: the transcript
// has the ending, and the connection does not count as open. It repeats each case, since a server that is late is late only
// sometimes. The greeting is a line of a script, and refusal a reply in its place.
func Ended(t *testing.T, newServer func(*testing.T) Server, greeting, refusal string, cases []Case) {
	for _, test := range cases {
		for name, dial := range map[string]func(Server) (net.Conn, error){
			"memory":   func(srv Server) (net.Conn, error) { return srv.Dial(context.Background()) },
			"loopback": func(srv Server) (net.Conn, error) { return net.Dial("tcp", srv.Addr()) },
		} {
			unseen := test.Ending == mailtest.ClientClosed
			if unseen && name == "loopback" && runtime.GOOS != "linux" {
				continue // there the server does not know it before it reads
			}
			t.Run(test.Name+", "+name, func(t *testing.T) {
				srv := newServer(t)
				srv.AddRules(mailtest.Rule{At: mailtest.Greeting, Reply: refusal, When: func(a *mailtest.Attempt) bool { return a.Open > 1 }}, test.Rule)
				for i := range 100 {
					conn, err := dial(srv)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { conn.Close() })
					if err := dialogue.Play(conn, greeting+test.Script); err != nil {
						t.Fatalf("session %d: %v", i+1, err)
					}
					if s := srv.Session(i + 1); !unseen && (s.End.IsZero() || s.Ending.Kind != test.Ending) {
						t.Fatalf("when the client has seen the end of session %d, the transcript says:\n%s", i+1, s)
					}
					machine.HangUp(conn)
				}
			})
		}
	}
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

// NoHandshake shows that a client that waits for a greeting where the server waits for TLS does not wait forever, and that the transcript
// says why it waited. Every connection to the server begins with TLS.
func NoHandshake(t *testing.T, newServer func(*testing.T) Server) {
	synctest.Test(t, func(t *testing.T) {
		srv := newServer(t)
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		start := time.Now()
		if got, err := io.ReadAll(conn); len(got) > 0 || err != nil || time.Since(start) != time.Minute {
			t.Errorf("the client has got %q, %v after %v, want nothing after a minute", got, err, time.Since(start))
		}
		want := mailtest.Ending{Kind: mailtest.TLSFailed, Cause: "the client did not complete it within 1m0s; a client without TLS waits for the greeting here"}
		if s := srv.Session(1); s.Ending != want {
			t.Errorf("ending = %+v, want %+v", s.Ending, want)
		}
	})
}
