package mailtest_test

// SMTP smuggling: what ends a message for one server, and not for another.

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

func TestSmuggling(t *testing.T) {
	t.Parallel()
	policies := []mailtest.BareLF{mailtest.KeepLF, mailtest.RefuseLF, mailtest.EndLF}
	for _, test := range []struct {
		end      string
		messages [3]int // with each policy
		note     string
	}{
		{"\r\n.\r\n", [3]int{2, 2, 2}, ""},
		{"\n.\n", [3]int{1, 0, 2}, `"\n.\n" at byte 17`},
		{"\n.\r\n", [3]int{1, 0, 2}, `"\n.\r\n" at byte 17`},
		{"\r\n.\n", [3]int{1, 0, 2}, `with a dot that was not doubled`},
		{"\r.\r", [3]int{1, 0, 1}, `"\r.\r" at byte 17`},
		{"\n.\r", [3]int{1, 0, 1}, ``},
		{"\r.\n", [3]int{1, 0, 1}, `"\r.\n" at byte 17`},
		{"\r\n.\r", [3]int{1, 0, 1}, `with a dot that was not doubled`},
		{"\r.\r\n", [3]int{1, 0, 1}, `"\r.\r\n" at byte 17`},
		{"\r\n\x00.\r\n", [3]int{1, 1, 1}, ``},
		{"\r\n..\r\n", [3]int{1, 1, 1}, ``},
		{"\n..\n", [3]int{1, 0, 1}, ``},
	} {
		for i, policy := range policies {
			t.Run(fmt.Sprintf("%q/%d", test.end, policy), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { smuggle(t, test.end, policy, test.messages[i], test.note) })
			})
		}
	}
}

func smuggle(t *testing.T, end string, policy mailtest.BareLF, messages int, note string) {
	srv := mailtest.New(t)
	srv.BareLF = policy
	conn := dialled(t, srv, connections[0])
	text := begun("@data\nc => Subject: a\\r\\n\\r\\none" + strings.Trim(strconv.Quote(end), `"`) + `MAIL FROM:<a@b.example>\r\n` +
		`RCPT TO:<c@d.example>\r\nDATA\r\nSubject: b\r\n\r\ntwo\r\n.\r\nQUIT\r\n` + "\nc !! closewrite\n")
	if err := dialogue.Play(conn, text); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // until the server has seen it all
	session, got := srv.Sessions()[0], srv.Messages()
	if len(got) != messages {
		t.Errorf("got %d messages, want %d:\n%s", len(got), messages, session)
	}
	if len(got) == 1 && !strings.Contains(string(got[0].Raw), "\r\nDATA\r\n") {
		t.Errorf("got one message without what follows in it: %q", got[0].Raw)
	}
	if got := strings.Join(notes(session), "\n"); policy == mailtest.KeepLF && !strings.Contains(got, note) {
		t.Errorf("got the notes\n%s\nwant one with %s", got, note)
	}
}

// notes are all that is remarkable about a session.
func notes(s *mailtest.Session) []string {
	var all []string
	for _, turn := range s.Turns {
		for _, note := range turn.Notes {
			all = append(all, note.String())
		}
	}
	return all
}

// A dot that was doubled ends no message, whatever else is wrong with the line ends.
func TestNoSmuggling(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"\r\n..\r\n", "\r\n..\n", "\r\n..\r"} {
		srv := mailtest.New(t)
		_, c := begin(t, srv)
		c.PrintfLine("a\nb%s\r\n.", line)
		if code, err := readCode(c); code != 250 {
			t.Fatalf("%q: got %d, %v", line, code, err)
		}
		if got := strings.Join(notes(srv.Sessions()[0]), "\n"); strings.Contains(got, "end the message") || !strings.Contains(got, "bare LF") {
			t.Errorf("%q: got the notes\n%s\nwant one of bare LF, and none of an end", line, got)
		}
	}
}

// A chunk is binary data, in which LF alone means nothing (RFC 3030 §3), also if a rule cuts it off.
func TestLineEndsInChunk(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Body, AfterBytes: 8, Drop: mailtest.Close})
	conn, err := srv.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	go io.WriteString(conn, "EHLO c\r\nMAIL FROM:<a@b.example> BODY=BINARYMIME\r\nRCPT TO:<c@d.example>\r\nBDAT 20 LAST\r\nab\ncd\n.\n")
	io.Copy(io.Discard, conn)
	conn.Close()
	turns := srv.WaitSession(t, 1).Turns
	if last := turns[len(turns)-1]; last.Stage != mailtest.Body || len(last.Payload) != 8 || last.Notes != nil {
		t.Errorf("the last turn is\n%v", last)
	}
}
