package memnet

// This file is the way to a TCP connection: who listens, and who dials.

import (
	"context"
	"net"
	"sync"
	"syscall"
)

// maxBacklog is how many connections wait for Accept at most, as many as Linux has by default.
const maxBacklog = 4096

// Listener is a [net.Listener] in memory. Its address is a name only: it is reached by its own method
// Dial, and any number of listeners may have the same address.
type Listener struct {
	addr net.Addr

	mu      sync.Mutex
	arrived sync.Cond     // broadcast to Accept
	backlog []*Conn       // oldest first
	room    chan struct{} // closed to wake every Dial that waits for room; nil if none does
	closed  bool
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a listener that has the given address. It holds no resources: Close is for the sake of
// those who wait.
func Listen(addr net.Addr) *Listener {
	l := &Listener{addr: addr}
	l.arrived.L = &l.mu
	return l
}

// Addr returns the address that was given to [Listen].
func (l *Listener) Addr() net.Addr { return l.addr }

// Dial connects to the listener from the given address, and returns a [*Conn]. Like a kernel it does
// not wait for Accept, but only for room in the backlog, which holds 4096 connections.
//
// After Close it fails with ECONNREFUSED. When ctx ends first, it fails as the Dial of a [net.Dialer]
// does: with an error whose Timeout method tells whether that was because of its deadline, and that
// wraps ctx.Err().
func (l *Listener) Dial(ctx context.Context, from net.Addr) (net.Conn, error) {
	for {
		room, conn, err := l.connect(ctx, from)
		if err != nil {
			return nil, opError("dial", "tcp", nil, l.addr, err)
		}
		if conn != nil {
			return conn, nil
		}
		select {
		case <-room:
		case <-ctx.Done():
		}
	}
}

// connect is Dial without waiting: without conn and error, it returns what to wait for.
func (l *Listener) connect(ctx context.Context, from net.Addr) (room <-chan struct{}, conn *Conn, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, nil, dialError{ctx.Err()}
	case l.closed:
		return nil, nil, syscall.ECONNREFUSED
	case len(l.backlog) == maxBacklog:
		if l.room == nil {
			l.room = make(chan struct{})
		}
		return l.room, nil, nil
	}
	client, server := Pipe(from, l.addr)
	l.backlog = append(l.backlog, server)
	l.arrived.Signal()
	return nil, client, nil
}

// Accept waits for a connection and returns it, a [*Conn]; the oldest first. After Close it fails with
// [net.ErrClosed].
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

// Close refuses all who dial from now on, resets the connections that were not accepted yet, and wakes
// Accept.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.opError("close")
	}
	l.closed = true
	for _, conn := range l.backlog {
		conn.SetLinger(0)
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

// dialError is the end of a context, as package net words it.
type dialError struct{ cause error }

func (e dialError) Error() string {
	if e.Timeout() {
		return "i/o timeout"
	}
	return "operation was canceled"
}

func (e dialError) Timeout() bool   { return e.cause == context.DeadlineExceeded }
func (e dialError) Temporary() bool { return e.Timeout() }
func (e dialError) Unwrap() error   { return e.cause }
