package mailtest_test

// Clients that are silent, in the middle of a line or already before there is a rule.

import (
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// What has come of a line outlives a turn for an idle client, also where the line is too long.
func TestIdleInTheMiddleOfALine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first, second string
		want          int
	}{
		"short": {"NO", "OP\r\n", 250},
		"long":  {strings.Repeat("x", 20000), "\r\n", 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.AddRules(mailtest.Rule{At: mailtest.Idle, Times: 1, Delay: time.Minute, Reply: "451 4.4.2 Hurry up"})
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				c := textproto.NewConn(conn)
				defer c.Close()
				for _, step := range []struct {
					say  string
					want int
				}{{"", 220}, {test.first, 451}, {test.second, test.want}, {"QUIT\r\n", 221}} {
					conn.Write([]byte(step.say))
					if got, err := readCode(c); got != step.want {
						t.Fatalf("%.20q: got %d, %v, want %d", step.say, got, err, step.want)
					}
				}
			})
		})
	}
}

// A rule at Idle also acts if the client was silent already when the rule was added.
func TestIdleAddedLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		conn := dialled(t, srv, connections[0])
		player := &dialogue.Player{Conn: conn, Exact: true}
		for _, step := range []struct {
			rule   mailtest.Rule
			script string
		}{
			{mailtest.Rule{At: mailtest.Idle, Delay: time.Hour, Drop: mailtest.Reset}, "s <- 220 *\n"},
			{mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Times: 1, Reply: "451 4.4.2 Hurry up"}, "s .. 1m\ns <- 451 *\nc => NO\n"},
			{mailtest.Rule{At: mailtest.Idle, Delay: 2 * time.Minute, Times: 1, Reply: "451 4.4.2 Hurry up"}, "s .. 2m\ns <- 451 *\nc => OP\\r\\n\ns <- 250 *\n"},
			{mailtest.Rule{At: mailtest.Idle, Delay: time.Minute, Drop: mailtest.Close}, "s .. 1m\ns !! close\n"},
		} {
			synctest.Wait() // until the server waits, and not before
			srv.AddRules(step.rule)
			if err := player.Play(step.script); err != nil {
				t.Fatal(err)
			}
		}
	})
}
