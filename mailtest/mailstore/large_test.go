package mailstore_test

// Mailboxes with many messages.

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// many is how many messages a mailbox has in the tests and benchmarks of large ones.
const many = 10_000

// large returns a mailbox with many messages.
func large(tb testing.TB) (m *mailstore.Memory, b mailstore.Mailbox, all []uint32) {
	tb.Helper()
	m = new(mailstore.Memory)
	raw := []byte("Subject: x\r\n\r\nx\r\n")
	for i := range many {
		m.Deliver(raw, time.Unix(int64(i), 0), "bob@qq.com")
		all = append(all, uint32(i+1))
	}
	a, err := m.Account("bob")
	if err != nil {
		tb.Fatal(err)
	}
	if b, err = a.Mailbox("INBOX"); err != nil {
		tb.Fatal(err)
	}
	return m, b, all
}

// TestLarge shows that a list of many messages is one allocation, and that bytes are shared, not copied.
func TestLarge(t *testing.T) {
	_, b, all := large(t)
	if n := testing.AllocsPerRun(10, func() { b.Messages() }); n > 1 {
		t.Errorf("Messages makes %v allocations, want 1", n)
	}
	if n := testing.AllocsPerRun(10, func() { b.Status(); b.Raw(17) }); n > 0 {
		t.Errorf("Status and Raw make %v allocations, want none", n)
	}
	first, _ := b.Raw(1)
	last, _ := b.Raw(many)
	if &first[0] != &last[0] {
		t.Error("the bytes of messages are copies")
	}
	for _, uid := range all {
		if err := b.Remove(uid); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := b.Status(); err != nil || status.Messages != 0 || status.UIDNext != many+1 {
		t.Errorf("status is %+v, %v, want no messages", status, err)
	}
}

func BenchmarkMemory(b *testing.B) {
	for name, f := range map[string]func(m *mailstore.Memory, in mailstore.Mailbox, all []uint32){
		"Messages": func(_ *mailstore.Memory, in mailstore.Mailbox, _ []uint32) { in.Messages() },
		"SetFlags each": func(_ *mailstore.Memory, in mailstore.Mailbox, all []uint32) {
			for _, uid := range all {
				in.SetFlags(uid, `\Seen`)
			}
		},
		"ChangeFlags": func(_ *mailstore.Memory, in mailstore.Mailbox, all []uint32) {
			in.ChangeFlags([]string{`\Seen`}, nil, all...)
		},
		"Remove": func(_ *mailstore.Memory, in mailstore.Mailbox, all []uint32) { in.Remove(all...) },
		"Remove each": func(_ *mailstore.Memory, in mailstore.Mailbox, all []uint32) {
			for _, uid := range all {
				in.Remove(uid)
			}
		},
		"Withdraw each": func(m *mailstore.Memory, _ mailstore.Mailbox, _ []uint32) {
			for i := range many {
				m.Withdraw(i + 1)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				m, in, all := large(b)
				b.StartTimer()
				f(m, in, all)
			}
		})
	}
}

// BenchmarkMaildir measures a mailbox with many messages, which another program has delivered.
func BenchmarkMaildir(b *testing.B) {
	dir := b.TempDir()
	bob, err := openMaildir(b, dir).Account("bob")
	if err != nil {
		b.Fatal(err)
	}
	var all []uint32
	for i := range many {
		path := filepath.Join(dir, "bob", "cur", fmt.Sprintf("%d.host%s2,S", i, separator()))
		if err := os.WriteFile(path, []byte("Subject: x\r\n\r\nx\r\n"), 0o600); err != nil {
			b.Fatal(err)
		}
		all = append(all, uint32(i+1))
	}
	in, err := bob.Mailbox("INBOX")
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, f func() error) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	open := func() (mailstore.Mailbox, error) {
		bob, err := openMaildir(b, dir).Account("bob")
		if err != nil {
			return nil, err
		}
		return bob.Mailbox("INBOX")
	}
	run("first scan", func() error {
		if err := os.RemoveAll(filepath.Join(dir, "bob", "mailstore-index")); err != nil {
			return err
		}
		in, err := open()
		if err == nil {
			_, err = in.Status()
		}
		return err
	})
	run("open", func() error {
		in, err := open()
		if err == nil {
			_, err = in.Status()
		}
		return err
	})
	run("Status", func() error { _, err := in.Status(); return err })
	run("Messages", func() error { _, err := in.Messages(); return err })
	on := false
	run("ChangeFlags", func() error {
		add, remove := []string{`\Flagged`}, []string{"foo"}
		if on = !on; on {
			add, remove = remove, add
		}
		return in.ChangeFlags(add, remove, all...)
	})
	run("Append", func() error { _, err := in.Append([]byte("x"), date, `\Seen`); return err })
}
