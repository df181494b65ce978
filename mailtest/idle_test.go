package mailtest_test

// A client that is silent in the middle of a line.

import (
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
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
