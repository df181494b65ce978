// Package loopback opens TCP listeners on free ports of the loopback interface, quickly, for
// servers that live as long as one test.
//
// To leave the choice of the port to the kernel costs 8 µs on Linux at first, and a millisecond
// when 20,000 connections are in TIME_WAIT, as after so many short tests: it tries all ports that
// have one. So a port is tried by chance first.
package loopback

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
)

// The ports that anybody may use for a short time (RFC 6335 §6).
const (
	firstPort = 49152
	lastPort  = 65535
)

// attempts is how many ports are tried before the kernel is asked for one.
const attempts = 8

// Listen listens on a TCP port of a loopback address, on a free one if the port is 0. The error is that of
// [net.ListenConfig.Listen].
//
// When its Close returns, nobody listens there any more (on Linux and Windows). The connections
// have no keep-alive, whose four system calls are wasted between two ends of one process, and no
// Multipath TCP.
func Listen(at netip.AddrPort) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	listen := func(port uint16) (net.Listener, error) {
		l, err := config.Listen(context.Background(), "tcp", netip.AddrPortFrom(at.Addr(), port).String())
		if err != nil {
			return nil, err
		}
		return &listener{TCPListener: l.(*net.TCPListener)}, nil
	}
	if at.Port() == 0 {
		for range attempts {
			// Odd ports only: Linux prefers even ones for clients, so that the two do not get into
			// each other's way.
			if l, err := listen(firstPort + 1 + 2*rand.N[uint16]((lastPort-firstPort+1)/2)); err == nil {
				return l, nil
			}
		}
	}
	return listen(at.Port())
}

// listener is a listener that is not listening any more when it is closed. To close the socket is
// not enough: a process that another goroutine is just starting has it too, until its program
// begins, and the kernel would go on to accept connections.
type listener struct {
	*net.TCPListener
	closed atomic.Bool
}

// Accept returns [net.ErrClosed] once Close was called, whatever the socket says then.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if err != nil && l.closed.Load() {
		err = &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
	return conn, err
}

func (l *listener) Close() error {
	l.closed.Store(true)
	if raw, err := l.SyscallConn(); err == nil {
		raw.Control(stopListening)
	}
	return l.TCPListener.Close()
}
