package mailtest_test

// A server that is not there for a while.

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// refused reports whether an error is that of a port on which nobody listens: ECONNREFUSED, or
// WSAECONNREFUSED.
func refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.Errno(10061))
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	ways := append(connections[:2:2], connections[3])
	srv := mailtest.New(t)
	open := make([]net.Conn, len(ways))
	for i, c := range ways {
		open[i] = dialled(t, srv, c)
		noop(t, open[i], true)
	}
	addr, tlsAddr := srv.Addr(), srv.TLSAddr()
	for range 3 {
		srv.Suspend()
		srv.Suspend()
		for i, c := range ways {
			if _, err := c.dial(t.Context(), srv); !refused(err) {
				t.Errorf("%s, suspended: got %v, want connection refused", c.name, err)
			}
			noop(t, open[i], false)
		}
		if err := srv.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := srv.Resume(); err != nil {
			t.Errorf("the second Resume: got %v, want nil", err)
		}
		if srv.Addr() != addr || srv.TLSAddr() != tlsAddr {
			t.Errorf("the addresses are %s and %s, want those from before: %s and %s", srv.Addr(), srv.TLSAddr(), addr, tlsAddr)
		}
		for _, c := range ways {
			conn := dialled(t, srv, c)
			noop(t, conn, true)
			conn.Close()
		}
	}
	srv.Close()
	if err := srv.Resume(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Resume after Close: got %v, want net.ErrClosed", err)
	}
}

// A connection that a client has made before Suspend continues, even if the client has not heard of the server yet.
func TestSuspendAtOnce(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	for i := range 200 {
		conn := dialled(t, srv, connections[1])
		srv.Suspend()
		if err := dialogue.Play(conn, "s <- 220 *\n"); err != nil {
			t.Fatalf("connection %d: %v", i+1, err)
		}
		conn.Close()
		if err := srv.Resume(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(srv.Sessions()); n != 200 {
		t.Errorf("there are %d sessions, want those of the clients", n)
	}
}

// A server can be suspended before anybody has asked for its address.
func TestSuspendBeforeUse(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.Suspend()
	if _, err := net.Dial("tcp", srv.Addr()); !refused(err) {
		t.Errorf("got %v, want connection refused", err)
	}
	if err := srv.Resume(); err != nil {
		t.Fatal(err)
	}
	noop(t, dialled(t, srv, connections[1]), true)
}

// A listener of the caller's own stays open, and its connections end at once.
func TestSuspendServe(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	srv := mailtest.New(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	way := connect{"own listener", false, false, func(ctx context.Context, _ *mailtest.Server) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}}
	srv.Suspend()
	conn := dialled(t, srv, way)
	if n, err := io.Copy(io.Discard, conn); n > 0 || err != nil {
		t.Errorf("suspended: got %d bytes and %v, want the end", n, err)
	}
	if err := srv.Resume(); err != nil {
		t.Fatal(err)
	}
	noop(t, dialled(t, srv, way), true)
	srv.Close()
	if err := <-done; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
}

// dialled connects and closes the connection at the end of the test.
func dialled(t *testing.T, srv *mailtest.Server, c connect) net.Conn {
	t.Helper()
	conn, err := c.dial(t.Context(), srv)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// noop checks that the server answers on a connection, after its greeting if that is to come.
func noop(t *testing.T, conn net.Conn, greeting bool) {
	t.Helper()
	text := "c -> NOOP\ns <- 250 *\n"
	if greeting {
		text = "s <- 220 *\n" + text
	}
	if err := dialogue.Play(conn, text); err != nil {
		t.Error(err)
	}
}
