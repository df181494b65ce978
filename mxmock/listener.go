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
	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// listener accepts connections that are made in memory, and those that a real socket forwards.
type listener struct {
	*memnet.Listener
	onClose func()

	mu      sync.Mutex
	closed  bool
	real    net.Listener // the loopback socket for Dialer, if there is one
	forward sync.WaitGroup
}

func newListener(addr *net.TCPAddr) *listener {
	return &listener{Listener: memnet.Listen(addr), onClose: func() {}}
}

func (l *listener) accept(ctx context.Context, conn net.Conn, _, _ netip.AddrPort) error {
	return l.Deliver(ctx, conn)
}

// Close refuses further connections and resets those that wait to be accepted.
func (l *listener) Close() error {
	if err := l.Listener.Close(); err != nil {
		return err
	}
	l.mu.Lock()
	l.closed = true
	if l.real != nil {
		l.real.Close()
	}
	l.mu.Unlock()
	l.onClose()
	l.forward.Wait()
	return nil
}

func (l *listener) close() error {
	l.Close()
	return nil
}

// loopback returns the address of a real socket whose connections come to this listener.
func (l *listener) loopback() (netip.AddrPort, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	if l.real == nil {
		real, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			return netip.AddrPort{}, err
		}
		l.real = real
		l.forward.Go(func() {
			acceptAll(real, func(conn net.Conn) {
				if l.Deliver(context.Background(), conn) != nil {
					reset(conn)
				}
			})
		})
	}
	return l.real.Addr().(*net.TCPAddr).AddrPort(), nil
}
