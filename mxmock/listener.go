package mxmock

// Listeners of the test's own on the ports of a host.

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// backlog is how many connections wait for Accept before dialling does.
const backlog = 1024

// listener accepts connections that are made in memory, and those that a loopback socket forwards.
type listener struct {
	addr    *net.TCPAddr
	queue   chan net.Conn
	done    chan struct{}
	once    sync.Once
	onClose func()

	mu      sync.Mutex
	real    net.Listener // the loopback socket, if there is one
	forward sync.WaitGroup
}

func newListener(addr *net.TCPAddr) *listener {
	return &listener{addr: addr, queue: make(chan net.Conn, backlog), done: make(chan struct{}), onClose: func() {}}
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
	default:
		select {
		case conn := <-l.queue:
			return conn, nil
		case <-l.done:
		}
	}
	return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: net.ErrClosed}
}

// deliver puts a connection into the backlog, and returns the errno of what prevents it.
func (l *listener) deliver(ctx context.Context, conn net.Conn) error {
	select {
	case <-l.done:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	default:
	}
	select {
	case l.queue <- conn:
		return nil
	case <-l.done:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case <-ctx.Done():
		return contextError(ctx)
	}
}

// Close refuses further connections and closes those that wait.
func (l *listener) Close() error {
	err := error(&net.OpError{Op: "close", Net: "tcp", Addr: l.addr, Err: net.ErrClosed})
	l.once.Do(func() {
		close(l.done)
		l.onClose()
		l.mu.Lock()
		if l.real != nil {
			l.real.Close()
		}
		l.mu.Unlock()
		l.forward.Wait()
		for {
			select {
			case conn := <-l.queue:
				conn.Close()
				continue
			default:
			}
			break
		}
		err = nil
	})
	return err
}

// Addr returns the address that the listener was made for.
func (l *listener) Addr() net.Addr { return l.addr }

// socket returns a loopback socket whose connections come to this listener.
func (l *listener) socket() (net.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real != nil {
		return l.real, nil
	}
	select {
	case <-l.done:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	default:
	}
	real, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.real = real
	l.forward.Go(func() {
		for {
			conn, err := real.Accept()
			if err != nil {
				return
			}
			if l.deliver(context.Background(), conn) != nil {
				conn.Close()
			}
		}
	})
	return real, nil
}
