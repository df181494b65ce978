package mailtest

import (
	"fmt"
	"strings"
	"testing"
)

// A reply to EHLO is one line in a report, unless there is something wrong with it, which must be seen.
func TestBriefReply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		stage       Stage
		reply, want string
	}{
		{Helo, "250-mx1.qq.com\r\n250-PIPELINING\r\n250 SIZE 1000\r\n", "250 mx1.qq.com; PIPELINING; SIZE 1000\r\n"},
		{Helo, "250 mx1.qq.com\r\n", "250 mx1.qq.com\r\n"},
		{Helo, "250-mx1.qq.com\r\n250-PIPELINING\r\n", "250-mx1.qq.com\r\n250-PIPELINING\r\n"},
		{Helo, "250-mx1.qq.com\r\n250 SIZE\r\n250 DSN\r\n", "250-mx1.qq.com\r\n250 SIZE\r\n250 DSN\r\n"},
		{Helo, "250-mx1.qq.com\r\n250-PIPE", "250-mx1.qq.com\r\n250-PIPE"},
		{Helo, "550-5.7.1 No\r\n550 5.7.1 Never\r\n", "550-5.7.1 No\r\n550 5.7.1 Never\r\n"},
		{Helo, "", ""},
		{Unknown, "250-a\r\n250 b\r\n", "250-a\r\n250 b\r\n"},
	} {
		if got := (Turn{Stage: test.stage, Reply: test.reply}).brief(); got != test.want {
			t.Errorf("%v, %q: got %q, want %q", test.stage, test.reply, got, test.want)
		}
	}
}

// Of a long dialogue a report has the beginning and the end.
func TestBriefSession(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ turns, left int }{{0, 0}, {1, 0}, {60, 0}, {61, 1}, {1000, 940}} {
		s := &Session{Number: 1}
		for i := range test.turns {
			s.Turns = append(s.Turns, Turn{Stage: Noop, Command: fmt.Sprintf("NOOP %d.", i+1), Reply: "250 OK\r\n"})
		}
		got := s.brief()
		shown := strings.Count(got, "-> NOOP")
		left := strings.Contains(got, fmt.Sprintf("… %d turns are left out here\n", test.left))
		if shown != test.turns-test.left || left != (test.left > 0) ||
			test.turns > 0 && (!strings.Contains(got, "NOOP 1.") || !strings.Contains(got, fmt.Sprintf("NOOP %d.", test.turns))) {
			t.Errorf("of %d turns %d are shown, want all but %d, and the first and the last:\n%s", test.turns, shown, test.left, got)
		}
		if got := strings.Count(s.String(), "-> NOOP"); got != test.turns {
			t.Errorf("the whole transcript shows %d turns, want %d", got, test.turns)
		}
	}
}
