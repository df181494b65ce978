package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Saved messages are there at the next start; a message that can't be saved is refused.

// TestSaved kills the sandbox in the middle of a burst, and finds all that was acknowledged, though it had forgotten most.
func TestSaved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd, out := process(t, "-save", dir, "-max", "1")
	at := out.address(t, "SMTP")
	var mu sync.Mutex
	acknowledged := make(map[string]bool)
	enough := make(chan struct{})
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			c, err := smtp.Dial(at)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			for k := range 10_000 {
				subject := fmt.Sprintf("%d of client %d", k, i)
				if send(c, "Subject: "+subject+"\r\n\r\n.dot\r\n") != nil {
					return
				}
				mu.Lock()
				acknowledged[subject] = true
				if len(acknowledged) == 200 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	clients.Wait()

	again := begin(t, "-save", dir)
	page := again.address(t, "Page")
	found := make(map[string]bool)
	before := ""
	for {
		var list struct {
			Messages []struct {
				ID              int
				Subject, Sender string
				Recipients      []string
			}
		}
		if err := json.Unmarshal([]byte(get(t, "http://"+page+"/api/messages?limit=100"+before)), &list); err != nil {
			t.Fatal(err)
		}
		if len(list.Messages) == 0 {
			break
		}
		for _, m := range list.Messages {
			found[m.Subject] = true
			if m.Sender != "a@shop.example" || len(m.Recipients) != 1 || m.Recipients[0] != "bob@qq.com" {
				t.Fatalf("%q has the envelope %s, %s", m.Subject, m.Sender, m.Recipients)
			}
			before = fmt.Sprintf("&before=%d", m.ID)
		}
	}
	for subject := range acknowledged {
		if !found[subject] {
			t.Errorf("%q was acknowledged, and is lost", subject)
		}
	}
	if raw := get(t, "http://"+page+"/api/messages/1/raw"); !strings.HasSuffix(raw, "\r\n\r\n.dot\r\n") || !strings.HasPrefix(raw, "Subject: ") {
		t.Errorf("a message comes back as %q", raw)
	}
}

// TestNotSaved takes the folder away: the client hears that its message was not saved, and may try again.
func TestNotSaved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	out := begin(t, "-save", dir)
	at := out.address(t, "SMTP")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	err := smtp.SendMail(at, nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: Lost\r\n\r\n"))
	if err == nil || !strings.Contains(err.Error(), "451") || !strings.Contains(err.Error(), "can't be saved") {
		t.Errorf("a message that can't be saved: %v, want 451", err)
	}
	out.await(t, "save: ")
	if list := get(t, "http://"+out.address(t, "Page")+"/api/messages"); strings.Contains(list, "Lost") {
		t.Errorf("the page has what was refused: %s", list)
	}
}

// TestDeleted deletes a message by the page, in this run and in the next: it does not come back.
func TestDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := func() (names int) {
		for _, sub := range []string{"new", "cur"} {
			entries, err := os.ReadDir(filepath.Join(dir, sub))
			if err != nil {
				t.Fatal(err)
			}
			names += len(entries)
		}
		return names
	}
	remove := func(out *output, query string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+out.address(t, "Page")+"/api/messages?q="+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}
	t.Run("this run", func(t *testing.T) {
		out := begin(t, "-save", dir)
		for _, subject := range []string{"one", "two", "three"} {
			err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: "+subject+"\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			out.await(t, `"`+subject+`"`)
		}
		remove(out, "subject:one")
		if got := files(); got != 2 {
			t.Errorf("%d files are left, want 2", got)
		}
	})
	t.Run("at once", func(t *testing.T) {
		out := begin(t, "-save", dir)
		before := files()
		for i := range 30 {
			err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: short-lived\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			if remove(out, "subject:short-lived"); files() != before {
				t.Fatalf("message %d was deleted as soon as it was accepted: its file is left", i+1)
			}
		}
	})
	t.Run("the next run", func(t *testing.T) {
		out := begin(t, "-save", dir)
		out.await(t, `"three"`)
		if list := get(t, "http://"+out.address(t, "Page")+"/api/messages"); strings.Contains(list, `"one"`) || !strings.Contains(list, `"two"`) {
			t.Errorf("the page has %s, want two and three", list)
		}
		remove(out, "subject:two")
		if got := files(); got != 1 {
			t.Errorf("%d files are left, want 1", got)
		}
	})
	t.Run("with -max", func(t *testing.T) {
		out := begin(t, "-save", dir, "-max", "1")
		err := smtp.SendMail(out.address(t, "SMTP"), nil, "a@shop.example", []string{"bob@qq.com"}, []byte("Subject: four\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		out.await(t, `"four"`)
		remove(out, "subject:nothing")
		if got := files(); got != 2 {
			t.Errorf("%d files are left, want 2: what was only forgotten is kept", got)
		}
	})
}

// TestUnwritable has a folder in which no file can be made, not even by root. It ends the sandbox, which would otherwise
// refuse all mail.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("this needs /proc, which is a folder where nobody makes files")
	}
	dir := t.TempDir()
	if err := os.Symlink("/proc", filepath.Join(dir, "tmp")); err != nil {
		t.Fatal(err)
	}
	out, errors := newOutput(), newOutput()
	ended, end := context.WithCancel(t.Context())
	end()
	code := run(ended, append(append([]string{}, free...), "-save", dir), out, errors)
	if said := errors.String(); code != 2 || !strings.HasPrefix(said, "sandbox: -save: ") || strings.Count(said, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, said)
	}
}
