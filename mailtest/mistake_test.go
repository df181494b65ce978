package mailtest_test

// Mistakes in a test, and what is said about them.

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/imap"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// mustPanic checks that f panics with a text.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("got %q, want a panic with %q", got, want)
		}
	}()
	f()
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	send(t, srv, "jb@shop.example", "bob@qq.com", "Hi")
	for want, f := range map[string]func(){
		"mailtest: WaitFor: match is nil; for any message, there is Next": func() { srv.WaitFor(t, nil) },
		"mailtest: WaitN: there can't be -1 messages":                     func() { srv.WaitN(t, -1) },
		"mailtest: WaitOnly: there can't be -1 messages":                  func() { srv.WaitOnly(t, -1, 0) },
		"pop3: New: the source of the mail is nil":                        func() { pop3.New(t, nil) },
		"imap: New: the source of the mail is nil":                        func() { imap.New(t, nil) },
	} {
		mustPanic(t, want, f)
	}
}

// A mechanism that a server can't speak is a mistake, and not a server without AUTH.
func TestUnknownMechanism(t *testing.T) {
	t.Parallel()
	var inbox mailtest.Inbox
	for want, f := range map[string]func(){
		`mailtest: Mechanisms: "SCRAM-SHA-1" is none of PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER, SCRAM-SHA-256; to announce others, add a rule at Helo with Add`: func() {
			(&mailtest.Server{Mechanisms: []string{"plain", "SCRAM-SHA-1"}}).Addr()
		},
		`pop3: Mechanisms: "PLIAN" is none of PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER, SCRAM-SHA-256, APOP`: func() {
			(&pop3.Server{Source: &inbox, Mechanisms: []string{"APOP", "PLIAN"}}).Addr()
		},
		`imap: Mechanisms: "APOP" is none of PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER, SCRAM-SHA-256`: func() {
			(&imap.Server{Source: &inbox, Mechanisms: []string{"PLAIN", "APOP"}}).Addr()
		},
	} {
		mustPanic(t, want, f)
	}
}

// A server has no socket inside a bubble: it would stop the clock, and the test would hang.
func TestSocketInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		const want = "can't have a socket inside a synctest bubble, since waiting for it would stop the clock; connect with Server.Dial"
		if err := srv.Start(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start: %v, want %q", err, want)
		}
		mustPanic(t, want, func() { srv.Addr() })
		mustPanic(t, want, func() { srv.TLSAddr() })
		pop, im := pop3.New(t, srv), imap.New(t, srv)
		for _, err := range []error{pop.Start(), im.Start()} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Start: %v, want %q", err, want)
			}
		}
		conn, err := srv.Dial(t.Context())
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	})
}
