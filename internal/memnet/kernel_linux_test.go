package memnet_test

// This file compares memnet with the kernel: every scenario is played on both.

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// TestKernelAgrees plays the scenarios on real sockets. All results must be as written, and all errors
// must read as on memnet.
func TestKernelAgrees(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			a, b := loopback(t)
			got := s.play(t, a, b, await)
			c, d := pipe(t)
			want := s.play(t, c, d, nil)
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%s:\nkernel gives %s\nmemnet gives %s", s.steps[i], got[i], want[i])
				}
			}
		})
	}
}

// TestKernelAgreesOnRefusal has the port of a connected UDP socket closed while a packet waits.
func TestKernelAgreesOnRefusal(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	socket, err := net.Dial("udp", server.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	server.WriteTo([]byte("waits"), socket.LocalAddr())
	await(t, socket, "data")
	server.Close()

	var c *memnet.PacketConn
	packets := 0
	c = datagram(t, func(packet []byte, reply func([]byte)) {
		if packets++; packets == 1 {
			reply([]byte("waits"))
		}
		c.Refuse()
	})
	play := func(c net.Conn, settle func()) (texts []string) {
		letters := strings.NewReplacer(c.LocalAddr().String(), "A", c.RemoteAddr().String(), "B")
		for _, do := range []string{"writes", "reads", "reads", "writes", "writes", "writes"} {
			p := []byte("ping\x00")
			n, err := 0, error(nil)
			if do == "reads" {
				n, err = c.Read(p)
			} else if n, err = c.Write(p); err == nil {
				settle()
			}
			texts = append(texts, letters.Replace(fmt.Sprintf("%s %q, %v", do, p[:n], err)))
		}
		return texts
	}
	got := play(socket, func() { await(t, socket, "RST") })
	want := play(c, func() {})
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("kernel %s\nmemnet %s", got[i], want[i])
		}
	}
}

// await waits until what was sent to a socket has arrived: "data", "FIN" or "RST".
func await(t *testing.T, c net.Conn, what string) {
	t.Helper()
	events := map[string]int16{
		"data": unix.POLLIN,
		"FIN":  unix.POLLRDHUP,
		"RST":  0, // POLLHUP needs no asking for, nor POLLERR, which is ICMP's.
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: events[what]}}, int(patience.Milliseconds()))
			switch {
			case err == unix.EINTR:
				continue
			case err != nil:
				t.Fatal(err)
			case n == 0:
				t.Fatalf("%s has not arrived within %v", what, patience)
			}
			return
		}
	})
}
