package mailtest_test

// What a wait that fails says about how far the sessions came.

import (
	"crypto/tls"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestHowFar(t *testing.T) {
	t.Parallel()
	const mail = "MAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nSubject: x\n\nx\n.\n"
	tests := []struct {
		name  string
		lines string // what the client sends, each line after the reply to the one before
		want  string // the line about the session, or empty if there is none
	}{
		{"delivered", "EHLO c\n" + mail + "QUIT\n", ""},
		{"delivered, kept open", "EHLO c\n" + mail + "NOOP\nRSET\n", ""},
		{"refused, given up", "EHLO c\nMAIL FROM:<a@b.example>\nRCPT TO:<no@d.example>\nRSET\nNOOP\nQUIT\n",
			"RCPT TO:<no@d.example> → 550 5.1.1 No such user here; QUIT"},
		{"the second one refused", "EHLO c\n" + mail + "MAIL FROM:<a@b.example>\nRCPT TO:<no@d.example>\nRSET\n",
			"RCPT TO:<no@d.example> → 550 5.1.1 No such user here; still open"},
		{"wrong password", "EHLO c\nAUTH PLAIN AGJvYgBzZWNyZXQ=\n*\nQUIT\n", "AUTH PLAIN *** → 535 5.7.8 Authentication failed; QUIT"},
		{"wrong password later", "EHLO c\nAUTH LOGIN\nYm9i\nc2VjcmV0\n*\n", "AUTH LOGIN → 535 5.7.8 Authentication failed; still open"},
		{"cancelled", "EHLO c\nAUTH LOGIN\n*\nQUIT\n", "AUTH LOGIN → 334 VXNlcm5hbWU6; QUIT"},
		{"delivered by LMTP", "LHLO c\nMAIL FROM:<a@b.example>\n" + strings.Repeat("RCPT TO:<c@d.example>\n", 100) + "DATA\nSubject: x\n\nx\n.\n", ""},
		{"no end", "EHLO c\nMAIL FROM:<a@b.example>\nRCPT TO:<c@d.example>\nDATA\nSubject: x\n\nx\n",
			"DATA → 354 End data with <CR><LF>.<CR><LF>; the message is not complete; still open"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := &mailtest.Server{LMTP: strings.HasPrefix(test.lines, "LHLO")}
				defer srv.Close()
				if strings.Contains(test.lines, "AUTH") {
					srv.Users = map[string]string{"ann": "secret"}
				}
				srv.AddRules(mailtest.UnknownMailbox("no@d.example"))
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				go func() { // reads what the server says
					for buf := make([]byte, 1024); err == nil; _, err = conn.Read(buf) {
					}
				}()
				for line := range strings.Lines(test.lines) {
					synctest.Wait()
					fmt.Fprint(conn, strings.Replace(line, "\n", "\r\n", 1))
				}
				synctest.Wait()
				tb := &fakeTB{}
				tb.run(func() { srv.WaitN(tb, 2) })
				_, got, _ := strings.Cut(strings.Join(tb.fatal, "\n"), "\nsession 1 from 127.0.0.1:49153: ")
				if got != test.want {
					t.Errorf("got %q, want %q, in\n%s", got, test.want, tb.fatal)
				}
			})
		})
	}
}

// Of many sessions, the latest are named, and the others counted.
func TestHowFarMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &mailtest.Server{}
		defer srv.Close()
		for range 25 {
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		synctest.Wait()
		tb := &fakeTB{}
		tb.run(func() { srv.Next(tb) })
		_, got, _ := strings.Cut(strings.Join(tb.fatal, "\n"), "0 messages\n")
		lines := strings.Split(got, "\n")
		if len(lines) != 21 || lines[0] != "… 5 sessions before these" || !strings.HasPrefix(lines[1], "session 6 ") {
			t.Errorf("got\n%s", got)
		}
	})
}

// The transcript of an encrypted session says so in its first line.
func TestTranscriptNamesTLS(t *testing.T) {
	t.Parallel()
	for _, encrypted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			srv := &mailtest.Server{ImplicitTLS: encrypted}
			defer srv.Close()
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := "session 1 from 127.0.0.1:49153 to 127.0.0.1:25"
			if encrypted {
				conn = tls.Client(conn, srv.ClientTLS())
				want += " with TLS 1.3"
			}
			fmt.Fprint(conn, "QUIT\r\n")
			io.Copy(io.Discard, conn)
			conn.Close()
			if got, _, _ := strings.Cut(srv.WaitSession(t, 1).String(), "\n"); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A wait for a session that has delivered a message and stays open says so, and one for a session that nobody has begun.
func TestWaitSessionOpen(t *testing.T) {
	t.Parallel()
	const mail = "1 message\n  #1 \"x\" from <a@b.example> to c@d.example\n"
	tests := []struct {
		number int
		want   string
	}{
		{1, "mailtest: session 1 has not ended within 10s\n" + mail + "session 1 from 127.0.0.1:49153: dot → 250 2.0.0 Message accepted; still open"},
		{2, "mailtest: session 2 has not ended within 10s\n" + mail + "session 2 has not begun"},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			srv := &mailtest.Server{}
			defer srv.Close()
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, "HELO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n")
			tb := &fakeTB{}
			tb.run(func() { srv.WaitSession(tb, test.number) })
			if got := strings.Join(tb.fatal, "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A wait for a session that was forgotten says why it was.
func TestWaitSessionForgotten(t *testing.T) {
	t.Parallel()
	const (
		byReset = "mailtest: session 1 has ended, and Reset has forgotten it; wait for it before Reset"
		byLimit = "mailtest: session 1 has ended, and LimitSessions has forgotten it; wait for it earlier, or let the server keep more sessions"
		byOne   = "mailtest: session 1 has ended, and Reset or LimitSessions has forgotten it; wait for it earlier"
	)
	for _, test := range []struct {
		want   string
		forget func(srv *mailtest.Server)
	}{
		{byReset, func(srv *mailtest.Server) { srv.Reset() }},
		{byLimit, func(srv *mailtest.Server) { srv.LimitSessions(1) }},
		{byOne, func(srv *mailtest.Server) { srv.LimitSessions(1); srv.Reset() }},
		{byReset, func(srv *mailtest.Server) { srv.LimitSessions(2); srv.Reset() }},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := &mailtest.Server{}
			defer srv.Close()
			for range 2 {
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				conn.Close()
				synctest.Wait()
			}
			test.forget(srv)
			tb := &fakeTB{}
			tb.run(func() { srv.WaitSession(tb, 1) })
			if got := strings.Join(tb.fatal, "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// A wait for one more message says that there is none.
func TestWaitOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inbox mailtest.Inbox
		tb := &fakeTB{}
		tb.run(func() { inbox.WaitN(tb, 1) })
		if got, want := strings.Join(tb.fatal, "\n"), "mailtest: no message within 10s\n0 messages\n"; !strings.HasPrefix(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// Of many messages, a wait that fails names those that nobody has taken, since the one that it waits for may be among them
// in another form.
func TestHowFarTaken(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		open  []string // the subjects of messages that are not taken
		count int
		want  []string // in the text
		not   string
	}{
		{[]string{"Receipt 3"}, 60, []string{"60 messages\n… 40 messages left out here\n  #3 \"Receipt 3\" ", "#42 ", "#60 "}, "#41 "},
		{nil, 60, []string{"60 messages\n… 40 messages left out here\n  #41 ", "#60 \"Receipt 60\" from <a@a.example> to b@b.example (taken)"}, "#40 "},
		{[]string{"Receipt 3"}, 20, []string{"20 messages\n  #1 \"Receipt 1\" ", "#3 \"Receipt 3\" from <a@a.example> to b@b.example\n", "#20 "}, "left out"},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := &mailtest.Server{}
			defer srv.Close()
			for i := range test.count {
				send(t, srv, "a@a.example", "b@b.example", fmt.Sprintf("Receipt %d", i+1))
			}
			for range test.count - len(test.open) {
				srv.WaitFor(t, func(m *mailtest.Message) bool { return !slices.Contains(test.open, m.Subject) })
			}
			tb := &fakeTB{}
			tb.run(func() { srv.WaitFor(tb, func(*mailtest.Message) bool { return false }) })
			got := strings.Join(tb.fatal, "\n")
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in\n%s", want, got)
				}
			}
			if strings.Contains(got, test.not) {
				t.Errorf("%q is in\n%s", test.not, got)
			}
		})
	}
}
