package mailstore_test

// A Maildir after what must not happen: damaged files, a disk that fails, a process that is killed.

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
)

// TestMaildirDamaged reads what is not as it should be.
func TestMaildirDamaged(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	bob := filepath.Join(dir, "bob")
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	for _, text := range []string{"a", "b", "c"} {
		if _, err := in.Append([]byte(text), date, "foo"); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(filepath.Join(bob, "mailstore-index"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `1[foo]"a" 2[foo]"b" 3[foo]"c"`

	// The process died while it wrote: the message that was not acknowledged is there, but has no UID, or the reverse.
	put(t, string(whole)+"message 4 1 0 0 gone\nmessage 5 1", bob, "mailstore-index")
	put(t, "d", bob, "tmp", "d")
	in = mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	wantSummary(t, dir, in, want)
	if uid, err := in.Append([]byte("e"), date); err != nil || uid != 5 {
		t.Errorf("UID %d, %v, want 5, since others may have seen 4", uid, err)
	}
	wantSummary(t, dir, in, want+` 5[]"e"`)
	if err := in.Remove(5); err != nil {
		t.Error(err)
	}

	// Damage is an error that says where, until somebody decides.
	for line, text := range map[string]string{
		"line 1": "something else\n",
		"empty":  "",
		"line 8": string(whole) + "message 3 1 0 0 again\n",
		"line 9": string(whole) + "message 4 1 0 0 x\n\x00\x00\x00\x00\nmessage 5 1 0 0 x\n",
	} {
		put(t, text, bob, "mailstore-index")
		b := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
		if _, err := b.Status(); err == nil || !strings.Contains(err.Error(), line) || !strings.Contains(err.Error(), "mailstore-index") {
			t.Errorf("status: %v, want an error about mailstore-index, %s", err, line)
		}
		if _, err := b.Append([]byte("x"), date); err == nil {
			t.Error("append: no error")
		}
	}
	os.Remove(filepath.Join(bob, "mailstore-index"))
	in = mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	if messages, err := in.Messages(); err != nil || len(messages) != 3 {
		t.Errorf("without an index: %+v, %v, want 3 messages", messages, err)
	}
	put(t, "something else\n", bob, "mailstore-account")
	if _, err := openMaildir(t, dir).Account("bob"); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("account: %v, want an error about line 1", err)
	}
}

// TestMaildirFailure has a disk that fails. What was refused is not there, and what comes later is.
func TestMaildirFailure(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	bob := filepath.Join(dir, "bob")
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	if _, err := in.Append([]byte("a"), date); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"mailstore-index", "tmp", "new"} {
		path = filepath.Join(bob, path)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if path != filepath.Join(bob, "mailstore-index") {
			put(t, "", path)
		} else if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if uid, err := in.Append([]byte("x"), date); err == nil {
			t.Errorf("without %s, append: %d, no error", path, uid)
		}
		if err := errors.Join(os.Remove(path), os.Rename(path+".away", path)); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Append([]byte("y"), date); err != nil {
			t.Error(err)
		}
	}
	wantSummary(t, dir, in, `1[]"a" 2[]"y" 3[]"y" 4[]"y"`)
	if got := namesIn(t, bob, "tmp"); len(got) != 0 {
		t.Errorf("tmp has %q, want nothing", got)
	}
	if err := os.RemoveAll(filepath.Join(bob, ".Sent")); err != nil {
		t.Fatal(err)
	}
	bobs := accountOf(t, openMaildir(t, dir), "bob")
	drafts, err := bobs.Mailbox("Drafts")
	if err != nil {
		t.Fatal(err)
	}
	trash, err := bobs.Mailbox("Trash")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trash.Status(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".Drafts", ".Trash"} {
		if err := os.RemoveAll(filepath.Join(bob, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range []mailstore.Mailbox{drafts, trash} {
		if _, err := b.Status(); !errors.Is(err, mailstore.ErrNoMailbox) {
			t.Errorf("status of a mailbox that another program has removed: %v", err)
		}
	}
	if _, err := bobs.Mailbox("Sent"); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Errorf("a mailbox that another program has removed: %v", err)
	}
}

// TestMaildirIndex shows that the index on disk does not keep what is gone.
func TestMaildirIndex(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	var all []uint32
	for i := range 1100 {
		put(t, "x", dir, "bob", "new", fmt.Sprint(i))
		all = append(all, uint32(i+1))
	}
	if status, err := in.Status(); err != nil || status.Messages != len(all) {
		t.Fatalf("status is %+v, %v, want %d messages", status, err, len(all))
	}
	if err := in.Remove(all...); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Append([]byte("y"), date, "foo"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "bob", "mailstore-index")); err != nil || strings.Count(string(text), "\n") > 10 {
		t.Errorf("the index has %d bytes, %v, want one message", len(text), err)
	}
	wantSummary(t, dir, in, `1101[foo]"y"`)
}

// TestMaildirKilled kills a process while it appends. What it acknowledged is there: message, UID and flags.
func TestMaildirKilled(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMaildirAppender$")
		cmd.Env = append(os.Environ(), "MAILSTORE_APPEND="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Skipf("no other process: %v", err)
		}
		var acknowledged []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			acknowledged = append(acknowledged, lines.Text())
			if len(acknowledged) == 20*(round+1) {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		if len(acknowledged) < 20 {
			t.Fatalf("acknowledged: %q", acknowledged)
		}
		there := strings.Fields(summary(t, mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")))
		for _, a := range acknowledged {
			if !slices.Contains(there, a) {
				t.Errorf("%s was acknowledged, and is not among %d messages", a, len(there))
			}
		}
	}
}

// TestMaildirAppender is the process that [TestMaildirKilled] kills.
func TestMaildirAppender(t *testing.T) {
	dir := os.Getenv("MAILSTORE_APPEND")
	if dir == "" {
		t.Skip("this is for TestMaildirKilled")
	}
	in := mailboxOf(t, openMaildir(t, dir), "bob", "INBOX")
	for i := 0; ; i++ {
		raw, flag := strings.Repeat("x", i%1000), fmt.Sprint("k", i%20)
		uid, err := in.Append([]byte(raw), date, flag)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%d[%s]%q\n", uid, flag, raw)
	}
}
