package socks

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// spoken is a client that has said all it will, and keeps what it is told.
type spoken struct {
	*strings.Reader
	told bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) { return s.told.Write(p) }

func TestNegotiate(t *testing.T) {
	t.Parallel()
	const noName = "\x05\x01\x00\x03"
	tests := []struct {
		said, told, target string
	}{
		{"\x05\x01\x00" + noName + "\x0amx1.qq.com\x00\x19", "\x05\x00", "mx1.qq.com:25"},
		{"\x05\x02\x02\x00" + "\x05\x01\x00\x01\xcb\x00\x71\x09\x02\x4b", "\x05\x00", "203.0.113.9:587"},
		{"\x05\x01\x02" + "\x01\x03bob\x06secret" + noName + "\x01a\x00\x19", "\x05\x02\x01\x00", "a:25"},
		{"\x05\x01\x02" + "\x01\x00\x00" + noName + "\x00\x00\x00", "\x05\x02\x01\x00", ":0"},
		{"\x05\x01\x00\x05\x01\x00\x04" + "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x02\x00\x19", "\x05\x00", "[2001:db8::2]:25"},
		{"\x05\x01\x00\x05\x02\x00\x01\x01\x02\x03\x04\x00\x19", "\x05\x00\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00", ""},
		{"\x05\x01\x00\x05\x01\x00\x09", "\x05\x00\x05\x08\x00\x01\x00\x00\x00\x00\x00\x00", ""},
		{"\x05\x01\x01", "\x05\xff", ""},
		{"\x05\x00", "\x05\xff", ""},
		{"\x04\x01\x00\x19\x01\x02\x03\x04\x00", "", ""},
		{"GET / HTTP/1.1\r\n\r\n", "", ""},
		{"", "", ""},
		{"\x05\x05\x00", "", ""},
		{"\x05\x01\x00\x04\x01\x00\x01", "\x05\x00", ""},
		{"\x05\x01\x00\x05\x01\x00\x01\x01\x02", "\x05\x00", ""},
		{"\x05\x01\x00" + noName + "\x0amx1", "\x05\x00", ""},
		{"\x05\x01\x02\x01\x03b", "\x05\x02", ""},
	}
	for _, test := range tests {
		client := &spoken{Reader: strings.NewReader(test.said)}
		target, err := Negotiate(client)
		if target != test.target || client.told.String() != test.told || (err == nil) != (test.target != "") {
			t.Errorf("%q: got target %q, %q and error %v, want %q, %q", test.said, target, client.told.String(), err, test.target, test.told)
		}
	}
}

func FuzzNegotiate(f *testing.F) {
	f.Add("\x05\x01\x00\x05\x01\x00\x03\x0amx1.qq.com\x00\x19EHLO a\r\n")
	f.Add("\x05\x02\x00\x02\x01\x01a\x01b\x05\x01\x00\x01\x01\x02\x03\x04\x00\x19")
	f.Add("\x05\x01\x00\x05\x01\x00\x04" + strings.Repeat("\x00", 18))
	f.Fuzz(func(t *testing.T, said string) {
		client := &spoken{Reader: strings.NewReader(said)}
		target, err := Negotiate(client)
		if read := len(said) - client.Len(); read > 2+255+513+4+256+2 || client.told.Len() > 14 {
			t.Errorf("%d bytes were read and %d written", read, client.told.Len())
		}
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(target); err != nil && !strings.ContainsAny(target, "[]") {
			t.Errorf("target %q: %v", target, err)
		}
	})
}

func TestReplyTo(t *testing.T) {
	t.Parallel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, test := range []struct {
		err  error
		want byte
	}{
		{syscall.ECONNREFUSED, connectionRefused},
		{syscall.EHOSTUNREACH, hostUnreachable},
		{syscall.ENETUNREACH, networkUnreachable},
		{&net.DNSError{IsNotFound: true}, hostUnreachable},
		{syscall.ETIMEDOUT, ttlExpired},
		{memnet.ContextError(expired), ttlExpired},
		{context.DeadlineExceeded, ttlExpired},
		{errors.New("something else"), generalFailure},
	} {
		if got := replyTo(&net.OpError{Op: "dial", Err: test.err}); got != test.want {
			t.Errorf("%v: got reply %d, want %d", test.err, got, test.want)
		}
	}
}
