package outbound

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestReadReply(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{ // code, enhanced code, text
		{"250 ok\r\n", "250  ok"},
		{"250\r\n", "250  "},
		{"250 \r\n", "250  "},
		{"250 ok\n", "250  ok"},
		{"250-a\r\n250-b\r\n250 c\r\n", "250  a\nb\nc"},
		{"250-a\r\n250\r\n", "250  a\n"},
		{"550 5.1.1 no\r\n", "550 5.1.1 no"},
		{"550-5.1.1 no\r\n550 5.1.1 really\r\n", "550 5.1.1 no\nreally"},
		{"550-5.1.1 no\r\n550 really\r\n", "550 5.1.1 no\nreally"},
		{"550 5.1.1\r\n", "550 5.1.1 "},
		{"550 5.1.1234 no\r\n", "550  5.1.1234 no"},
		{"550 5.1 no\r\n", "550  5.1 no"},
		{"550 5.1.1no\r\n", "550  5.1.1no"},
		{"550 a\x1b[31m\x00\xffb\r\n", "550  a?[31m??b"},

		{"", "error"},
		{"250", "error"},
		{"250-ok\r\n", "error"},
		{"25 ok\r\n", "error"},
		{"2500 ok\r\n", "error"},
		{"250ok\r\n", "error"},
		{"150 ok\r\n", "error"},
		{"650 ok\r\n", "error"},
		{"2x0 ok\r\n", "error"},
		{" 250 ok\r\n", "error"},
		{"\r\n250 ok\r\n", "error"},
		{"250-ok\r\n550 no\r\n", "error"},
		{"250-ok\r\nno\r\n250 ok\r\n", "error"},
		{"250 " + strings.Repeat("x", maxReplyLine) + "\r\n", "error"},
		{strings.Repeat("250-"+strings.Repeat("x", 1000)+"\r\n", 70) + "250 ok\r\n", "error"},
	}
	for _, tt := range tests {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(tt.in), maxReplyLine))
		got := "error"
		if err == nil {
			code, text := r.enhanced()
			got = fmt.Sprintf("%d %s %s", r.code, code, text)
		}
		if got != tt.want {
			t.Errorf("readReply(%.60q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

// FuzzReadReply checks the bounds of a reply, and that its lines can be written
// down and read again.
func FuzzReadReply(f *testing.F) {
	for _, s := range []string{"250 ok\r\n", "250-a\n250 b\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "250\r\n", "421"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(in), maxReplyLine))
		if err != nil {
			return
		}
		if r.code < 200 || r.code > 599 || len(r.lines) == 0 || len(r.text()) > maxReply*3 {
			t.Fatalf("readReply(%q) = %+v, want it within its bounds", in, r)
		}
		var b strings.Builder
		for i, line := range r.lines {
			sep := "-"
			if i == len(r.lines)-1 {
				sep = " "
			}
			fmt.Fprintf(&b, "%d%s%s\r\n", r.code, sep, line)
		}
		again, err := readReply(bufio.NewReaderSize(strings.NewReader(b.String()), maxReplyLine+2))
		if err != nil || again.text() != r.text() || again.code != r.code {
			t.Errorf("readReply(%q) = %+v, %v, want %+v as before", b.String(), again, err, r)
		}
		r.extensions()
		r.enhanced()
	})
}

func TestExtensions(t *testing.T) {
	t.Parallel()
	r := reply{250, []string{"mx1.qq.com hello", "PIPELINING", "size 35882577", "LIMITS RCPTMAX=1", ""}}
	got := fmt.Sprint(r.extensions())
	if want := "map[: LIMITS:RCPTMAX=1 PIPELINING: SIZE:35882577]"; got != want {
		t.Errorf("extensions = %s, want %s", got, want)
	}
}

func TestMalformedErrorIsFound(t *testing.T) {
	t.Parallel()
	_, err := readReply(bufio.NewReader(strings.NewReader("?\r\n")))
	var malformed *malformedError
	if !errors.As(err, &malformed) {
		t.Errorf("error = %v (%T), want a *malformedError", err, err)
	}
}
