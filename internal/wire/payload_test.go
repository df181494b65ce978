package wire

import (
	"bytes"
	"strings"
	"testing"
)

// slowUnstuff is the oracle: RFC 5321 §4.5.2, a byte at a time. It returns the message, what
// follows it, and whether the end was there.
func slowUnstuff(in []byte) (msg, rest []byte, end bool) {
	bol := true // at the beginning of a line
	for i := 0; i < len(in); i++ {
		if bol && in[i] == '.' {
			if bytes.HasPrefix(in[i:], []byte(".\r\n")) {
				return msg, in[i+3:], true
			}
			i++
			if i == len(in) {
				break
			}
		}
		msg = append(msg, in[i])
		bol = in[i] == '\n' && len(msg) > 1 && msg[len(msg)-2] == '\r' && !(i >= 1 && in[i-1] != '\r')
	}
	return msg, nil, false
}

// unstuff feeds in to an unstuffer in pieces of the given size.
func unstuff(in []byte, piece int) (u unstuffer, end bool) {
	u = unstuffer{eol: 2}
	for len(in) > 0 && !end {
		n := min(piece, len(in))
		u.buf = append(u.buf, in[:n]...)
		in = in[n:]
		end = u.scan()
		if !end {
			u.squeeze()
		}
	}
	if end {
		u.buf = append(u.buf, in...)
	}
	return u, end
}

var stuffed = []string{
	".\r\n",
	"a\r\n.\r\n",
	"a\r\n.\r\nMAIL FROM:<>\r\n",
	"..\r\n.\r\n",
	"..a\r\n...b\r\n.\r\n",
	".a\r\n.\r\n",
	"a\n.\r\n.\r\n",
	"a\r\n.\nb\r\n.\r\n",
	"a\r.\r\n.\r\n",
	"a\r\n.\rb\r\n.\r\n",
	"a\r\n.\r\r\n.\r\n",
	"\r\n\r\n.\r\n",
	"\n.\r\n\n.\n\r.\r\r\n.\r\n",
	".\r.\r\n.\r\n",
	"..\r\n.\r",
	"no end",
	"\r\n..",
	"..\n.\r\n\r\n.\r\n",
}

func FuzzUnstuff(f *testing.F) {
	for _, s := range stuffed {
		for piece := 1; piece < 5; piece++ {
			f.Add([]byte(s), piece)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		if piece < 1 || piece > 1<<20 {
			piece = 1
		}
		want, wantRest, wantEnd := slowUnstuff(in)
		u, end := unstuff(in, piece)
		if end != wantEnd {
			t.Fatalf("unstuff(%q) by %d: end = %v, want %v", in, piece, end, wantEnd)
		}
		if !end {
			return
		}
		if got := u.buf[:u.n]; !bytes.Equal(got, want) {
			t.Errorf("unstuff(%q) by %d = %q, want %q", in, piece, got, want)
		}
		if rest := u.pending(); !bytes.Equal(rest, wantRest) {
			t.Errorf("unstuff(%q) by %d: rest = %q, want %q", in, piece, rest, wantRest)
		}
		if got, want := u.source, int64(len(in)-len(wantRest)); got != want {
			t.Errorf("unstuff(%q) by %d: source = %d, want %d", in, piece, got, want)
		}
	})
}

func TestUnstuffLimit(t *testing.T) {
	t.Parallel()
	const size = 10 * keepOversize
	u := unstuffer{eol: 2}
	in := strings.Repeat("0123456789abcde\n", size/16) + "\r\n.\r\nrest"
	end := false
	for len(in) > 0 && !end {
		n := min(1000, len(in))
		u.buf = append(u.buf, in[:n]...)
		in = in[n:]
		end = u.scan()
		if !end {
			u.limit(keepOversize * 2)
			u.squeeze()
		}
		if len(u.buf) > 3*keepOversize {
			t.Fatalf("the buffer has %d bytes, more than three times what is kept", len(u.buf))
		}
	}
	if got, want := int64(u.n)+u.cut, int64(size+2); !end || got != want {
		t.Errorf("end = %v, size = %d, want true, %d", end, got, want)
	}
	if got := string(u.pending()) + in; got != "rest" {
		t.Errorf("rest = %q, want %q", got, "rest")
	}
}

// TestUnstuffExhaustive compares with the oracle on all inputs of eight bytes that matter, in
// pieces of every size.
func TestUnstuffExhaustive(t *testing.T) {
	t.Parallel()
	const alphabet = ".\r\na"
	var in [8]byte
	for n := range 1 << (2 * len(in)) {
		for i := range in {
			in[i] = alphabet[n>>(2*i)&3]
		}
		want, wantRest, wantEnd := slowUnstuff(in[:])
		for piece := 1; piece <= len(in); piece++ {
			u, end := unstuff(in[:], piece)
			if end != wantEnd || end && !bytes.Equal(u.pending(), wantRest) || end && !bytes.Equal(u.buf[:u.n], want) {
				t.Fatalf("unstuff(%q) by %d = %q, %q, %v, want %q, %q, %v",
					in, piece, u.buf[:u.n], u.pending(), end, want, wantRest, wantEnd)
			}
		}
	}
}
