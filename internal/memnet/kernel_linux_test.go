package memnet_test

// This file compares memnet with the TCP of the kernel: every scenario is played on both.

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKernelAgrees plays the scenarios on real sockets. All results must be as written, and all errors
// must read as on memnet.
func TestKernelAgrees(t *testing.T) {
	t.Parallel()
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

// await waits until what was sent to a socket has arrived: "data", "FIN" or "RST".
func await(t *testing.T, c net.Conn, what string) {
	t.Helper()
	events := map[string]int16{
		"data": unix.POLLIN,
		"FIN":  unix.POLLRDHUP,
		"RST":  0, // POLLHUP needs no asking for.
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
