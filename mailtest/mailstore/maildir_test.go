package mailstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/machine"
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
	dates := []time.Time{{}, time.Unix(0, 0).UTC(), date.In(time.FixedZone("", 8*60*60)), time.Unix(1<<40, 0).UTC()}
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
			if got, want := m.Date.Format(time.RFC1123Z), dates[i].Format(time.RFC1123Z); got != want { // with the zone
				t.Errorf("date is %s, want %s", got, want)
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
	if err := in.ChangeFlags([]string{"K0"}, nil, 2); err != nil { // by the spelling that it has
		t.Fatal(err)
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
