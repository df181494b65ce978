package loopback_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestListen(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	machine.NeedFiles(t, 400)
	localhost := netip.MustParseAddr("127.0.0.1")
	seen := make(map[netip.AddrPort]bool)
	for range 200 { // enough for some to meet
		l, err := loopback.Listen(netip.AddrPortFrom(localhost, 0))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		at := l.Addr().(*net.TCPAddr).AddrPort()
		if at.Addr() != localhost || at.Port() == 0 || seen[at] {
			t.Fatalf("Listen returned a listener at %v, want one at 127.0.0.1 and a port of its own", at)
		}
		seen[at] = true
		go func() {
			if conn, err := l.Accept(); err == nil {
				conn.Close()
			}
		}()
		conn, err := net.Dial("tcp", at.String())
		if err != nil {
			t.Fatalf("dial a port that Listen has opened: %v", err)
		}
		conn.Close()
	}
}

func TestListenAgain(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	if _, err := loopback.Listen(at); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen on a port that is in use = %v, want EADDRINUSE", err)
	}
	l.Close()
	again, err := loopback.Listen(at)
	if err != nil {
		t.Fatalf("Listen on a port that was closed: %v", err)
	}
	defer again.Close()
	if got := again.Addr().String(); got != at.String() {
		t.Errorf("Listen listens on %s, want %v", got, at)
	}
}

func TestListenNowhere(t *testing.T) {
	t.Parallel()
	if l, err := loopback.Listen(netip.MustParseAddrPort("192.0.2.1:0")); err == nil {
		l.Close()
		t.Error("Listen on an address that this machine does not have succeeded")
	}
}

// TestCloseWhileStarting closes listeners while processes are started, which for a moment have their sockets too.
func TestCloseWhileStarting(t *testing.T) {
	machine.NeedIPv4(t)
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("a process that is being started keeps sockets open there")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var starting sync.WaitGroup
	defer starting.Wait()
	defer cancel()
	starting.Go(func() {
		for ctx.Err() == nil {
			if err := exec.Command(os.Args[0], "-test.run=^$").Run(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 1000 {
		l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
			conn.Close()
			t.Fatal("a listener that was closed has accepted a connection")
		}
	}
}
