package memnet_test

// This file tests Conn on its own: the contract of net.Conn, its bounds, and its costs.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/nettest"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// full is what one direction of a connection holds.
const full = 256 << 10

func TestConnIsNetConn(t *testing.T) {
	t.Parallel()
	t.Run("Pipe", func(t *testing.T) { // which waits for a third of a second, as the other does
		t.Parallel()
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			a, b := memnet.Pipe(addr("192.0.2.1:40000"), addr("198.51.100.1:25"))
			return a, b, func() { a.Close(); b.Close() }, nil
		})
	})
	t.Run("Listener", func(t *testing.T) {
		t.Parallel()
		nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
			l := memnet.Listen(addr("198.51.100.1:25"))
			if c1, err = l.Dial(context.Background(), addr("192.0.2.1:40000")); err != nil {
				return nil, nil, nil, err
			}
			if c2, err = l.Accept(); err != nil {
				return nil, nil, nil, err
			}
			return c1, c2, func() { c1.Close(); c2.Close(); l.Close() }, nil
		})
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	a, b := pipe(t)
	if got, want := a.LocalAddr().String(), "192.0.2.1:40000"; got != want {
		t.Errorf("first end's LocalAddr = %s, want %s", got, want)
	}
	if a.RemoteAddr() != b.LocalAddr() || b.RemoteAddr() != a.LocalAddr() {
		t.Errorf("ends disagree: %s->%s and %s->%s, want the reverse of each other",
			a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
	}
}

// A Write that nobody reads fills the buffer, then waits for its deadline, and says how much it wrote.
func TestWriteIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe(t)
		sent := pattern(full + 1)
		a.SetWriteDeadline(time.Now().Add(time.Minute))
		n, err := a.Write(sent)
		if n != full || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write = %d, %v, want %d, %v", n, err, full, os.ErrDeadlineExceeded)
		}
		a.CloseWrite()
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, sent[:full]) {
			t.Errorf("read %d bytes, %v, want the %d written, <nil>", len(got), err, full)
		}
	})
}

// A Write that waits for room ends with what ends the connection.
func TestWriteInterrupted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(a, b *memnet.Conn)
		want error
	}{
		{"own Close", func(a, b *memnet.Conn) { a.Close() }, net.ErrClosed},
		{"own CloseWrite", func(a, b *memnet.Conn) { a.CloseWrite() }, syscall.EPIPE},
		{"peer closes with unread bytes", func(a, b *memnet.Conn) { b.Close() }, syscall.ECONNRESET},
		{"deadline", func(a, b *memnet.Conn) { a.SetWriteDeadline(time.Now()) }, os.ErrDeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, b := pipe(t)
				a.Write(make([]byte, full-1))
				go func() {
					synctest.Wait()
					test.end(a, b)
				}()
				if n, err := a.Write([]byte("xyz")); n != 1 || !errors.Is(err, test.want) {
					t.Errorf("Write = %d, %v, want 1, %v", n, err, test.want)
				}
			})
		})
	}
}

// A Write does not take the room that an earlier one waits for.
func TestWriteKeepsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe(t)
		want := append(bytes.Repeat([]byte("1"), full+1), '2')
		first := make(chan error, 1)
		go func() { _, err := a.Write(want[:full+1]); first <- err }()
		synctest.Wait()
		got := make([]byte, len(want))
		b.Read(got[:1]) // Too little room to wake the first Write, enough for the second.
		second := make(chan error, 1)
		go func() { _, err := a.Write(want[full+1:]); second <- err }()
		synctest.Wait()
		if _, err := io.ReadFull(b, got[1:]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("read ...%q, %v, want ...%q, <nil>", got[full:], err, want[full:])
		}
		if err := errors.Join(<-first, <-second); err != nil {
			t.Errorf("Write = %v, want <nil>", err)
		}
	})
}

// Concurrent writes that do not fit into the buffer are not mixed.
func TestWriteIsContiguous(t *testing.T) {
	t.Parallel()
	const writers, size = 4, full + 1000
	a, b := pipe(t)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			if _, err := a.Write(bytes.Repeat([]byte{byte('a' + i)}, size)); err != nil {
				t.Errorf("Write %c: %v", 'a'+i, err)
			}
		})
	}
	seen := make(map[byte]bool)
	block := make([]byte, size)
	for range writers {
		if _, err := io.ReadFull(b, block); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(block, block[:1]); n != size {
			t.Errorf("%d of %d bytes are %q, want all", n, size, block[0])
		}
		seen[block[0]] = true
	}
	all.Wait()
	if len(seen) != writers {
		t.Errorf("got blocks of %d writers, want %d", len(seen), writers)
	}
}

// Every byte is read once, whoever reads.
func TestConcurrentReads(t *testing.T) {
	t.Parallel()
	const readers, total = 4, 1 << 20
	a, b := pipe(t)
	counts := make(chan int)
	for range readers {
		go func() {
			n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{b}, make([]byte, 1000))
			if err != nil {
				t.Error(err)
			}
			counts <- int(n)
		}()
	}
	for range total / 512 {
		a.Write(make([]byte, 512))
	}
	a.Close()
	got := 0
	for range readers {
		got += <-counts
	}
	if got != total {
		t.Errorf("read %d bytes, want %d", got, total)
	}
}

// Whatever the sizes of writes and reads, what is read is what was written.
func FuzzStream(f *testing.F) {
	f.Add([]byte{1, 1, 200, 3, 255, 255})
	f.Add([]byte{255, 0, 255, 1, 255, 2, 0, 255, 0, 255})
	f.Fuzz(func(t *testing.T, sizes []byte) {
		a, b := pipe(t)
		var sent, got bytes.Buffer
		for i, size := range sizes[:min(len(sizes), 200)] {
			n := int(size) * 7
			if i%2 == 0 {
				p := pattern(sent.Len() + n)[sent.Len():]
				sent.Write(p)
				a.Write(p)
			} else if n = min(n, sent.Len()-got.Len()); n > 0 {
				if _, err := io.CopyN(&got, b, int64(n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		a.Close()
		if _, err := io.Copy(&got, b); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), sent.Bytes()) {
			t.Errorf("read %d bytes, want the %d written", got.Len(), sent.Len())
		}
	})
}

// pattern returns n bytes that tell where they belong.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

func TestAllocations(t *testing.T) {
	from, to := addr("192.0.2.1:40000"), addr("198.51.100.1:25")
	if got := testing.AllocsPerRun(100, func() { memnet.Pipe(from, to) }); got > 1 {
		t.Errorf("Pipe allocates %v times, want 1", got)
	}
	a, b := pipe(t)
	line := make([]byte, 100)
	if got := testing.AllocsPerRun(100, func() {
		a.SetDeadline(time.Now().Add(time.Minute))
		a.Write(line)
		b.Read(line)
	}); got > 0 {
		t.Errorf("an exchange of 100 bytes allocates %v times, want 0", got)
	}
}

// An idle connection, which has been used, costs a few hundred bytes.
func TestIdleMemory(t *testing.T) {
	const conns, want = 2000, 1024
	from, to := addr("192.0.2.1:40000"), addr("198.51.100.1:25")
	idle := make([]*memnet.Conn, conns)
	mail := make([]byte, 64<<10)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range idle {
		a, b := memnet.Pipe(from, to)
		a.Write(mail)
		io.ReadFull(b, mail)
		idle[i] = a
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := (int(after.HeapAlloc) - int(before.HeapAlloc)) / conns; got > want {
		t.Errorf("an idle connection takes %d bytes, want at most %d for both ends", got, want)
	} else {
		t.Logf("an idle connection takes %d bytes, both ends", got)
	}
	runtime.KeepAlive(idle)
}

func BenchmarkExchange(b *testing.B) {
	for _, network := range networks() {
		b.Run(network.name, func(b *testing.B) {
			client, server := network.pipe(b)
			go func() {
				line := make([]byte, 512)
				for {
					n, err := server.Read(line)
					if err != nil {
						return
					}
					server.Write(line[:n])
				}
			}()
			line := make([]byte, 100)
			b.ReportAllocs()
			for b.Loop() {
				client.Write(line)
				client.Read(line)
			}
		})
	}
}

func BenchmarkBulk(b *testing.B) {
	for _, network := range networks() {
		b.Run(network.name, func(b *testing.B) {
			client, server := network.pipe(b)
			go io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{server}, make([]byte, 32<<10))
			mail := make([]byte, 1<<20)
			b.SetBytes(int64(len(mail)))
			b.ReportAllocs()
			for b.Loop() {
				for rest := mail; len(rest) > 0; rest = rest[4<<10:] {
					client.Write(rest[:4<<10])
				}
			}
		})
	}
}

type network struct {
	name string
	pipe func(testing.TB) (a, b net.Conn)
}

// networks returns memnet and what else does its work.
func networks() []network {
	return []network{
		{"memnet", func(t testing.TB) (net.Conn, net.Conn) { return pipe(t) }},
		{"net.Pipe", func(t testing.TB) (net.Conn, net.Conn) {
			a, b := net.Pipe()
			t.Cleanup(func() { a.Close(); b.Close() })
			return a, b
		}},
		{"loopback", func(t testing.TB) (net.Conn, net.Conn) { return loopback(t) }},
	}
}

// loopback returns a connection between real sockets, closed when the test ends.
func loopback(t testing.TB) (a, b *net.TCPConn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return c.(*net.TCPConn), s.(*net.TCPConn)
}
