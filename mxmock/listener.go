package mxmock

// Listeners of the test's own on the ports of a host.

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"

	"github.com/seed078e9d8c/maillab/internal/loopback"
)

// backlog is how many connections wait for Accept before dialling does, as on Linux.
const backlog = 4096

// listener accepts connections that are made in memory, and those that a real socket forwards.
type listener struct {
	addr    *net.TCPAddr
	onClose func()

	mu      sync.Mutex
	changed sync.Cond // broadcast to Accept and deliver
	queue   []net.Conn
	closed  bool
	real    net.Listener // the loopback socket for Dialer, if there is one
	forward sync.WaitGroup
}

func newListener(addr *net.TCPAddr) *listener {
	l := &listener{addr: addr, onClose: func() {}}
	l.changed.L = &l.mu
	return l
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 {
		if l.closed {
			return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
		}
		l.changed.Wait()
	}
	conn := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	l.changed.Broadcast()
	return conn, nil
}

// deliver puts a connection into the backlog, and returns the errno of what prevents it.
func (l *listener) deliver(ctx context.Context, conn net.Conn) error {
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.changed.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && ctx.Err() == nil && len(l.queue) == backlog {
		l.changed.Wait()
	}
	switch {
	case l.closed:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case ctx.Err() != nil:
		return contextError(ctx)
	}
	l.queue = append(l.queue, conn)
	l.changed.Broadcast()
	return nil
}

// Close refuses further connections and resets those that wait.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return &net.OpError{Op: "close", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
	}
	l.closed = true
	for _, conn := range l.queue {
		reset(conn)
	}
	l.queue = nil
	if l.real != nil {
		l.real.Close()
	}
	l.changed.Broadcast()
	l.mu.Unlock()
	l.onClose()
	l.forward.Wait()
	return nil
}

// Addr returns the address that the listener was made for.
func (l *listener) Addr() net.Addr { return l.addr }

// socket returns a loopback socket whose connections come to this listener.
func (l *listener) socket() (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case l.real != nil:
		return l.real, nil
	}
	real, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	l.real = real
	l.forward.Go(func() {
		acceptAll(real, func(conn net.Conn) {
			if l.deliver(context.Background(), conn) != nil {
				reset(conn)
			}
		})
	})
	return real, nil
}
