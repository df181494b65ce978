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

// A part in the text of an error names itself, and does not show its bytes.
func TestPartString(t *testing.T) {
	t.Parallel()
	m := ParseMessage([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
		"--b\r\n\r\nHello\r\n" +
		"--b\r\nContent-Type: image/png\r\nContent-ID: <logo@shop.example>\r\nContent-Disposition: inline; filename=logo.png\r\n\r\nPNG\r\n" +
		"--b\r\nContent-Disposition: attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf\r\nContent-Type: application/pdf\r\n\r\n1\r\n--b--\r\n"))
	want := `[multipart/mixed (3 parts below) text/plain (5 bytes) image/png "logo.png" cid:logo@shop.example (3 bytes) application/pdf "发票.pdf" (1 byte)]`
	if got := fmt.Sprint(m.Parts); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A message to many recipients names the first of them, and counts the others.
func TestSummaryRecipients(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		count int
		want  string // the end
	}{
		{1, " to user0@qq.com"},
		{2, " to user0@qq.com, user1@qq.com"},
		{34, ", user33@qq.com"},
		{1000, ", user33@qq.com, … and 966 more"},
	} {
		m := &Message{Number: 1}
		for i := range test.count {
			m.Envelope.To = append(m.Envelope.To, Recipient{Address: fmt.Sprintf("user%d@qq.com", i)})
		}
		if got := m.summary(); !strings.HasSuffix(got, test.want) {
			t.Errorf("%d recipients: got %q, want %q at its end", test.count, got, test.want)
		}
	}
}
