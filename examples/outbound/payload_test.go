package outbound

import (
	"bufio"
	"bytes"
	"io"
	"net/textproto"
	"strings"
	"testing"
)

func TestPayload(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, msg, wire string
		size            int64
		eightBit, utf8  bool
	}{
		{"empty", "", ".\r\n", 0, false, false},
		{"one line", "a: b\r\n", "a: b\r\n.\r\n", 6, false, false},
		{"no line end", "a: b", "a: b\r\n.\r\n", 6, false, false},
		{"bare LF", "a: b\n\nc\n", "a: b\r\n\r\nc\r\n.\r\n", 11, false, false},
		{"bare CR", "a\rb\r", "a\r\nb\r\n.\r\n", 6, false, false},
		{"CR CR LF", "a\r\r\nb", "a\r\n\r\nb\r\n.\r\n", 8, false, false},
		{"LF CR", "a\n\rb", "a\r\n\r\nb\r\n.\r\n", 8, false, false},
		{"dots", ".\r\n..\r\na.\r\n", "..\r\n...\r\na.\r\n.\r\n", 11, false, false},
		{"smuggling with LF", "a\n.\nb", "a\r\n..\r\nb\r\n.\r\n", 9, false, false},
		{"smuggling with CR", "a\r\n.\rb", "a\r\n..\r\nb\r\n.\r\n", 9, false, false},
		{"8-bit body", "a: b\r\n\r\n\xff", "a: b\r\n\r\n\xff\r\n.\r\n", 11, true, false},
		{"8-bit header", "a: \xff\r\n\r\nb", "a: \xff\r\n\r\nb\r\n.\r\n", 11, true, true},
		{"body only", "\r\n\xff", "\r\n\xff\r\n.\r\n", 5, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPayload([]byte(tt.msg))
			if string(p.wire) != tt.wire || p.size != tt.size || p.eightBit != tt.eightBit || p.utf8 != tt.utf8 {
				t.Errorf("newPayload(%q) = %q %d %t %t, want %q %d %t %t",
					tt.msg, p.wire, p.size, p.eightBit, p.utf8, tt.wire, tt.size, tt.eightBit, tt.utf8)
			}
		})
	}
}

// FuzzPayload reads the wire form back with net/textproto, which must find one
// message and nothing behind it, and compares it with a slow way to the same end.
func FuzzPayload(f *testing.F) {
	for _, s := range []string{"", ".", "a\r\n.\r\nb", "a\n.\n", "\r\r\n\n\r", "..\r.", "a: \xe4\xbd\xa0\n\nb"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		p := newPayload(msg)
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(msg))
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		br := bufio.NewReader(bytes.NewReader(p.wire))
		got, err := io.ReadAll(textproto.NewReader(br).DotReader())
		if err != nil || string(got) != want {
			t.Errorf("newPayload(%q) reads back as %q, %v, want %q", msg, got, err, want)
		}
		if rest, _ := io.ReadAll(br); len(rest) > 0 {
			t.Errorf("newPayload(%q) has %q behind its end, want nothing", msg, rest)
		}
		if wantSize := int64(len(want) + strings.Count(want, "\n")); p.size != wantSize {
			t.Errorf("newPayload(%q).size = %d, want %d", msg, p.size, wantSize)
		}
	})
}
