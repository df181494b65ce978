package mailstore_test

// A Maildir that other programs use too.

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mailtest/internal/dovecot"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// TestMaildirOthers has other programs deliver, flag and remove messages.
func TestMaildirOthers(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	bob, sep := filepath.Join(dir, "bob"), separator()
	changed := in.Changed()
	put(t, "B: 1\r\n\r\nx\n", bob, "new", "2.b.host")
	put(t, "A: 1\n\nx\r\ny\n", bob, "new", "1.a.host")
	put(t, "C: 1", bob, "cur", "3.c,S=4.host"+sep+"2,FSZa")
	put(t, "", bob, "cur", "4 é"+sep+"1,x")
	put(t, "x", bob, "new", ".hidden")
	put(t, "x", bob, "tmp", "5")
	if err := os.Mkdir(filepath.Join(bob, "cur", "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	os.Symlink(filepath.Join(bob, "mailstore-account"), filepath.Join(bob, "new", "link")) // where there are links
	for i, name := range []string{"new/1.a.host", "new/2.b.host", "cur/3.c,S=4.host" + sep + "2,FSZa", "cur/4 é" + sep + "1,x"} {
		at := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(filepath.Join(bob, filepath.FromSlash(name)), at, at); err != nil {
			t.Fatal(err)
		}
	}
	wantSummary(t, dir, in, `1[]"A: 1\r\n\r\nx\r\ny\r\n" 2[]"B: 1\r\n\r\nx\r\n" 3[\Flagged \Seen]"C: 1" 4[]""`)
	<-changed
	if messages, err := in.Messages(); err != nil || !messages[2].Date.Equal(time.Unix(1002, 0)) {
		t.Errorf("messages are %+v, %v, want the date of the file", messages, err)
	}

	// By the name of before, nothing is there any more.
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(bob, filepath.FromSlash(from)), filepath.Join(bob, filepath.FromSlash(to))); err != nil {
			t.Fatal(err)
		}
	}
	rename("new/1.a.host", "cur/1.a.host"+sep+"2,RT")
	if raw, err := in.Raw(1); err != nil || len(raw) != 14 {
		t.Errorf("raw is %q, %v, want 14 bytes", raw, err)
	}
	rename("new/2.b.host", "cur/2.b.host"+sep+"2,D")
	if err := in.ChangeFlags([]string{"foo"}, nil, 1, 2); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(bob, "cur", "4 é"+sep+"1,x")); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Raw(4); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Errorf("raw of a message that is gone: %v", err)
	}
	if err := in.SetFlags(3, `\Seen`, "$forwarded", "foo", "Bar"); err != nil {
		t.Error(err)
	}
	wantSummary(t, dir, in, `1[\Answered \Deleted foo]"A: 1\r\n\r\nx\r\ny\r\n" 2[\Draft foo]"B: 1\r\n\r\nx\r\n" 3[$Forwarded Bar \Seen foo]"C: 1"`)
	want := []string{"1.a.host" + sep + "2,RTb", "2.b.host" + sep + "2,Db", "3.c,S=4.host" + sep + "2,PSZabc", "directory"}
	if got := namesIn(t, bob, "cur"); !slices.Equal(got, want) { // "a" was the letter of somebody else
		t.Errorf("files are %q, want %q", got, want)
	}
	rename("cur/2.b.host"+sep+"2,Db", "cur/2.b.host"+sep+"2,DbS")
	if err := in.Remove(2, 3); err != nil {
		t.Error(err)
	}
	wantSummary(t, dir, in, `1[\Answered \Deleted foo]"A: 1\r\n\r\nx\r\ny\r\n"`)

	// Two changes at what a file system takes for the same time.
	fresh, err := os.Stat(filepath.Join(bob, "new"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, "E: 1\n", bob, "new", "5")
	if err := os.Chtimes(filepath.Join(bob, "new"), time.Time{}, fresh.ModTime()); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, dir, in, `1[\Answered \Deleted foo]"A: 1\r\n\r\nx\r\ny\r\n" 5[]"E: 1\r\n"`)
}

// TestMaildirBusy reads a mailbox while another program changes flags in it all the time. No message is lost from sight, or has
// another UID then.
func TestMaildirBusy(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("what a directory is while it is changed differs between systems")
	}
	const messages, looks = 1000, 50
	dir := machine.TempDir(t)
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	cur := filepath.Join(dir, "bob", "cur")
	for i := range messages {
		put(t, "x", cur, fmt.Sprint(i, ":2,"))
	}
	if status, err := in.Status(); err != nil || status.Messages != messages {
		t.Fatalf("status is %+v, %v, want %d messages", status, err, messages)
	}
	var enough atomic.Bool
	var other sync.WaitGroup
	other.Go(func() {
		for before, after := "", "S"; !enough.Load(); before, after = after, before {
			for i := range messages {
				if err := os.Rename(filepath.Join(cur, fmt.Sprint(i, ":2,", before)), filepath.Join(cur, fmt.Sprint(i, ":2,", after))); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for range looks {
		if status, err := in.Status(); err != nil || status.Messages != messages || status.UIDNext != messages+1 {
			t.Errorf("status is %+v, %v, want %[3]d messages and the next after %[3]d", status, err, messages)
			break
		}
	}
	enough.Store(true)
	other.Wait()
}

// TestMaildirPython has the mailbox package of Python read what is there, and add to it.
func TestMaildirPython(t *testing.T) {
	t.Parallel()
	python := program.Find(t, "python3")
	dir := machine.TempDir(t)
	bob := accountOf(t, openMaildir(t, dir), "bob")
	if err := bob.Create("Work/2026"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"INBOX", "Work/2026"} {
		b, err := bob.Mailbox(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, flags := range [][]string{nil, {`\Seen`, `\Flagged`, "foo"}} {
			if _, err := b.Append([]byte("Subject: "+name+"\r\n\r\nHi\r\n"), date, flags...); err != nil {
				t.Fatal(err)
			}
		}
	}
	script := `
import mailbox, sys
inbox = mailbox.Maildir(sys.argv[1], create=False)
print(sorted(inbox.list_folders()))
for box in inbox, inbox.get_folder("Work.2026"):
	for m in sorted(box, key=lambda m: m.get_flags()):
		print(m["Subject"], m.get_subdir(), m.get_flags(), int(m.get_date()))
m = mailbox.MaildirMessage("Subject: Python\n\nHi\n")
m.set_flags("RS")
m.set_subdir("cur")
inbox.add(m)
for key, m in inbox.iteritems():
	if m.get_subdir() == "new":
		m.set_subdir("cur")
		m.add_flag("T")
		inbox[key] = m
inbox.add_folder("Python.folder").add(b"Subject: folder\n\n")
`
	out, err := exec.CommandContext(t.Context(), python, "-c", script, filepath.Join(dir, "bob")).CombinedOutput()
	want := fmt.Sprintf(`['Archive', 'Drafts', 'Junk', 'Sent', 'Trash', 'Work', 'Work.2026']
INBOX new  %[1]d
INBOX cur FSa %[1]d
Work/2026 new  %[1]d
Work/2026 cur FSa %[1]d
`, date.Unix())
	if err != nil || string(out) != want {
		t.Errorf("python3 said %s, %v, want %s", out, err, want)
	}
	in, err := bob.Mailbox("INBOX")
	if err != nil {
		t.Fatal(err)
	}
	wantSummary(t, dir, in, `1[\Deleted]"Subject: INBOX\r\n\r\nHi\r\n" 2[\Flagged \Seen foo]"Subject: INBOX\r\n\r\nHi\r\n" `+
		`3[\Answered \Seen]"Subject: Python\r\n\r\nHi\r\n"`)
	if folder, err := bob.Mailbox("Python/folder"); err != nil || summary(t, folder) != `1[]"Subject: folder\r\n\r\n"` {
		t.Errorf("the folder of Python: %v", err)
	}
}

// TestMaildirDovecot has Dovecot show what is there, and change it.
func TestMaildirDovecot(t *testing.T) {
	t.Parallel()
	server := dovecot.Start(t)
	bob := accountOf(t, openMaildir(t, server.Mail()), "bob")
	for _, name := range []string{"INBOX", "Work/2026", "Entwürfe/台北", "R&D"} {
		if err := bob.Create(name); err != nil && name != "INBOX" {
			t.Fatal(err)
		}
		b, err := bob.Mailbox(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, flags := range [][]string{nil, {`\Seen`, `\Flagged`}, {`\Draft`, "foo"}} {
			if _, err := b.Append([]byte("Subject: x\r\n\r\nHi\r\n"), date, flags...); err != nil {
				t.Fatal(err)
			}
		}
	}
	server.Own(t, "bob")
	client, err := imapclient.DialInsecure(server.IMAP, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(client.Login("bob", dovecot.Password).Wait())
	for _, name := range []string{"Work/2026", "Entwürfe/台北", "R&D"} {
		status, err := client.Status(name, &imap.StatusOptions{NumMessages: true, NumUnseen: true}).Wait()
		if err != nil || *status.NumMessages != 3 || *status.NumUnseen != 2 {
			t.Errorf("status of %s is %+v, %v, want 3 messages, 2 unseen", name, status, err)
		}
	}
	_, err = client.Select("INBOX", nil).Wait()
	check(err)
	fetched, err := client.Fetch(imap.UIDSetNum(1, 2), &imap.FetchOptions{Flags: true, RFC822Size: true, InternalDate: true}).Collect()
	check(err)
	for i, want := range [][]imap.Flag{{`\Recent`}, {`\Flagged`, `\Seen`, `\Recent`}} {
		if got := fetched[i]; !slices.Equal(got.Flags, want) || got.RFC822Size != 18 || !got.InternalDate.Equal(date) {
			t.Errorf("message %d is %+v, want flags %q", i+1, got, want)
		}
	}
	for uid, change := range map[imap.UID]imap.StoreFlags{
		1: {Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagAnswered}},
		2: {Op: imap.StoreFlagsDel, Flags: []imap.Flag{imap.FlagSeen}},
		3: {Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}},
	} {
		check(client.Store(imap.UIDSetNum(uid), &change, nil).Close())
	}
	check(client.Expunge().Close())
	add := client.Append("INBOX", 5, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
	fmt.Fprint(add, "abc\r\n")
	check(add.Close())
	_, err = add.Wait()
	check(err)
	check(client.Create("Dovecot/new", nil).Wait())
	check(client.Logout().Wait())

	in, err := bob.Mailbox("INBOX")
	if err != nil {
		t.Fatal(err)
	}
	wantSummary(t, server.Mail(), in, `1[\Answered]"Subject: x\r\n\r\nHi\r\n" 2[\Flagged]"Subject: x\r\n\r\nHi\r\n" 4[\Seen]"abc\r\n"`)
	if _, err := bob.Mailbox("Dovecot/new"); err != nil {
		t.Error(err)
	}
}
