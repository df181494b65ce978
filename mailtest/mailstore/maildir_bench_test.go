package mailstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

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
