package memnet

// Listening for TCP connections, and dialing.

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
)

// maxBacklog is the maximum number of connections that wait for Accept, which is the default of Linux.
const maxBacklog = 4096

// Listener is a [net.Listener] in memory. Clients reach it by its own method Dial. Its address is only a name, and
// any number of listeners may have the same one.
type Listener struct {
	addr net.Addr

	mu      sync.Mutex
	arrived sync.Cond     // broadcast to Accept
	backlog []net.Conn    // oldest first
	room    chan struct{} // closed to wake every Dial that waits for room; nil if none does
	closed  bool
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a listener with the given address. It holds no resources; Close only ends calls that wait.
func Listen(addr net.Addr) *Listener {
	l := &Listener{addr: addr}
	l.arrived.L = &l.mu
	return l
}

// Addr returns the address that was given to [Listen].
func (l *Listener) Addr() net.Addr { return l.addr }

// Dial connects to the listener from the given address, and returns a [*Conn]. Like a kernel, it does not wait for
// Accept, but only for room in the backlog, which holds 4096 connections.
//
// After Close it fails with ECONNREFUSED. When ctx ends first, it fails as the Dial of a [net.Dialer]
// does, with [ContextError].
func (l *Listener) Dial(ctx context.Context, from net.Addr) (net.Conn, error) {
	client, server := Pipe(from, l.addr)
	if err := l.Deliver(ctx, server); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: l.addr, Err: err}
	}
	return client, nil
}

// Deliver puts a connection into the backlog that Dial has not made. Its errors are those inside the [net.OpError]
// of Dial.
func (l *Listener) Deliver(ctx context.Context, conn net.Conn) error {
	for {
		room, err := l.deliver(ctx, conn)
		if room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
		}
	}
}

// deliver is Deliver without waiting. If there is no room, it returns a channel to wait for.
func (l *Listener) deliver(ctx context.Context, conn net.Conn) (room <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, ContextError(ctx)
	case l.closed:
		return nil, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case len(l.backlog) == maxBacklog:
		if l.room == nil {
			l.room = make(chan struct{})
		}
		return l.room, nil
	}
	l.backlog = append(l.backlog, conn)
	l.arrived.Signal()
	return nil, nil
}

// Accept waits for a connection and returns it, the oldest first. The connection is a [*Conn] if Dial made it.
// After Close, Accept fails with [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.backlog) == 0 {
		if l.closed {
			return nil, l.opError("accept")
		}
		l.arrived.Wait()
	}
	conn := l.backlog[0]
	l.backlog[0] = nil
	l.backlog = l.backlog[1:]
	l.makeRoom()
	return conn, nil
}

// Close makes later calls of Dial fail, resets the connections that were not accepted yet, and wakes Accept.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.opError("close")
	}
	l.closed = true
	for _, conn := range l.backlog {
		if c, ok := conn.(interface{ SetLinger(int) error }); ok {
			c.SetLinger(0) // a reset
		}
		conn.Close()
	}
	l.backlog = nil
	l.arrived.Broadcast()
	l.makeRoom()
	return nil
}

// makeRoom wakes every Dial that waits.
func (l *Listener) makeRoom() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

// opError returns the error of an operation on a closed listener.
func (l *Listener) opError(op string) error {
	return opError(op, "tcp", nil, l.addr, net.ErrClosed)
}
