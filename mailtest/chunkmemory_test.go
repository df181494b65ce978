package mailtest_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// The bytes of a message in chunks are kept once, although the transcript has them by chunk, too. It is not
// parallel, for it looks at the memory of the process.
func TestChunksAreKeptOnce(t *testing.T) {
	const size, chunks = 256 << 10, 64
	for _, test := range []struct {
		name string
		last string
		rule mailtest.Rule
	}{
		{"accepted", "250", mailtest.Rule{At: mailtest.Noop, Reply: "250 OK"}},
		{"refused", "552", mailtest.Rule{At: mailtest.Dot, Reply: "552 5.3.4 Too big"}},
	} {
		srv := mailtest.New(t)
		srv.AddRules(test.rule)
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		steps := []string{"220", "EHLO a", "250", "MAIL FROM:<a@a.example>", "250", "RCPT TO:<b@b.example>", "250"}
		if err := raw(conn, steps...); err != nil {
			t.Fatal(err)
		}
		before := heap()
		go io.Copy(io.Discard, conn)
		chunk := bytes.Repeat([]byte("x"), size)
		for i := range chunks {
			chunk[0] = byte(i)
			fmt.Fprintf(conn, "BDAT %d\r\n", size)
			conn.Write(chunk)
		}
		fmt.Fprint(conn, "BDAT 1 LAST\r\nyQUIT\r\n")
		s := srv.WaitSession(t, 1)
		if got := float64(heap()-before) / (size * chunks); got > 1.1 {
			t.Errorf("%s: a message in chunks takes %.2f times its size", test.name, got)
		}
		bdat := s.Turns[len(s.Turns)-3]
		if p := bdat.Payload; bdat.Stage != mailtest.Bdat || len(p) != size || p[0] != chunks-1 || p[1] != 'x' {
			t.Errorf("%s: the last turn but two is %v with %d bytes", test.name, bdat.Stage, len(p))
		}
		if dot := s.Turns[len(s.Turns)-2]; dot.Stage != mailtest.Dot || len(dot.Payload) != size*chunks+1 || dot.Reply[:3] != test.last {
			t.Errorf("%s: the last turn but one is %v with %d bytes and reply %q", test.name, dot.Stage, len(dot.Payload), dot.Reply)
		}
		runtime.KeepAlive(srv)
	}
}

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // sync.Pool keeps what it has for one more
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
