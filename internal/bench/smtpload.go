package main

// SMTP load: messages, and a client that costs as little as one can.

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
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

// client is one connection of a load: it writes each command at once, waits for its reply, and looks at the
// reply's first byte only.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	data []byte // the message and its final dot
	rset bool   // go-smtp-mock keeps only the last message of a connection without
}

func dial(addr string, message []byte, rset bool) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, in: bufio.NewReaderSize(conn, 512), data: append(bytes.Clone(message), ".\r\n"...), rset: rset}
	if err := c.reply('2'); err != nil {
		conn.Close()
		return nil, err
	}
	if err := c.say("EHLO client.example\r\n", '2'); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// reply reads a reply, of one line or several.
func (c *client) reply(class byte) error {
	for {
		line, err := c.in.ReadSlice('\n')
		switch {
		case err != nil:
			return err
		case len(line) < 4 || line[0] != class:
			return fmt.Errorf("got reply %q, want %c", line, class)
		case line[3] != '-':
			return nil
		}
	}
}

func (c *client) say(command string, class byte) error {
	if _, err := c.conn.Write([]byte(command)); err != nil {
		return err
	}
	return c.reply(class)
}

// send sends the message.
func (c *client) send() error {
	if err := c.say("MAIL FROM:<shop@shop.example>\r\n", '2'); err != nil {
		return err
	}
	if err := c.say("RCPT TO:<bob@qq.com>\r\n", '2'); err != nil {
		return err
	}
	if err := c.say("DATA\r\n", '3'); err != nil {
		return err
	}
	if _, err := c.conn.Write(c.data); err != nil {
		return err
	}
	if err := c.reply('2'); err != nil || !c.rset {
		return err
	}
	return c.say("RSET\r\n", '2')
}

// quit ends the connection, after the server has.
func (c *client) quit() error {
	defer c.conn.Close()
	return c.say("QUIT\r\n", '2')
}

// each calls f in so many goroutines at once, n times in all, and returns the first error.
func each(workers, n int, f func(next func() bool) error) error {
	var (
		left  atomic.Int64
		wg    sync.WaitGroup
		once  sync.Once
		first error
	)
	left.Store(int64(n))
	for range workers {
		wg.Go(func() {
			if err := f(func() bool { return left.Add(-1) >= 0 }); err != nil {
				once.Do(func() { first = err })
			}
		})
	}
	wg.Wait()
	return first
}

// kept sends b.N messages over so many connections, each kept for all its messages.
func kept(b *testing.B, start func(testing.TB) smtpServer, conns, size int) {
	s := start(b)
	defer s.Stop()
	_, rset := s.(mock)
	m := message(size)
	b.ReportAllocs()
	b.ResetTimer()
	deliver(b, s, conns, b.N, m, rset)
	b.StopTimer()
	if got := s.Count(); got != b.N {
		b.Fatalf("%d messages stored, want %d", got, b.N)
	}
}

// deliver sends n messages over kept connections and waits until all are acknowledged.
func deliver(tb testing.TB, s smtpServer, conns, n int, m []byte, rset bool) {
	err := each(conns, n, func(next func() bool) error {
		c, err := dial(s.Addr(), m, rset)
		if err != nil {
			return err
		}
		for next() {
			if err := c.send(); err != nil {
				return err
			}
		}
		return c.quit()
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// single sends b.N messages, each over a connection of its own, so many at once.
func single(b *testing.B, start func(testing.TB) smtpServer, conns, size int) {
	s := start(b)
	defer s.Stop()
	m := message(size)
	b.ReportAllocs()
	b.ResetTimer()
	err := each(conns, b.N, func(next func() bool) error {
		for next() {
			c, err := dial(s.Addr(), m, false)
			if err != nil {
				return err
			}
			if err := c.send(); err != nil {
				return err
			}
			if err := c.quit(); err != nil {
				return err
			}
		}
		return nil
	})
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	if got := s.Count(); got != b.N {
		b.Fatalf("%d messages stored, want %d", got, b.N)
	}
}

// sizeName names a size of messages.
func sizeName(size int) string {
	if size >= 1<<20 {
		return strconv.Itoa(size>>20) + "MiB"
	}
	return strconv.Itoa(size>>10) + "KiB"
}
