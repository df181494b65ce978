package mailtest_test

// A setting that comes too late.

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// changes change each setting of a server.
var changes = map[string]func(*mailtest.Server){
	"Name":          func(s *mailtest.Server) { s.Name = "mx.example" },
	"Users":         func(s *mailtest.Server) { s.Users["bob"] = "changed" },
	"Mechanisms":    func(s *mailtest.Server) { s.Mechanisms[0] = "LOGIN" },
	"StartTLS":      func(s *mailtest.Server) { s.StartTLS = true },
	"ImplicitTLS":   func(s *mailtest.Server) { s.ImplicitTLS = true },
	"TLS":           func(s *mailtest.Server) { s.TLS = new(tls.Config) },
	"MaxSize":       func(s *mailtest.Server) { s.MaxSize = 1 },
	"MaxRecipients": func(s *mailtest.Server) { s.MaxRecipients = 1 },
	"LMTP":          func(s *mailtest.Server) { s.LMTP = true },
	"ProxyProtocol": func(s *mailtest.Server) { s.ProxyProtocol = true },
	"XClient":       func(s *mailtest.Server) { s.XClient = true },
	"BareLF":        func(s *mailtest.Server) { s.BareLF = mailtest.EndLF },
	"Rules":         func(s *mailtest.Server) { s.Rules[0].Times++ },
	"Reword":        func(s *mailtest.Server) { s.Reword = func(_ *mailtest.Attempt, reply string) string { return reply } },
	"Collect":       func(s *mailtest.Server) { s.Collect = new(mailtest.Inbox) },
	"Watch":         func(s *mailtest.Server) { s.Watch = func(int, int) {} },
}

// newSettled returns a server with settings that have something to change, that is in use.
func newSettled() *mailtest.Server {
	srv := &mailtest.Server{
		Users:      map[string]string{"bob": "secret"},
		Mechanisms: []string{"PLAIN"},
		Rules:      []mailtest.Rule{{At: mailtest.Noop, Reply: "250 OK", When: func(*mailtest.Attempt) bool { return true }}},
		Watch:      func(int, int) {},
	}
	srv.Addr()
	return srv
}

func TestSettingTooLate(t *testing.T) {
	t.Parallel()
	for field := range reflect.TypeFor[mailtest.Server]().Fields() {
		if !field.IsExported() || field.Name == "Inbox" {
			continue
		}
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			change := changes[field.Name]
			if change == nil {
				t.Fatal("nobody changes it")
			}
			want := "mailtest: " + field.Name + " was set after the server was first used"
			panics := func(name string, call func()) {
				t.Helper()
				defer func() {
					t.Helper()
					if got := fmt.Sprint(recover()); got != want {
						t.Errorf("%s panics with %q, want %q", name, got, want)
					}
				}()
				call()
			}
			srv := newSettled()
			change(srv)
			panics("Addr", func() { srv.Addr() })
			panics("TLSAddr", func() { srv.TLSAddr() })
			panics("Port", func() { srv.Port() })
			panics("AddRules", func() { srv.AddRules() })
			panics("Suspend", srv.Suspend)
			panics("Reset", srv.Reset)
			panics("Start", func() { srv.Start() })
			panics("Resume", func() { srv.Resume() })
			tb := new(fakeTB)
			tb.run(func() { srv.Next(tb) })
			tb.run(func() { srv.WaitSession(tb, 1) })
			if got := strings.Join(tb.fatal, "\n"); got != want+"\n"+want {
				t.Errorf("the waits end the test with %q, want %q twice", got, want)
			}
			panics("Close", srv.Close)
			if _, err := srv.Dial(context.Background()); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("Dial after Close: %v", err)
			}
		})
	}
}

// A test that does nothing with the server any more, but to end, is told too.
func TestSettingTooLateAtEnd(t *testing.T) {
	t.Parallel()
	tb := new(fakeTB)
	tb.run(func() {
		srv := mailtest.New(tb)
		srv.Addr()
		srv.StartTLS = true
	})
	if got := fmt.Sprint(tb.errors); got != "[mailtest: StartTLS was set after the server was first used]" {
		t.Errorf("got errors %s", got)
	}
}

// Connections go by the settings that the server has begun with, and setting one too late is no data
// race with them.
func TestSettingTooLateForConnections(t *testing.T) {
	t.Parallel()
	srv := newSettled()
	for i := range 8 {
		t.Run("", func(t *testing.T) {
			conn, err := srv.Dial(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() {
				done <- raw(conn, "220 localhost ESMTP ready", "EHLO a", "250", "AUTH PLAIN AGJvYgBzZWNyZXQ=", "235", "QUIT", "221")
			}()
			if i == 4 {
				for _, change := range changes {
					change(srv)
				}
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
			if got := srv.Session(i + 1).Turns[1].Reply; strings.Contains(got, "STARTTLS") || !strings.Contains(got, "AUTH PLAIN\r\n") {
				t.Errorf("EHLO is answered with %q", got)
			}
		})
	}
	defer func() {
		if recover() == nil {
			t.Error("Close does not panic")
		}
	}()
	srv.Close()
}

// ClientTLS has told the name already.
func TestNameAfterClientTLS(t *testing.T) {
	t.Parallel()
	tb := new(fakeTB)
	tb.run(func() {
		srv := mailtest.New(tb)
		srv.ClientTLS()
		srv.Name = "mx.example"
		srv.Addr()
	})
	if got := fmt.Sprint(tb.fatal); got != "[mailtest: Name was set after the server was first used]" {
		t.Errorf("the test ends with %s", got)
	}
}
