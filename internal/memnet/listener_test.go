package memnet_test

// This file tests Listener.

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

var (
	clientAddr = addr("192.0.2.1:40000")
	serverAddr = addr("198.51.100.1:25")
)

// Connections wait for Accept in order; bytes may be written before.
func TestBacklogIsQueue(t *testing.T) {
	t.Parallel()
	l := memnet.Listen(serverAddr)
	defer l.Close()
	if got := l.Addr(); got != serverAddr {
		t.Errorf("Addr = %v, want %v", got, serverAddr)
	}
	for _, greeting := range []string{"1", "2", "3"} {
		c, err := l.Dial(t.Context(), clientAddr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.Write([]byte(greeting))
	}
	for _, want := range []string{"1", "2", "3"} {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := outcome(perform(c.(*memnet.Conn), "reads")); got != want {
			t.Errorf("read %q, want %q", got, want)
		}
		if c.LocalAddr() != serverAddr || c.RemoteAddr() != clientAddr {
			t.Errorf("accepted %v->%v, want %v->%v", c.LocalAddr(), c.RemoteAddr(), serverAddr, clientAddr)
		}
	}
}

func TestListenerClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen(serverAddr)
		waiting, err := l.Dial(t.Context(), clientAddr)
		if err != nil {
			t.Fatal(err)
		}
		defer waiting.Close()
		if err := l.Close(); err != nil {
			t.Errorf("Close = %v, want <nil>", err)
		}
		if _, err := waiting.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read of a connection that was not accepted: %v, want %v", err, syscall.ECONNRESET)
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second Close = %v, want %v", err, net.ErrClosed)
		}

		l = memnet.Listen(serverAddr)
		accepted := make(chan error)
		for range 2 {
			go func() {
				_, err := l.Accept()
				accepted <- err
			}()
		}
		synctest.Wait()
		l.Close()
		for range 2 {
			if err := <-accepted; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept = %v, want %v", err, net.ErrClosed)
			}
		}
	})
}

// Dial fails as package net does, to the letter where the kernel is not asked.
func TestDialErrors(t *testing.T) {
	t.Parallel()
	closed := memnet.Listen(serverAddr)
	closed.Close()
	open := memnet.Listen(serverAddr)
	defer open.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, test := range []struct {
		name    string
		ctx     context.Context
		l       *memnet.Listener
		want    error
		text    string // if not the platform's
		timeout bool
	}{
		{"refused", t.Context(), closed, syscall.ECONNREFUSED, "", false},
		{"canceled", canceled, open, context.Canceled, "dial tcp 198.51.100.1:25: operation was canceled", false},
		{"too late", late, open, context.DeadlineExceeded, "dial tcp 198.51.100.1:25: i/o timeout", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := test.l.Dial(test.ctx, clientAddr)
			if c != nil || !errors.Is(err, test.want) {
				t.Fatalf("Dial = %v, %v, want nil, %v", c, err, test.want)
			}
			var op *net.OpError
			if !errors.As(err, &op) || op.Op != "dial" || op.Net != "tcp" || op.Addr != serverAddr || op.Timeout() != test.timeout {
				t.Errorf("Dial error = %#v, want a *net.OpError with Timeout %v", err, test.timeout)
			}
			if test.text != "" && err.Error() != test.text {
				t.Errorf("Dial error = %q, want %q", err, test.text)
			}
			if test.text != "" {
				if _, err := new(net.Dialer).DialContext(test.ctx, "tcp", "198.51.100.1:25"); err == nil || err.Error() != test.text {
					t.Errorf("net.Dialer's error = %q, want %q", err, test.text)
				}
			}
		})
	}
}

// When the backlog is full, Dial waits: for Accept, for Close, or for the end of its context.
func TestBacklogFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen(serverAddr)
		defer l.Close()
		dial := func(ctx context.Context) error {
			c, err := l.Dial(ctx, clientAddr)
			if err == nil {
				t.Cleanup(func() { c.Close() })
			}
			return err
		}
		for range 4096 {
			if err := dial(t.Context()); err != nil {
				t.Fatal(err)
			}
		}

		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := dial(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Dial = %v, want %v", err, context.DeadlineExceeded)
		}
		if got, want := time.Since(start), time.Minute; got != want {
			t.Errorf("Dial took %v, want %v", got, want)
		}

		dialed := make(chan error)
		for range 2 {
			go func() { dialed <- dial(t.Context()) }()
		}
		synctest.Wait()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := <-dialed; err != nil {
			t.Errorf("Dial after Accept = %v, want <nil>", err)
		}
		synctest.Wait()
		l.Close()
		if err := <-dialed; !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial after Close = %v, want %v", err, syscall.ECONNREFUSED)
		}
	})
}
