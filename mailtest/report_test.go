package mailtest

import "testing"

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
