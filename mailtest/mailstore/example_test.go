package mailstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// date is when the messages of the examples came.
var date = time.Date(2026, time.May, 4, 12, 0, 0, 0, time.UTC)

// welcome is a message.
var welcome = []byte("Subject: Welcome\r\n\r\nHello Bob\r\n")

// A test puts mail into a store, and gives the store to a POP3 or IMAP server.
func ExampleMemory() {
	store := &mailstore.Memory{Passwords: map[string]string{"bob@qq.com": "secret"}}
	store.Deliver(welcome, date, "bob@qq.com")
	if err := store.Put("bob@qq.com", "Archive/2025", welcome, date, `\Seen`); err != nil {
		fmt.Println(err)
		return
	}
	bob, err := store.Account("bob@qq.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"INBOX", "Archive/2025"} {
		mailbox, err := bob.Mailbox(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		messages, err := mailbox.Messages()
		fmt.Println(name, len(messages), messages[0].Flags, err)
	}
	// Output:
	// INBOX 1 [] <nil>
	// Archive/2025 1 [\Seen] <nil>
}

// A captured message is in the mailbox of each recipient, by address or by local part.
func ExampleStore() {
	memory := new(mailstore.Memory)
	memory.Deliver(welcome, date, "bob@qq.com", "alice@163.com")
	var store mailstore.Store = memory
	for _, user := range []string{"bob@qq.com", "BOB", "alice@qq.com"} {
		account, err := store.Account(user)
		if err != nil {
			fmt.Println(err)
			return
		}
		inbox, err := account.Mailbox("INBOX")
		if err != nil {
			fmt.Println(err)
			return
		}
		status, err := inbox.Status()
		fmt.Println(user, status.Messages, err)
	}
	// Output:
	// bob@qq.com 1 <nil>
	// BOB 1 <nil>
	// alice@qq.com 0 <nil>
}

// A source has a store to show. With All, every user sees all mail.
func ExampleSource() {
	memory := new(mailstore.Memory)
	memory.Deliver(welcome, date, "bob@qq.com")
	for _, source := range []mailstore.Source{memory, mailstore.All(memory)} {
		alice, err := source.Mailboxes().Account("alice")
		if err != nil {
			fmt.Println(err)
			return
		}
		inbox, err := alice.Mailbox("INBOX")
		if err != nil {
			fmt.Println(err)
			return
		}
		messages, err := inbox.Messages()
		fmt.Println(len(messages), err)
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
}

// Mailboxes have a hierarchy.
func ExampleAccount() {
	store := new(mailstore.Memory)
	var bob mailstore.Account
	bob, err := store.Account("bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bob.Create("Work/2026"))
	fmt.Println(bob.Rename("Work", "Office"))
	fmt.Println(bob.Delete("Office"))
	_, err = bob.Mailbox("Office/2026")
	fmt.Println(err)
	_, err = bob.Mailbox("Work")
	fmt.Println(err, errors.Is(err, mailstore.ErrNoMailbox))
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// <nil>
	// mailstore: no such mailbox: "Work" true
}

// A client shows the mailboxes as a list of folders.
func ExampleInfo() {
	store := new(mailstore.Memory)
	bob, err := store.Account("bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	infos, err := bob.Mailboxes()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, info := range infos {
		fmt.Printf("%s (%s)\n", info.Name, info.Use)
	}
	// Output:
	// INBOX ()
	// Archive (\Archive)
	// Drafts (\Drafts)
	// Junk (\Junk)
	// Sent (\Sent)
	// Trash (\Trash)
}

// A client that waits for mail, as in IDLE, waits for the channel.
func ExampleMailbox() {
	store := new(mailstore.Memory)
	bob, err := store.Account("bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	var inbox mailstore.Mailbox
	inbox, err = bob.Mailbox("INBOX")
	if err != nil {
		fmt.Println(err)
		return
	}
	changed := inbox.Changed()
	store.Deliver(welcome, date, "bob@qq.com")
	<-changed
	raw, err := inbox.Raw(1)
	fmt.Printf("%q %v\n", raw, err)
	fmt.Println(inbox.ChangeFlags([]string{`\Seen`}, nil, 1), inbox.Remove(1))
	// Output:
	// "Subject: Welcome\r\n\r\nHello Bob\r\n" <nil>
	// <nil> <nil>
}

// A client that comes back compares the numbers with those that it remembers.
func ExampleStatus() {
	store := new(mailstore.Memory)
	store.Deliver(welcome, date, "bob@qq.com")
	bob, err := store.Account("bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	inbox, err := bob.Mailbox("INBOX")
	if err != nil {
		fmt.Println(err)
		return
	}
	var before, after mailstore.Status
	before, err = inbox.Status()
	fmt.Println(before.Messages, before.UIDNext, err)
	fmt.Println(inbox.Remove(1), inbox.Renumber())
	after, err = inbox.Status()
	fmt.Println(after.Messages, after.UIDNext, after.UIDValidity > before.UIDValidity, after.Version > before.Version, err)
	// Output:
	// 1 2 <nil>
	// <nil> <nil>
	// 0 1 true true <nil>
}

// Flags have one form, whatever a client has sent.
func ExampleMessage() {
	store := new(mailstore.Memory)
	if err := store.Put("bob", "Drafts", welcome, date, `\DRAFT`, `\seen`, "urgent", "URGENT"); err != nil {
		fmt.Println(err)
		return
	}
	bob, err := store.Account("bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	drafts, err := bob.Mailbox("Drafts")
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := drafts.Messages()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range messages {
		fmt.Println(m.UID, m.Flags, m.Date.Format(time.DateOnly), m.Size)
	}
	// Output: 1 [\Draft \Seen urgent] 2026-05-04 31
}

// A store on disk has the same mail when the program starts again, and other programs can read it.
func ExampleMaildir() {
	dir, err := os.MkdirTemp("", "mailstore")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for range 2 {
		store, err := mailstore.OpenMaildir(dir, map[string]string{"bob": "secret"})
		if err != nil {
			fmt.Println(err)
			return
		}
		bob, err := store.Account("bob")
		if err != nil {
			fmt.Println(err)
			return
		}
		inbox, err := bob.Mailbox("INBOX")
		if err != nil {
			fmt.Println(err)
			return
		}
		uid, err := inbox.Append(welcome, date, `\Seen`)
		fmt.Println(uid, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "bob", "cur", "*"))
	fmt.Println(len(files), err)
	// Output:
	// 1 <nil>
	// 2 <nil>
	// 2 <nil>
}
