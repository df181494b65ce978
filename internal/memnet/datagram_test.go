package memnet_test

// This file tests PacketConn.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/memnet"
)

var (
	stubAddr = net.UDPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:40000"))
	dnsAddr  = net.UDPAddrFromAddrPort(netip.MustParseAddrPort("198.51.100.53:53"))
)

// echo answers every packet with itself.
func echo(packet []byte, reply func([]byte)) { reply(packet) }

// silence answers nothing.
func silence([]byte, func([]byte)) {}

// datagram returns a socket that is closed when the test ends.
func datagram(t testing.TB, deliver func([]byte, func([]byte))) *memnet.PacketConn {
	c := memnet.Datagram(stubAddr, dnsAddr, deliver)
	t.Cleanup(func() { c.Close() })
	return c
}

// Packets keep their bounds and order, and belong to their owners.
func TestPackets(t *testing.T) {
	t.Parallel()
	c := datagram(t, func(packet []byte, reply func([]byte)) {
		reply(packet)
		clear(packet)
	})
	p := []byte("one")
	c.Write(p)
	clear(p)
	c.Write(nil)
	c.Write([]byte("three"))
	for _, want := range []string{"one", "", "three"} {
		p := make([]byte, 100)
		n, from, err := c.ReadFrom(p)
		if string(p[:n]) != want || from != dnsAddr || err != nil {
			t.Errorf("ReadFrom = %q, %v, %v, want %q, %v, <nil>", p[:n], from, err, want, dnsAddr)
		}
	}
	if c.LocalAddr() != stubAddr || c.RemoteAddr() != dnsAddr {
		t.Errorf("addresses are %v->%v, want %v->%v", c.LocalAddr(), c.RemoteAddr(), stubAddr, dnsAddr)
	}
}

func TestPacketTruncated(t *testing.T) {
	t.Parallel()
	c := datagram(t, echo)
	c.Write([]byte("truncated"))
	c.Write([]byte("next"))
	p := make([]byte, 5)
	for _, want := range []string{"trunc", "next"} {
		if n, err := c.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("Read = %q, %v, want %q, <nil>", p[:n], err, want)
		}
	}
}

func TestPacketsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := datagram(t, echo)
		for i := range 300 {
			c.Write([]byte{byte(i)})
		}
		c.SetReadDeadline(time.Now().Add(time.Minute))
		got := 0
		for p := make([]byte, 1); ; got++ {
			if _, err := c.Read(p); err != nil {
				break
			}
			if p[0] != byte(got) {
				t.Errorf("packet %d is %d, want %d", got, p[0], byte(got))
			}
		}
		if want := 256; got != want {
			t.Errorf("got %d packets, want %d", got, want)
		}
	})
}

func TestPacketTooLong(t *testing.T) {
	t.Parallel()
	c := datagram(t, echo)
	if n, err := c.Write(make([]byte, 65508)); n != 0 || !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("Write of 65508 bytes = %d, %v, want 0, %v", n, err, syscall.EMSGSIZE)
	}
	if n, err := c.Write(make([]byte, 65507)); n != 65507 || err != nil {
		t.Errorf("Write of 65507 bytes = %d, %v, want 65507, <nil>", n, err)
	}
	if n, err := c.Read(make([]byte, 1<<16)); n != 65507 || err != nil {
		t.Errorf("Read = %d, %v, want 65507, <nil>", n, err)
	}
}

// Refuse fails one operation, of either kind, before packets that wait.
func TestRefuse(t *testing.T) {
	t.Parallel()
	c := datagram(t, echo)
	for range 2 {
		c.Write([]byte("x"))
	}
	c.Refuse()
	c.Refuse()
	p := make([]byte, 1)
	if n, err := c.Read(p); n != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Read = %d, %v, want 0, %v", n, err, syscall.ECONNREFUSED)
	}
	if n, err := c.Read(p); n != 1 || err != nil {
		t.Errorf("Read = %d, %v, want 1, <nil>", n, err)
	}
	c.Refuse()
	if n, err := c.Write(p); n != 0 || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Write = %d, %v, want 0, %v", n, err, syscall.ECONNREFUSED)
	}
	if n, err := c.Write(p); n != 1 || err != nil {
		t.Errorf("Write = %d, %v, want 1, <nil>", n, err)
	}
}

// Errors read as those of a real socket.
func TestPacketErrors(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	socket, err := net.Dial("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	play := func(c net.Conn) (texts []string) {
		letters := strings.NewReplacer(c.LocalAddr().String(), "A", c.RemoteAddr().String(), "B")
		note := func(what string, err error) {
			texts = append(texts, what+": "+letters.Replace(fmt.Sprint(err)))
		}
		write := func() error { _, err := c.Write([]byte("x")); return err }
		read := func() error { _, err := c.Read(make([]byte, 1)); return err }
		writeTo := func() error { _, err := c.(net.PacketConn).WriteTo([]byte("x"), c.RemoteAddr()); return err }
		c.SetDeadline(time.Unix(1, 0))
		note("late write", write())
		note("late read", read())
		c.SetDeadline(time.Time{})
		c.SetWriteDeadline(time.Unix(1, 0))
		note("write with a late write deadline", write())
		note("write to", writeTo())
		note("close", c.Close())
		note("write after close", write())
		note("read after close", read())
		note("close after close", c.Close())
		note("deadline after close", c.SetDeadline(time.Time{}))
		return texts
	}
	got, want := play(datagram(t, silence)), play(socket)
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

func TestReadPacketWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c *memnet.PacketConn
		c = datagram(t, func(packet []byte, reply func([]byte)) {
			go func() {
				time.Sleep(2 * time.Second)
				reply(packet)
				time.Sleep(2 * time.Second)
				c.Refuse()
				time.Sleep(10 * time.Second)
				c.Close()
				reply(packet)
			}()
		})
		start := time.Now()
		c.Write([]byte("x"))
		for _, test := range []struct {
			deadline time.Duration // after the start; 0 for none
			want     error
			at       time.Duration
		}{
			{1 * time.Second, os.ErrDeadlineExceeded, 1 * time.Second},
			{3 * time.Second, nil, 2 * time.Second},
			{0, syscall.ECONNREFUSED, 4 * time.Second},
			{5 * time.Second, os.ErrDeadlineExceeded, 5 * time.Second},
			{0, net.ErrClosed, 14 * time.Second},
		} {
			c.SetReadDeadline(time.Time{})
			if test.deadline > 0 {
				c.SetReadDeadline(start.Add(test.deadline))
			}
			_, err := c.Read(make([]byte, 1))
			if at := time.Since(start); !errors.Is(err, test.want) || at != test.at {
				t.Errorf("Read = %v after %v, want %v after %v", err, at, test.want, test.at)
			}
		}
		synctest.Wait()
	})
}

// Package net's own resolver takes the socket for one.
func TestResolver(t *testing.T) {
	t.Parallel()
	r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		if network != "udp" {
			return nil, fmt.Errorf("dialed %s, want udp", network)
		}
		return memnet.Datagram(stubAddr, dnsAddr, func(query []byte, reply func([]byte)) {
			var m dnsmessage.Message
			if err := m.Unpack(query); err != nil {
				t.Error(err)
				return
			}
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET},
				Body:   &dnsmessage.TXTResource{TXT: []string{"v=spf1 -all"}},
			}}
			answer, err := m.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			reply(bytes.Repeat([]byte("?"), 20)) // No answer to this query: the resolver reads on.
			reply(answer)
		}), nil
	}}
	got, err := r.LookupTXT(t.Context(), "example.com.")
	if want := []string{"v=spf1 -all"}; err != nil || len(got) != 1 || got[0] != want[0] {
		t.Errorf("LookupTXT = %q, %v, want %q, <nil>", got, err, want)
	}
}
