package main

// Rows that measure one SMTP server.

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/smtp"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// smtpRows returns the rows that measure starting, stopping, and carrying mail.
func smtpRows() []row {
	// against returns a row in which all peers do the same.
	against := func(r row, f func(*testing.B, func(testing.TB) smtpServer)) row {
		r.peer = "rawnet"
		for _, p := range smtpPeers() {
			r.contestants = append(r.contestants, contestant{p.name, func(b *testing.B) { f(b, p.start) }})
		}
		return r
	}
	rows := []row{
		against(row{
			name: "StartStop", about: "start, first use (the address), stop; loopback", cpus: 1, benchtime: "200ms",
			goals: []goal{{"ours", 1.25, "rawnet"}},
		}, startStop),
		against(row{
			name: "StopIdle", about: "start, a client connects and is greeted, stop while it is idle", cpus: 1, benchtime: "200ms",
			goals: []goal{{"ours", 1.2, "rawnet"}},
		}, stopIdle),
		against(row{
			name: "OneMail", about: "start, one 1 KiB mail, see it, stop; loopback", cpus: 1, benchtime: "300ms",
			goals: []goal{{"ours", 1.15, "rawnet"}},
		}, oneMail),
		{
			name: "OneMailMemory", about: "the same in memory", cpus: 1, benchtime: "300ms", peer: "gosmtp",
			contestants: []contestant{{"ours", oneMailOurs}, {"gosmtp", oneMailPipe}},
			goals:       []goal{{"ours", 1.0, "gosmtp"}},
		},
		against(row{
			name: "Cases8000", about: "8,000 such cases one after the other, mean of one; loopback, two processors", cpus: 2, benchtime: "8000x",
			goals: []goal{{"ours", 0.6, "gosmtp"}},
		}, oneMail),
	}
	for _, load := range []struct {
		conns, size int
		benchtime   string
		goal        float64
	}{{16, 1 << 10, "20000x", 0.85}, {1, 1 << 10, "10000x", 0}, {16, 1 << 20, "500x", 0.85}, {1, 1 << 20, "300x", 0.85}} {
		r := row{
			name:  fmt.Sprintf("Kept%dx%s", load.conns, sizeName(load.size)),
			about: fmt.Sprintf("messages of %s over %d kept connections; loopback", sizeName(load.size), load.conns),
			cpus:  2, benchtime: load.benchtime, rate: true,
		}
		if load.goal > 0 {
			r.goals = []goal{{"ours", load.goal, "rawnet"}}
		}
		rows = append(rows, against(r, func(b *testing.B, start func(testing.TB) smtpServer) { kept(b, start, load.conns, load.size) }))
	}
	return append(rows, against(row{
		name: "Single16x1KiB", about: "messages of 1 KiB, each over a connection of its own, 16 at once; loopback", cpus: 2,
		benchtime: "6000x", rate: true, goals: []goal{{"ours", 0.9, "rawnet"}},
	}, func(b *testing.B, start func(testing.TB) smtpServer) { single(b, start, 16, 1<<10) }))
}

func startStop(b *testing.B, start func(testing.TB) smtpServer) {
	b.ReportAllocs()
	for b.Loop() {
		s := start(b)
		if s.Addr() == "" {
			b.Fatal("no address")
		}
		s.Stop()
	}
}

func stopIdle(b *testing.B, start func(testing.TB) smtpServer) {
	b.ReportAllocs()
	for b.Loop() {
		s := start(b)
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := bufio.NewReaderSize(conn, 128).ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
		s.Stop()
		conn.Close()
	}
}

func oneMail(b *testing.B, start func(testing.TB) smtpServer) {
	m := append(message(1<<10), ".\r\n"...)
	b.ReportAllocs()
	for b.Loop() {
		s := start(b)
		if err := deliverOne(s.Addr(), m); err != nil {
			b.Fatal(err)
		}
		if !s.See(subject) {
			b.Fatal("the message is not there")
		}
		s.Stop()
	}
}

// deliverOne delivers a message over a connection of its own, from this process.
func deliverOne(addr string, data []byte) error {
	c, err := dial(addr, data)
	if err != nil {
		return err
	}
	if err := c.send(false); err != nil {
		return err
	}
	return c.quit()
}

// submit does what smtp.SendMail does, over an existing connection.
func submit(conn net.Conn, host string, m []byte) error {
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Mail("shop@shop.example"); err != nil {
		return err
	}
	if err := c.Rcpt("bob@qq.com"); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

func oneMailOurs(b *testing.B) {
	m := message(1 << 10)
	b.ReportAllocs()
	for b.Loop() {
		s := ours{new(mailtest.Server)}
		conn, err := s.Dial(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		if err := submit(conn, "localhost", m); err != nil {
			b.Fatal(err)
		}
		if !s.See(subject) {
			b.Fatal("the message is not there")
		}
		s.Stop()
	}
}

// pipeListener is a listener with a single connection.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l pipeListener) Close() error   { return nil }
func (l pipeListener) Addr() net.Addr { return nil }

func oneMailPipe(b *testing.B) {
	m := message(1 << 10)
	b.ReportAllocs()
	for b.Loop() {
		s := newGoSMTP()
		l := make(pipeListener, 1)
		go func() {
			defer close(s.done)
			s.server.Serve(l)
		}()
		near, far := net.Pipe()
		l <- far
		if err := submit(near, "localhost", m); err != nil {
			b.Fatal(err)
		}
		if !s.See(subject) {
			b.Fatal("the message is not there")
		}
		close(l)
		<-s.done
		s.server.Close()
	}
}
