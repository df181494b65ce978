package mailstore_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// mailboxOf opens a mailbox of a user.
func mailboxOf(t *testing.T, s mailstore.Store, user, mailbox string) mailstore.Mailbox {
	t.Helper()
	b, err := accountOf(t, s, user).Mailbox(mailbox)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mailOf returns the messages in a mailbox of a user, one after the other.
func mailOf(t *testing.T, s mailstore.Store, user, mailbox string) string {
	t.Helper()
	b := mailboxOf(t, s, user, mailbox)
	messages, err := b.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var raws []string
	for _, m := range messages {
		raw, err := b.Raw(m.UID)
		if err != nil {
			t.Fatal(err)
		}
		raws = append(raws, string(raw))
	}
	return strings.Join(raws, " ")
}

// TestDeliver shows who gets what, both those who ask before it comes and those who ask after.
func TestDeliver(t *testing.T) {
	t.Parallel()
	deliveries := []struct {
		raw        string
		recipients []string
	}{
		{"1", []string{"bob@qq.com"}},
		{"2", []string{"Bob@QQ.com", "bob@qq.com", "bob@163.com"}},
		{"3", []string{"bob@163.com", "eve@qq.com"}},
		{"4", nil},
		{"5", []string{"bob@例子.中国"}},
		{"6", []string{"BOB@XN--fsqu00a.xn--fiqs8s"}},
		{"7", []string{"postmaster"}},
		{"8", []string{`"b\ob"@qq.com`, `"bob smith"@qq.com`}},
		{"9", []string{"bob@[192.0.2.1]", "張三@qq.com", "@", ""}},
		{"10", []string{"bob@b@qq.com"}},
	}
	tests := []struct{ user, want string }{
		{"bob@qq.com", "1 2 8"},
		{"BOB@qq.COM", "1 2 8"},
		{"bob@163.com", "2 3"},
		{"bob", "1 2 3 5 6 8 9"},
		{"bob@例子.中国", "5 6"},
		{"bob@xn--fsqu00a.xn--fiqs8s", "5 6"},
		{"postmaster", "7"},
		{"postmaster@qq.com", ""},
		{"bob smith", "8"},
		{`"bob smith"@qq.com`, "8"},
		{"bob@[192.0.2.1]", "9"},
		{"張三", "9"},
		{"bob@b", "10"},
		{"nobody", ""},
	}
	for _, early := range []bool{true, false} {
		var m mailstore.Memory
		if early {
			for _, test := range tests {
				mailOf(t, &m, test.user, "INBOX")
			}
			mailOf(t, mailstore.All(&m).Mailboxes(), "bob", "INBOX")
		}
		for i, d := range deliveries {
			if got := m.Deliver([]byte(d.raw), time.Unix(int64(i), 0), d.recipients...); got != i+1 {
				t.Errorf("Deliver of %s = %d, want %d", d.raw, got, i+1)
			}
		}
		for _, test := range tests {
			if got := mailOf(t, &m, test.user, "INBOX"); got != test.want {
				t.Errorf("early %v: %s has %q, want %q", early, test.user, got, test.want)
			}
		}
		for _, user := range []string{"bob", "nobody"} {
			if got, want := mailOf(t, mailstore.All(&m).Mailboxes(), user, "INBOX"), "1 2 3 4 5 6 7 8 9 10"; got != want {
				t.Errorf("early %v: with All, %s has %q, want %q", early, user, got, want)
			}
		}
	}
}

// TestWithdraw takes deliveries back, and nothing else.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	var m mailstore.Memory
	for i := range 6 {
		m.Deliver(fmt.Append(nil, i+1), time.Now(), "bob@qq.com", fmt.Sprintf("user%d@qq.com", i%2))
	}
	all := mailstore.All(&m).Mailboxes()
	if got, want := mailOf(t, all, "x", "INBOX"), "1 2 3 4 5 6"; got != want {
		t.Fatalf("all have %q, want %q", got, want)
	}
	bob, in := accountOf(t, &m, "bob"), mailboxOf(t, &m, "bob", "INBOX")
	if err := in.Remove(2); err != nil {
		t.Fatal(err)
	}
	if err := bob.Rename("INBOX", "Before"); err != nil {
		t.Fatal(err)
	}
	if err := m.Put("bob", "Before", []byte("own"), time.Now()); err != nil {
		t.Fatal(err)
	}
	in.Append([]byte("4"), time.Now()) // a copy
	m.Deliver([]byte("7"), time.Now(), "bob@qq.com")
	changed := in.Changed()

	m.Withdraw(2, 4, 5, 0, -1, 99)
	select {
	case <-changed:
		t.Error("INBOX has changed, though nothing in it was withdrawn")
	default:
	}
	m.Withdraw(7, 7, 4)
	<-changed
	for _, test := range []struct {
		store               mailstore.Store
		user, mailbox, want string
	}{
		{&m, "bob", "Before", "1 3 6 own"},
		{&m, "bob", "INBOX", "4"},
		{&m, "bob@qq.com", "INBOX", "1 3 6"},
		{&m, "user0", "INBOX", "1 3"},
		{&m, "user1", "INBOX", "6"},
		{all, "x", "INBOX", "1 3 6"},
	} {
		if got := mailOf(t, test.store, test.user, test.mailbox); got != test.want {
			t.Errorf("%s has %q in %s, want %q", test.user, got, test.mailbox, test.want)
		}
	}
	if got := m.Deliver(nil, time.Now()); got != 8 {
		t.Errorf("the next number is %d, want 8", got)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	m := mailstore.Memory{Passwords: map[string]string{"bob": "secret"}}
	for _, name := range []string{"inbox", "Sent", "a/b", "a/b"} {
		if err := m.Put("BOB", name, []byte(name), time.Now(), `\seen`); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"INBOX": "inbox", "Sent": "Sent", "a": "", "a/b": "a/b a/b"} {
		if got := mailOf(t, &m, "bob", name); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	for _, bad := range []struct{ user, mailbox, flag string }{
		{"", "INBOX", "x"}, {"eve", "INBOX", "x"}, {"bob", "", "x"}, {"bob", "a//b", "x"}, {"bob", "INBOX", "a b"},
	} {
		if err := m.Put(bad.user, bad.mailbox, nil, time.Now(), bad.flag); err == nil {
			t.Errorf("Put of %q: no error", bad)
		}
	}
	if got := m.Users()["bob"]; got != "secret" || m.Mailboxes() != mailstore.Store(&m) {
		t.Errorf("the password of bob is %q in %v, want secret", got, m.Mailboxes())
	}
	if _, err := m.Account(""); err == nil {
		t.Error("Account without a name: no error")
	}
}

// TestAllOfOthers asks for all mail of a store that can't say.
func TestAllOfOthers(t *testing.T) {
	t.Parallel()
	src := mailstore.All(source{struct{ mailstore.Store }{new(mailstore.Memory)}})
	if _, err := src.Mailboxes().Account("bob"); err == nil {
		t.Error("no error, want one that says so")
	}
	if users := src.Mailboxes().Users(); users != nil {
		t.Errorf("users are %v, want nil", users)
	}
}

type source struct{ store mailstore.Store }

func (s source) Mailboxes() mailstore.Store { return s.store }

// TestConcurrent uses a mailbox from many sides at once.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const sides, rounds = 8, 20
	forEachStore(t, func(t *testing.T, s mailstore.Store) {
		var all sync.WaitGroup
		for i := range sides {
			all.Go(func() {
				a, err := s.Account("bob")
				if err != nil {
					t.Error(err)
					return
				}
				mine := fmt.Sprintf("box%d", i)
				for range rounds {
					if err := side(a, mine); err != nil {
						t.Errorf("%s: %v", mine, err)
						return
					}
				}
			})
		}
		all.Wait()
		in := mailboxOf(t, s, "bob", "INBOX")
		messages, err := in.Messages()
		if err != nil || len(messages) != sides*rounds {
			t.Fatalf("%d messages, %v, want %d", len(messages), err, sides*rounds)
		}
		for i, m := range messages {
			if raw, err := in.Raw(m.UID); err != nil || i > 0 && messages[i-1].UID >= m.UID || !slices.Equal(m.Flags, []string{string(raw)}) {
				t.Errorf("message %d is %+v, %q, %v, want flags that are its text", i, m, raw, err)
			}
		}
		status, err := in.Status()
		if err != nil || status.Messages != sides*rounds || status.UIDNext != 2*sides*rounds+1 {
			t.Errorf("status %+v, %v, want %d messages of %d", status, err, sides*rounds, 2*sides*rounds)
		}
	})
}

// side is one of those who use an account at once: it leaves one message in INBOX, and nothing else.
func side(a mailstore.Account, mine string) error {
	in, err := a.Mailbox("INBOX")
	if err != nil {
		return err
	}
	changed := in.Changed()
	uid, err := in.Append([]byte(mine), time.Now(), "new")
	if err != nil {
		return err
	}
	<-changed
	other, err := in.Append([]byte(mine), time.Now())
	if err != nil {
		return err
	}
	if err := a.Create(mine); err != nil {
		return err
	}
	if err := in.ChangeFlags([]string{mine}, []string{"new"}, uid, other); err != nil {
		return err
	}
	if err := in.SetFlags(uid, mine); err != nil {
		return err
	}
	if raw, err := in.Raw(uid); err != nil || string(raw) != mine {
		return fmt.Errorf("raw is %q, %w", raw, err)
	}
	if _, err := in.Messages(); err != nil {
		return err
	}
	if _, err := in.Status(); err != nil {
		return err
	}
	if err := in.Remove(other); err != nil {
		return err
	}
	if _, err := a.Mailboxes(); err != nil {
		return err
	}
	if err := a.Rename(mine, mine+"-renamed"); err != nil {
		return err
	}
	return a.Delete(mine + "-renamed")
}

// TestBareLF shows that all lines end with CRLF, however they came, and that nothing else is changed.
func TestBareLF(t *testing.T) {
	t.Parallel()
	tests := []struct{ raw, want string }{
		{"", ""},
		{"a", "a"},
		{"a\r\nb\r\n", "a\r\nb\r\n"},
		{"\na\nb\r\n\n", "\r\na\r\nb\r\n\r\n"},
		{"a\rb\r\r\n\n\r", "a\rb\r\r\n\r\n\r"},
		{"\x00\xff\n", "\x00\xff\r\n"},
	}
	var m mailstore.Memory
	for _, test := range tests {
		m.Deliver([]byte(test.raw), date, "bob")
	}
	for _, test := range tests {
		if err := m.Put("bob", "INBOX", []byte(test.raw), date); err != nil {
			t.Fatal(err)
		}
	}
	check := func(t *testing.T, in mailstore.Mailbox) {
		t.Helper()
		messages, err := in.Messages()
		if err != nil || len(messages)%len(tests) != 0 {
			t.Fatalf("%d messages, %v, want %d", len(messages), err, len(tests))
		}
		for i, m := range messages {
			test := tests[i%len(tests)]
			if got, err := in.Raw(m.UID); err != nil || string(got) != test.want || m.Size != int64(len(got)) {
				t.Errorf("%q is stored as %q, %v, of %d bytes, want %q", test.raw, got, err, m.Size, test.want)
			}
		}
	}
	check(t, mailboxOf(t, &m, "bob", "INBOX"))
	forEachStore(t, func(t *testing.T, s mailstore.Store) {
		in := mailboxOf(t, s, "bob", "INBOX")
		for _, test := range tests {
			if _, err := in.Append([]byte(test.raw), date); err != nil {
				t.Fatal(err)
			}
		}
		check(t, in)
	})
}
