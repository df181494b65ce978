package netns_test

// This file starts mail servers in the namespace, reads what they say, and gives them mail.

import (
	"bufio"
	"context"
	"fmt"
	"net/smtp"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// daemon is a server that runs.
type daemon struct {
	lines chan string // of its log, which are not yet read
	seen  []string
}

// startDaemon starts a server whose log is its standard output and error.
func startDaemon(t *testing.T, ns *netns.Namespace, cmd *exec.Cmd) *daemon {
	t.Helper()
	d := &daemon{lines: make(chan string, 1000)}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(d.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			d.lines <- in.Text()
		}
		cmd.Wait()
	}()
	t.Cleanup(func() {
		cmd.Process.Kill() // the processes that it has started end with it
		for range d.lines {
		}
	})
	return d
}

// await waits for a line of the log that has all the pieces.
func (d *daemon) await(t *testing.T, pieces ...string) {
	t.Helper()
	guard := time.NewTimer(30 * time.Second)
	defer guard.Stop()
	for {
		select {
		case line, ok := <-d.lines:
			if !ok {
				t.Fatalf("the server has ended, and said nothing of %q:\n%s", pieces, strings.Join(d.seen, "\n"))
			}
			d.seen = append(d.seen, line)
			found := true
			for _, piece := range pieces {
				found = found && strings.Contains(line, piece)
			}
			if found {
				return
			}
		case <-guard.C:
			t.Fatalf("the server has said nothing of %q:\n%s", pieces, strings.Join(d.seen, "\n"))
		}
	}
}

// send gives a mail to the server at port 25 of the namespace.
func send(t *testing.T, ns *netns.Namespace, to, subject, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, err := ns.Dial(ctx, "tcp", "127.0.0.1:25")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, "localhost")
	if err == nil {
		err = c.Mail("alice@shop.example")
	}
	if err == nil {
		err = c.Rcpt(to)
	}
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, "From: alice@shop.example\r\nTo: %s\r\nSubject: %s\r\n\r\n%s", to, subject, body)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c.Quit()
}
