package mailtest_test

import (
	"bytes"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// inboxOf opens the INBOX of a user.
func inboxOf(t *testing.T, s mailstore.Store, user string) mailstore.Mailbox {
	t.Helper()
	a, err := s.Account(user)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Mailbox("INBOX")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// subjectsOf returns the subjects of the messages in the INBOX of a user.
func subjectsOf(t *testing.T, s mailstore.Store, user string) string {
	t.Helper()
	b := inboxOf(t, s, user)
	messages, err := b.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, m := range messages {
		raw, err := b.Raw(m.UID)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, mailtest.ParseMessage(raw).Subject)
	}
	return strings.Join(subjects, " ")
}

// sendTo sends a message with a subject.
func sendTo(t *testing.T, srv *mailtest.Server, subject string, to ...string) {
	t.Helper()
	raw := []byte("Subject: " + subject + "\r\n\r\nHi\r\n")
	if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", to, raw); err != nil {
		t.Fatal(err)
	}
}

func TestMailboxes(t *testing.T) {
	t.Parallel()
	var both mailtest.Inbox
	srv := mailtest.New(t)
	srv.Collect = &both
	want := func(s mailstore.Store, wants ...string) { // user, subjects, user, subjects …
		t.Helper()
		for i := 0; i < len(wants); i += 2 {
			if got := subjectsOf(t, s, wants[i]); got != wants[i+1] {
				t.Errorf("%s has %q, want %q", wants[i], got, wants[i+1])
			}
		}
	}
	for _, subject := range []string{"one", "two", "three"} {
		sendTo(t, srv, subject, "bob@qq.com", subject+"@qq.com")
	}
	srv.Remove(srv.Messages()[1])
	boxes := srv.Mailboxes()
	if again := srv.Inbox.Mailboxes(); again != boxes {
		t.Error("Mailboxes returned another store the second time")
	}
	want(boxes, "bob", "one three", "one@qq.com", "one", "two", "")
	sendTo(t, srv, "four", "Bob@163.com")
	sendTo(t, srv, "five", "bob@qq.com")
	want(boxes, "bob", "one three four five", "bob@qq.com", "one three five", "bob@163.com", "four")
	want(mailstore.All(srv).Mailboxes(), "anybody", "one three four five")
	want(both.Mailboxes(), "bob", "one two three four five")

	in := inboxOf(t, boxes, "bob")
	messages, err := in.Messages()
	captured := srv.Messages()
	if err != nil || len(messages) != 4 || !messages[1].Date.Equal(captured[1].Time) || messages[1].Size != int64(len(captured[1].Raw)) {
		t.Errorf("messages = %+v, %v, want those captured", messages, err)
	}
	if raw, err := in.Raw(2); err != nil || !bytes.Equal(raw, captured[1].Raw) {
		t.Errorf("raw = %q, %v, want %q", raw, err, captured[1].Raw)
	}

	// What a client does stays with the mailboxes.
	before := srv.Messages()
	if err := in.SetFlags(1, `\Seen`); err != nil {
		t.Error(err)
	}
	if err := in.Remove(4); err != nil {
		t.Error(err)
	}
	if _, err := in.Append([]byte("Subject: own\r\n\r\n"), time.Now()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, srv.Messages()); diff != "" {
		t.Errorf("messages after a client (-before +after):\n%s", diff)
	}
	want(boxes, "bob", "one three four own", "bob@qq.com", "one three five")

	if n := srv.Remove(captured[0], captured[3]); n != 2 {
		t.Errorf("Remove = %d, want 2", n)
	}
	want(boxes, "bob", "three four own", "bob@qq.com", "three")
	srv.Reset()
	want(boxes, "bob", "own", "bob@qq.com", "", "new", "")
	want(both.Mailboxes(), "bob", "one two three four five")
	sendTo(t, srv, "six", "bob@qq.com")
	want(boxes, "bob", "own six", "bob@qq.com", "six", "bob@163.com", "")
	srv.Remove(srv.Messages()...)
	want(boxes, "bob", "own", "bob@qq.com", "", "all", "")
	srv.Close()
	want(boxes, "bob", "own")
}

// TestMailboxesUsers shows whose mailboxes they are, and that asking for them is a use of the server.
func TestMailboxesUsers(t *testing.T) {
	t.Parallel()
	users := map[string]string{"bob": "secret"}
	srv := &mailtest.Server{Users: users}
	boxes := srv.Mailboxes()
	if diff := cmp.Diff(users, boxes.Users()); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	users["eve"] = "x"
	if n := len(boxes.Users()); n != 1 {
		t.Errorf("%d users, want 1: the map is that of the test", n)
	}
	srv.Users = nil
	defer func() {
		if recover() == nil {
			t.Error("Close did not panic, though Users were set too late")
		}
	}()
	srv.Close()
}

// TestMailboxesLost has messages whose acknowledgement is lost, and recipients for whom they are.
func TestMailboxesLost(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		srv := mailtest.New(t)
		if early {
			srv.Mailboxes()
		}
		srv.AddRules(
			mailtest.Rule{At: mailtest.Dot, Header: "Subject: lost", Keep: true, Drop: mailtest.Reset},
			mailtest.Rule{At: mailtest.Dot, To: "eve@qq.com", Lose: true},
			mailtest.Rule{At: mailtest.Dot, Header: "Subject: refused", Reply: "550 5.7.1 No"},
		)
		for _, subject := range []string{"lost", "refused"} {
			raw := []byte("Subject: " + subject + "\r\n\r\nHi\r\n")
			if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", []string{"bob@qq.com"}, raw); err == nil {
				t.Errorf("%s: no error", subject)
			}
		}
		srv.WaitN(t, 1)
		sendTo(t, srv, "kept", "eve@qq.com", "bob@qq.com")
		for user, want := range map[string]string{"bob": "lost kept", "eve": ""} {
			if got := subjectsOf(t, srv.Mailboxes(), user); got != want {
				t.Errorf("early %v: %s has %q, want %q", early, user, got, want)
			}
		}
	}
}

// TestMailboxesConcurrent asks for mailboxes, and for mail in them, while mail comes and goes.
func TestMailboxesConcurrent(t *testing.T) {
	t.Parallel()
	const senders, each = 4, 10
	srv := mailtest.New(t)
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range each {
				sendTo(t, srv, "x", "bob@qq.com")
			}
		})
	}
	in := inboxOf(t, srv.Mailboxes(), "bob")
	for {
		changed := in.Changed()
		status, err := in.Status()
		if err != nil {
			t.Fatal(err)
		}
		if status.UIDNext == senders*each+1 {
			break
		}
		<-changed
		srv.Remove(srv.Messages()...)
	}
	all.Wait()
	srv.Remove(srv.Messages()...)
	if status, err := in.Status(); err != nil || status.Messages != 0 {
		t.Errorf("status = %+v, %v, want no messages", status, err)
	}
}

// A client finds its message in the mailboxes as soon as it has read 250, though another message before it is on its way.
func TestMailboxesAtOnce(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	held, release := make(chan struct{}), make(chan struct{})
	srv.Watch = func(session, turn int) {
		if s := srv.Session(session); session == 1 && s.Turns[turn].Stage == mailtest.Dot {
			close(held)
			<-release
		}
	}
	store := srv.Mailboxes()
	var first sync.WaitGroup
	first.Go(func() {
		if err := smtp.SendMail(srv.Addr(), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: one\r\n\r\nHi\r\n")); err != nil {
			t.Error(err)
		}
	})
	defer first.Wait()
	defer close(release)
	<-held
	sendTo(t, srv, "two", "bob@qq.com")
	if got := subjectsOf(t, store, "bob"); got != "two" {
		t.Errorf("after 250, the mailbox has %q, want the message", got)
	}
	if n := srv.Remove(srv.Message(2)); n != 1 || subjectsOf(t, store, "bob") != "" {
		t.Errorf("Remove has removed %d messages, and left %q in the mailbox", n, subjectsOf(t, store, "bob"))
	}
}
