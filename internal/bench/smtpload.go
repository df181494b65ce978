package main

// SMTP loads: messages over kept connections, or over a connection each.

import (
	"bytes"
	"strconv"
	"testing"
)

const subject = "Welcome to the measurement"

// message returns a message of exactly size bytes, with CRLF line ends and without lines that begin
// with a dot.
func message(size int) []byte {
	var b bytes.Buffer
	b.WriteString("From: Shop <shop@shop.example>\r\nTo: bob@qq.com\r\nSubject: " + subject + "\r\n" +
		"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\n")
	for b.Len() < size {
		b.WriteString("The quick brown fox jumps over the lazy dog, and then it does so again.\r\n")
	}
	b.Truncate(size - 2)
	if m := b.Bytes(); m[size-3] == '\r' {
		m[size-3] = ' '
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// kept sends b.N messages over the given number of connections, each of which carries many messages.
func kept(b *testing.B, start func(testing.TB) smtpServer, conns, size int) {
	s := start(b)
	defer s.Stop()
	_, mock := s.(mock)
	carry(b, s, load{Conns: conns, Size: size, RSET: mock})
}

// single sends b.N messages, each over a connection of its own, with the given number of connections at once.
func single(b *testing.B, start func(testing.TB) smtpServer, conns, size int) {
	s := start(b)
	defer s.Stop()
	carry(b, s, load{Conns: conns, Size: size, Single: true})
}

// carry measures a load of b.N messages, and fails if one of them is missing.
func carry(b *testing.B, s smtpServer, l load) {
	l.Addr = s.Addr()
	l.measure(b)
	if got := s.Count(); got != b.N {
		b.Fatalf("%d messages stored, want %d", got, b.N)
	}
}

// deliver sends n messages over kept connections and waits until all are accepted.
func deliver(tb testing.TB, s smtpServer, conns, n, size int) {
	_, mock := s.(mock)
	l := load{Addr: s.Addr(), Conns: conns, Messages: n, Size: size, RSET: mock}
	if _, err := l.run(); err != nil {
		tb.Fatal(err)
	}
}

// sizeName returns the name of a message size.
func sizeName(size int) string {
	if size >= 1<<20 {
		return strconv.Itoa(size>>20) + "MiB"
	}
	return strconv.Itoa(size>>10) + "KiB"
}
