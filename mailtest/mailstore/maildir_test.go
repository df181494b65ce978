package mailstore_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// separator is between names and flags on this system.
func separator() string {
	if runtime.GOOS == "windows" {
		return "!"
	}
	return ":"
}

// put writes a file as another program does.
func put(t *testing.T, text string, path ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path...), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// summary returns UID, flags and text of each message in a mailbox.
func summary(t *testing.T, b mailstore.Mailbox) string {
	t.Helper()
	messages, err := b.Messages()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range messages {
		raw, err := b.Raw(m.UID)
		if err != nil || int64(len(raw)) != m.Size {
			t.Errorf("message %+v is %q, %v", m, raw, err)
		}
		texts = append(texts, fmt.Sprintf("%d%v%q", m.UID, m.Flags, raw))
	}
	return strings.Join(texts, " ")
}

// wantSummary compares a mailbox as the store has it, and as one that is opened anew has it.
func wantSummary(t *testing.T, dir string, b mailstore.Mailbox, want string) {
	t.Helper()
	if got := summary(t, b); got != want {
		t.Errorf("messages are %s, want %s", got, want)
	}
	if got := summary(t, mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")); got != want {
		t.Errorf("opened anew, messages are %s, want %s", got, want)
	}
}

// TestMaildirUsers refuses names that could lead elsewhere.
func TestMaildirUsers(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	m := openMaildir(t, filepath.Join(dir, "a", "store"))
	for _, user := range []string{
		"", ".", "..", "../bob", "/bob", "a/b", `a\b`, `..\bob`, ".bob", "bob.", "bob ", "b\x00b", "b\nb", "\xff", "c:", "*", "<bob>", `"."`, `"a/b"@qq.com`, "bob@a/../b",
	} {
		if a, err := m.Account(user); err == nil || a != nil {
			t.Errorf("account %q: no error", user)
		}
		if _, err := mailstore.OpenMaildir(filepath.Join(dir, "b"), map[string]string{"eve": "", user: ""}); err == nil {
			t.Errorf("a store with the user %q: no error", user)
		}
	}
	for _, user := range []string{"Bob", "bob@QQ.com", "張三@例子.中国", `"b ob"@qq.com`, "a..b"} {
		if _, err := m.Account(user); err != nil {
			t.Error(err)
		}
	}
	var names []string
	entries, err := os.ReadDir(filepath.Join(dir, "a", "store"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"a..b", "b ob@qq.com", "bob", "bob@qq.com", "張三@xn--fsqu00a.xn--fiqs8s"}; !slices.Equal(names, want) {
		t.Errorf("directories %q, want %q", names, want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("beside the store there are %v, %v", entries, err)
	}
	put(t, "", dir, "file")
	if _, err := mailstore.OpenMaildir(filepath.Join(dir, "file"), nil); err == nil {
		t.Error("a store that is a file: no error")
	}
	passwords := map[string]string{"bob": "secret"}
	withUsers, err := mailstore.OpenMaildir(dir, passwords)
	if err != nil || withUsers.Mailboxes().Users()["bob"] != "secret" {
		t.Errorf("users = %v, %v, want bob's password", withUsers.Users(), err)
	}
}

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

func namesIn(t *testing.T, path ...string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestMaildirDates keeps dates that a file system may not have.
func TestMaildirDates(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	dates := []time.Time{{}, time.Unix(0, 0), date.In(time.FixedZone("", 8*60*60)), time.Unix(1<<40, 0)}
	for _, d := range dates {
		if _, err := in.Append([]byte("x"), d); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range []mailstore.Mailbox{in, mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")} {
		messages, err := b.Messages()
		if err != nil || len(messages) != len(dates) {
			t.Fatalf("messages are %+v, %v, want %d", messages, err, len(dates))
		}
		for i, m := range messages {
			if !m.Date.Equal(dates[i]) {
				t.Errorf("date is %v, want %v", m.Date, dates[i])
			}
		}
	}
	if got := namesIn(t, dir, "bob", "tmp"); len(got) != 0 {
		t.Errorf("tmp has %q, want nothing", got)
	}
}

// TestMaildirKeywords needs more keywords than there are letters.
func TestMaildirKeywords(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	for range 2 {
		if _, err := in.Append(nil, date); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 26 {
		if err := in.ChangeFlags([]string{fmt.Sprint("k", i)}, nil, uint32(i%2+1)); err != nil {
			t.Fatal(err)
		}
	}
	before := summary(t, in)
	if err := in.ChangeFlags([]string{"more"}, nil, 1); err == nil {
		t.Error("the 27th keyword: no error")
	}
	if _, err := in.Append(nil, date, "more"); err == nil {
		t.Error("the 27th keyword of a new message: no error")
	}
	wantSummary(t, dir, in, before)
	if err := in.SetFlags(2, "k0", "more", "more2"); err != nil {
		t.Error(err)
	}
	messages, err := in.Messages()
	if err != nil || len(messages) != 2 || len(messages[0].Flags) != 13 || !slices.Equal(messages[1].Flags, []string{"k0", "more", "more2"}) {
		t.Errorf("messages are %+v, %v", messages, err)
	}
	wantSummary(t, dir, in, summary(t, in))
}

// TestMaildirFolders reads folders that other programs have made.
func TestMaildirFolders(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	bob := filepath.Join(dir, "bob")
	for _, folder := range []string{
		"", ".Lists.go", ".Entw&APw-rfe", ".Entwürfe", ".a&-b", ".&2D3cFw-", ".Grüße", // outside of the BMP, and in UTF-8
		".INBOX", ".inbox.sub", "folder", ".bad&", ".bad&!!-", ".a..b", ".&2D0-", ".&AC8-", ".&AAo-", ".", "mailstore-deleted-x",
	} {
		if err := os.MkdirAll(filepath.Join(bob, folder, "cur"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put(t, "", bob, ".file")
	put(t, "x", bob, ".Entw&APw-rfe", "cur", "x")
	put(t, "y", bob, ".Grüße", "cur", "y")
	m := openMaildir(t, dir)
	infos, err := accountOf(t, m, "bob").Mailboxes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, info := range infos {
		if info.Use == "" {
			names = append(names, info.Name)
		}
	}
	if want := []string{"INBOX", "Entwürfe", "Grüße", "INBOX/sub", "Lists/go", "a&b", "🐗"}; !slices.Equal(names, want) {
		t.Errorf("mailboxes are %q, want %q", names, want)
	}
	if got := mailOf(t, m, "bob", "Entwürfe") + mailOf(t, m, "bob", "Grüße"); got != "xy" {
		t.Errorf("messages are %q, want x and y", got)
	}
	if slices.Contains(namesIn(t, bob), "mailstore-deleted-x") {
		t.Error("what was being deleted is still there")
	}
	if err := accountOf(t, m, "bob").Rename("Grüße", "Grüße/alt"); err == nil {
		t.Error("a folder below itself: no error")
	}
	if err := accountOf(t, m, "bob").Rename("Grüße", "alt/a.b:c"); err != nil {
		t.Error(err)
	}
	if got := namesIn(t, bob); !slices.Contains(got, ".alt.a&AC4-b&ADo-c") {
		t.Errorf("folders are %q, want .alt.a&AC4-b&ADo-c", got)
	}
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
