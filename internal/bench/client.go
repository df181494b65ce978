package main

// The client of the loads: a process of its own, so that its processor time is measured apart from the server's.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// load describes the load that a client process puts on a server.
type load struct {
	Addr     string
	Conns    int  // the number of connections at once
	Messages int  // the total number of messages
	Size     int  // the size of each message
	Single   bool // each message has a connection of its own
	RSET     bool // RSET is sent after each message
	Echo     bool // in place of mail, send a byte and read it back, or with Single only connect and close
}

// spent is the result of a load.
type spent struct {
	Elapsed   time.Duration // from the first connection to the last reply
	Processor time.Duration // processor time of the client process
	Error     string
}

// loadVariable is the environment variable that holds the load of a client process.
const loadVariable = "MAILLAB_BENCH_LOAD"

// runAsClient carries out the load in the environment and exits, if this process is a client.
func runAsClient() {
	text := os.Getenv(loadVariable)
	if text == "" {
		return
	}
	var l load
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		panic(err)
	}
	debug.SetGCPercent(-1) // a collection would wait for threads that block in connections
	runtime.GOMAXPROCS(l.Conns + 1)
	m := append(message(max(l.Size, 512)), ".\r\n"...)
	var s spent
	processor, began := processorTime(), time.Now()
	if err := l.do(m); err != nil {
		s.Error = err.Error()
	}
	s.Elapsed, s.Processor = time.Since(began), processorTime()-processor
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// run carries out the load in a process of its own.
func (l load) run() (spent, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return spent{}, err
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), loadVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return spent{}, fmt.Errorf("client process: %w", err)
	}
	var s spent
	if err := json.Unmarshal(out, &s); err != nil {
		return spent{}, fmt.Errorf("client process: %w", err)
	}
	if s.Error != "" {
		return s, errors.New(s.Error)
	}
	return s, nil
}

// measure carries out a load of b.N messages, and reports its time and the processor time of the client.
func (l load) measure(b *testing.B) {
	l.Messages = b.N
	b.ReportAllocs()
	b.ResetTimer()
	s, err := l.run()
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(s.Elapsed)/float64(b.N), "ns/op")
	b.ReportMetric(float64(s.Processor)/float64(b.N), clientUnit)
}

// clientUnit is the unit of the processor time of the client.
const clientUnit = "client-ns/op"

// do carries out the load in this process.
func (l load) do(m []byte) error {
	return each(l.Conns, l.Messages, func(next func() bool) error {
		var c *client
		for next() {
			if c == nil {
				conn, err := dialRaw(l.Addr)
				if err != nil {
					return err
				}
				if c = newClient(conn, m); !l.Echo {
					if err := c.hello(); err != nil {
						return err
					}
				}
			}
			if err := l.one(c); err != nil {
				return err
			}
			if l.Single {
				if err := l.end(c); err != nil {
					return err
				}
				c = nil
			}
		}
		if c == nil {
			return nil
		}
		return l.end(c)
	})
}

// one performs one operation on a connection. end ends the connection.
func (l load) one(c *client) error {
	switch {
	case !l.Echo:
		return c.send(l.RSET)
	case l.Single:
		return nil
	}
	if _, err := c.conn.Write(c.buf[:1]); err != nil {
		return err
	}
	_, err := c.conn.Read(c.buf[:1])
	return err
}

func (l load) end(c *client) error {
	if l.Echo {
		return c.conn.Close()
	}
	return c.quit()
}

// client is one connection of a load. It writes each command at once, waits for the reply, and checks only the first
// byte of the reply.
type client struct {
	conn connection
	data []byte // the message and its final dot
	buf  [512]byte
	n    int // the number of bytes in buf
}

// connection is the part of a net.Conn that a client needs.
type connection interface {
	Read([]byte) (int, error)
	Write([]byte) (int, error)
	Close() error
}

func newClient(conn connection, data []byte) *client { return &client{conn: conn, data: data} }

// dial connects from this process and says EHLO.
func dial(addr string, data []byte) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := newClient(conn, data)
	if err := c.hello(); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

var (
	sayEHLO = []byte("EHLO client.example\r\n")
	sayMAIL = []byte("MAIL FROM:<shop@shop.example>\r\n")
	sayRCPT = []byte("RCPT TO:<bob@qq.com>\r\n")
	sayDATA = []byte("DATA\r\n")
	sayRSET = []byte("RSET\r\n")
	sayQUIT = []byte("QUIT\r\n")
)

// hello reads the greeting and says EHLO.
func (c *client) hello() error {
	if err := c.reply('2'); err != nil {
		return err
	}
	return c.say(sayEHLO, '2')
}

// reply reads a reply of one line or several. The server must not send anything after the reply.
func (c *client) reply(class byte) error {
	c.n = 0
	for {
		n, err := c.conn.Read(c.buf[c.n:])
		c.n += n
		switch {
		case n == 0 && err != nil:
			return err
		case c.buf[0] != class:
			return fmt.Errorf("got reply %q, want %c", c.buf[:c.n], class)
		case c.complete():
			return nil
		case n == 0:
			return fmt.Errorf("the reply %q does not end", c.buf[:c.n])
		}
	}
}

// complete reports whether the buffer ends with the last line of a reply.
func (c *client) complete() bool {
	if c.n < 5 || c.buf[c.n-1] != '\n' {
		return false
	}
	line := c.buf[bytes.LastIndexByte(c.buf[:c.n-1], '\n')+1 : c.n]
	return len(line) > 3 && line[3] != '-'
}

func (c *client) say(command []byte, class byte) error {
	if _, err := c.conn.Write(command); err != nil {
		return err
	}
	return c.reply(class)
}

// send sends one message.
func (c *client) send(reset bool) error {
	if err := c.say(sayMAIL, '2'); err != nil {
		return err
	}
	if err := c.say(sayRCPT, '2'); err != nil {
		return err
	}
	if err := c.say(sayDATA, '3'); err != nil {
		return err
	}
	if err := c.say(c.data, '2'); err != nil || !reset {
		return err
	}
	return c.say(sayRSET, '2')
}

// quit sends QUIT, waits for the reply, and closes the connection.
func (c *client) quit() error {
	defer c.conn.Close()
	return c.say(sayQUIT, '2')
}

// each calls f in the given number of goroutines, which perform n operations in all, and returns the first error.
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
