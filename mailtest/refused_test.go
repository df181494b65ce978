package mailtest_test

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// What was refused is kept as far as there is room: the last of it whole, of the first the beginning. It is four times
// as much as there is room for with -large, and one and a half times as much otherwise.
func TestRefusedIsBounded(t *testing.T) {
	size, clients := 8<<20, 8
	if *large {
		size, clients = 64<<20, 6
	}
	srv := mailtest.New(t)
	srv.MaxSize = int64(size)
	chunk := []byte(strings.Repeat("0123456\n", size/8))
	for range clients {
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, conn)
		fmt.Fprintf(conn, "EHLO x\r\n")
		for range 2 {
			fmt.Fprintf(conn, "BDAT %d\r\n", size)
			conn.Write(chunk)
		}
		fmt.Fprintf(conn, "QUIT\r\n")
		srv.WaitSession(t, len(srv.Sessions()))
		conn.Close()
	}
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	if most := uint64(64<<20 + 4*size); stats.HeapAlloc > most {
		t.Errorf("the heap has %d MiB after %d MiB of refused chunks, want %d at most", stats.HeapAlloc>>20, 2*clients*size>>20, most>>20)
	}
	sessions := srv.Sessions()
	first, last := sessions[0].Turns[2], sessions[clients-1].Turns[3]
	if n := len(first.Payload); n == 0 || n > 4096 || first.Notes[len(first.Notes)-1] != (mailtest.Note{Kind: mailtest.MessageCut, Count: int64(size), Offset: int64(n)}) {
		t.Errorf("of the first chunk %d bytes are there, with the notes %v", n, first.Notes)
	}
	if len(last.Payload) != size {
		t.Errorf("of the last chunk %d bytes are there, want all", len(last.Payload))
	}
}

// The chunks of a message that was accepted are its bytes: they do not count, and are never cut.
func TestAcceptedChunksStay(t *testing.T) {
	t.Parallel()
	srv := &mailtest.Server{MaxSize: 1 << 20}
	defer srv.Close()
	chunk := strings.Repeat("0123456\n", 1<<16)
	for range 150 { // 75 MiB, and there is room for 66 that were refused
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT %d\r\n%sBDAT 0 LAST\r\nQUIT\r\n", len(chunk), chunk)
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	for _, s := range srv.Sessions() {
		if turn := s.Turns[4]; turn.Stage != mailtest.Bdat || string(turn.Payload) != chunk || len(turn.Notes) > 1 {
			t.Fatalf("session %d: %v has %d bytes, %v", s.Number, turn.Stage, len(turn.Payload), turn.Notes)
		}
	}
}
