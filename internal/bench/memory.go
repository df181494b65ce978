package main

// Rows that measure memory: kept messages, idle connections, and finding one message among many.

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	smtpmock "github.com/mocktools/go-smtp-mock/v2"

	"github.com/seed078e9d8c/maillab/mailtest"
)

const (
	manyMessages = 100_000
	manyConns    = 10_000
)

func memoryRows() []row {
	heap := row{
		name: "HeapPerMessage", about: "live heap for each of 100,000 kept messages of 1 KiB, transcripts included", cpus: 2,
		benchtime: "1x", metric: "B/msg", peer: "rawnet", goals: []goal{{"ours", 1536, ""}},
	}
	idle := row{
		name: "IdleMemory", about: "heap and stacks for each of 10,000 idle connections, the client's end included", cpus: 2,
		benchtime: "1x", metric: "B/conn", peer: "rawnet", goals: []goal{{"ours", 24 << 10, ""}},
	}
	closing := row{
		name: "IdleClose", about: "closing a server with 10,000 idle connections", cpus: 2,
		benchtime: "1x", metric: "ms/close", peer: "rawnet", goals: []goal{{"ours", 1000, ""}},
	}
	for _, p := range smtpPeers() {
		heap.contestants = append(heap.contestants, contestant{p.name, func(b *testing.B) { heapPerMessage(b, p.start) }})
		if p.name == "smtpmock" {
			continue // smtpmock waits a second for its clients at every stop
		}
		measure := func(b *testing.B) { idleConnections(b, p.start) }
		idle.contestants = append(idle.contestants, contestant{p.name, measure})
		closing.contestants = append(closing.contestants, contestant{p.name, measure})
	}
	return []row{
		heap,
		{
			name: "HeapLookedAt", about: "live heap for each of 10,000 messages of 1 KiB that were decoded, and are kept with their bytes", cpus: 2,
			benchtime: "1x", metric: "B/msg", peer: "enmime", heavy: true,
			contestants: []contestant{{"ours", lookedAtOurs}, {"enmime", lookedAtEnmime}}, goals: []goal{{"ours", 2253, ""}},
		},
		idle, closing,
		{
			name: "Find", about: "find the last of 100,000 messages by its subject, again", cpus: 1, benchtime: "20x", prepared: true, peer: "scan",
			contestants: []contestant{{"ours", findOurs}, {"scan", findScan}, {"smtpmock", findMock}},
			goals:       []goal{{"ours", 1.0, "scan"}},
		},
		{
			name: "WakeUp", about: "from the 100,001st message's 250 being sent to its waiter running", cpus: 1, benchtime: "2000x", prepared: true,
			contestants: []contestant{{"ours", wakeUp}}, goals: []goal{{"ours", 50e3, ""}},
		},
	}
}

// live returns the sizes of the heap in use and of the stacks.
func live() (heap, stacks uint64) {
	runtime.GC()
	runtime.GC() // frees what finalizers and pools have released
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.StackInuse
}

func heapPerMessage(b *testing.B, start func(testing.TB) smtpServer) {
	for range b.N {
		s := start(b)
		before, _ := live()
		deliver(b, s, 16, manyMessages, 1<<10)
		after, _ := live()
		b.ReportMetric(float64(after-before)/manyMessages, "B/msg")
		s.Stop()
		runtime.KeepAlive(s)
	}
}

// lookedAtOurs measures messages that a server keeps, transcripts included, after the test has looked at them.
func lookedAtOurs(b *testing.B) {
	for range b.N {
		s := startOurs(b).(ours)
		before, _ := live()
		deliver(b, s, 16, manyMessages/10, 1<<10)
		if m := s.Messages(); len(m) != manyMessages/10 || m[0].Subject != subject {
			b.Fatalf("got %d messages", len(m))
		}
		after, _ := live()
		b.ReportMetric(float64(after-before)/(manyMessages/10), "B/msg")
		s.Stop()
	}
}

func idleConnections(b *testing.B, start func(testing.TB) smtpServer) {
	for range b.N {
		s := start(b)
		n := min(manyConns, openFiles()/2-100)
		heap, stacks := live()
		conns := make([]net.Conn, n)
		for i := range conns {
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				b.Fatal(err)
			}
			var greeting [256]byte
			if _, err := conn.Read(greeting[:]); err != nil {
				b.Fatal(err)
			}
			conns[i] = conn
		}
		heap2, stacks2 := live()
		b.ReportMetric((float64(heap2)-float64(heap)+float64(stacks2)-float64(stacks))/float64(n), "B/conn")
		begin := time.Now()
		s.Stop()
		b.ReportMetric(float64(time.Since(begin))/1e6, "ms/close")
		for _, conn := range conns {
			conn.Close()
		}
	}
}

// numberedSubject returns a subject that ends in a number. numbered returns a message with that subject.
func numberedSubject(i int) string { return "Number " + strconv.Itoa(i) }

func numbered(i int) []byte {
	return bytes.Replace(message(1<<10), []byte(subject), []byte(numberedSubject(i)), 1)
}

// fill delivers messages with numbered subjects over one connection.
func fill(tb testing.TB, s smtpServer, n int) {
	_, mock := s.(mock)
	c, err := dial(s.Addr(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		c.data = append(numbered(i), ".\r\n"...)
		if err := c.send(mock); err != nil {
			tb.Fatal(err)
		}
	}
	if err := c.quit(); err != nil {
		tb.Fatal(err)
	}
}

func findOurs(b *testing.B) {
	s := startOurs(b).(ours)
	defer s.Stop()
	fill(b, s, manyMessages)
	s.Messages() // decodes all messages, once
	want := numberedSubject(manyMessages - 1)
	find(b, s.Messages, func(m *mailtest.Message) bool { return m.Subject == want })
}

func findScan(b *testing.B) {
	var s store
	for i := range manyMessages {
		s.add(numbered(i))
	}
	want := []byte("\r\nSubject: " + numberedSubject(manyMessages-1) + "\r\n")
	find(b, func() [][]byte { return s.messages }, func(m []byte) bool { return bytes.Contains(m, want) })
}

func findMock(b *testing.B) {
	s := startMock(b).(mock)
	defer s.Stop()
	fill(b, s, manyMessages)
	want := "\r\nSubject: " + numberedSubject(manyMessages-1) + "\r\n"
	find(b, s.Messages, func(m smtpmock.Message) bool { return strings.Contains(m.MsgRequest(), want) })
}

// find measures how long it takes to find the last of many messages.
func find[M any](b *testing.B, messages func() []M, match func(M) bool) {
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if !slices.ContainsFunc(messages(), match) {
			b.Fatal("not found")
		}
	}
}

// wakeUp measures the time from the last byte of a message being sent to its waiter running. Meanwhile the reply is
// read.
func wakeUp(b *testing.B) {
	s := startOurs(b).(ours)
	defer s.Stop()
	fill(b, s, manyMessages)
	for range manyMessages {
		if _, err := s.NextContext(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	conn, err := s.Dial(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	c := newClient(conn, append(message(1<<10), ".\r\n"...))
	if err := c.hello(); err != nil {
		b.Fatal(err)
	}
	var total time.Duration
	for range b.N {
		woken := make(chan time.Time)
		ready := make(chan bool)
		go func() {
			close(ready)
			if _, err := s.NextContext(context.Background()); err != nil {
				b.Error(err)
			}
			woken <- time.Now()
		}()
		<-ready
		for _, command := range [][]byte{sayMAIL, sayRCPT} {
			if err := c.say(command, '2'); err != nil {
				b.Fatal(err)
			}
		}
		if err := c.say(sayDATA, '3'); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		if _, err := c.conn.Write(c.data); err != nil {
			b.Fatal(err)
		}
		total += (<-woken).Sub(begin)
		if err := c.reply('2'); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(total)/float64(b.N), "ns/op")
	if err := c.quit(); err != nil {
		b.Fatal(err)
	}
}
