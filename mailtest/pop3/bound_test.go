package pop3_test

import (
	"bufio"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailstore"
	"github.com/seed078e9d8c/maillab/mailtest/pop3"
)

// The transcript of a connection that goes on for ever is bounded, and says what is missing; so is that of a large reply.
func TestTranscriptIsBounded(t *testing.T) {
	t.Parallel()
	store := new(mailstore.Memory)
	large := "Subject: large\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", 1000)
	store.Deliver([]byte(large), time.Now(), "bob@qq.com")
	srv := pop3.New(t, store)
	conn, err := srv.Dial(t.Context())
	must(t, err)
	defer conn.Close()
	in := bufio.NewReader(conn)
	ask := func(command string, replies int) {
		go io.WriteString(conn, strings.Repeat(command, replies))
		for range replies {
			if _, err := in.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
	in.ReadString('\n')
	ask("USER bob@qq.com\r\n", 1)
	ask("PASS x\r\n", 1)
	const turns = 100_000
	ask("NOOP\r\n", turns)
	session := srv.Session(1)
	first := session.Turns[0]
	if len(first.Notes) != 1 || first.Notes[0].Kind != mailtest.TurnsForgotten || int(first.Notes[0].Count)+len(session.Turns) != turns+3 || first.Number != int(first.Notes[0].Count)+1 {
		t.Errorf("%d turns are left, the first has the notes %v; want one that says that all others are forgotten", len(session.Turns), first.Notes)
	}
	if len(session.Turns) > turns/2 {
		t.Errorf("%d turns are left", len(session.Turns))
	}
	io.WriteString(conn, "RETR 1\r\n")
	for line := ""; line != ".\r\n"; {
		line, err = in.ReadString('\n')
		must(t, err)
	}
	session = srv.Session(1)
	last := session.Turns[len(session.Turns)-1]
	if len(last.Notes) != 1 || last.Notes[0].Kind != mailtest.ReplyCut || last.Notes[0].Count < int64(len(large)) || len(last.Reply) > 5000 {
		t.Errorf("a reply of %d bytes is kept with %d, notes %v", len(large), len(last.Reply), last.Notes)
	}
}

// A line without an end is given up, and costs no memory.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	srv := pop3.New(t, new(mailstore.Memory))
	conn, err := srv.Dial(t.Context())
	must(t, err)
	defer conn.Close()
	go func() {
		chunk := strings.Repeat("x", 64<<10)
		for range 64 {
			if _, err := io.WriteString(conn, chunk); err != nil {
				return
			}
		}
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text, _ := io.ReadAll(conn)
	runtime.ReadMemStats(&after)
	if !strings.HasSuffix(string(text), "-ERR Too many errors, closing the connection\r\n") {
		t.Errorf("the client reads %q", text)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d bytes more are in use", grown)
	}
}
