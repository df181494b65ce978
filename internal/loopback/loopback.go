// Package loopback opens TCP listeners on free ports of the loopback interface, quickly, for
// servers that live as long as one test.
//
// It tries random ports first. If the kernel chooses the port, that costs 8 µs on Linux at first, and a millisecond
// when 20,000 connections are in TIME_WAIT, as after that many short tests, because the kernel tries all ports that
// have one.
package loopback

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
)

// The ports for any temporary use (RFC 6335 §6).
const (
	firstPort = 49152
	lastPort  = 65535
)

// attempts is the number of ports that are tried before the kernel is asked for one.
const attempts = 8

// Listen listens on a TCP port of a loopback address, or on a free port if the port is 0. The error is that of
// [net.ListenConfig.Listen].
//
// When Close of the listener returns, nothing listens on the port any more (on Linux and Windows). The connections
// have no keep-alive, which would take four system calls and has no use between two ends in one process, and no
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
			// Use odd ports only, since Linux prefers even ones for clients.
			if l, err := listen(firstPort + 1 + 2*rand.N[uint16]((lastPort-firstPort+1)/2)); err == nil {
				return l, nil
			}
		}
	}
	return listen(at.Port())
}

// listener is a listener whose Close ends the listening. Closing the socket is not enough: a process that another
// goroutine is just starting also has the socket, until its program begins, and the kernel would continue to accept
// connections.
type listener struct {
	*net.TCPListener
	closed atomic.Bool
}

// Accept returns [net.ErrClosed] after Close, whatever the error of the socket is.
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
