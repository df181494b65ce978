package wire

import (
	"bytes"
	"strings"
	"testing"
)

// What the hot paths may allocate. This test is not parallel: allocations of others would count.
func TestAllocations(t *testing.T) {
	message := []byte(strings.Repeat("0123456789\r\n..stuffed\r\n", 1<<15) + ".\r\n")
	buf := make([]byte, len(message))
	scan := func() {
		copy(buf, message)
		u := unstuffer{buf: buf, eol: 2}
		if !u.scan() {
			t.Fatal("the end of the message was not found")
		}
	}
	lines := lineReader{src: endless("MAIL FROM:<a@b.example>\r\n")}
	line := func() {
		if got, notes, err := lines.line(); err != nil || notes != nil || !bytes.HasPrefix(got, []byte("MAIL")) {
			t.Fatalf("line = %q, %v, %v, want MAIL", got, notes, err)
		}
	}
	for _, test := range []struct {
		what string
		f    func()
		most float64
	}{
		{"to take a message out of its stuffing", scan, 0},
		{"a line", line, 0},
	} {
		if got := testing.AllocsPerRun(20, test.f); got > test.most {
			t.Errorf("%s takes %.1f allocations, want %.0f at most", test.what, got, test.most)
		}
	}
}

// endless is a reader that repeats itself, in whole.
type endless string

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }
