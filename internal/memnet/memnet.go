// Package memnet is a network in memory whose connections behave as those of a kernel do, so that
// code under test cannot tell the difference: [Pipe] and [Listener] make TCP connections, [Datagram]
// makes connected UDP sockets.
//
// Where kernels differ, memnet does what Linux does; the package's tests run the same scenarios on
// both and compare every result and every error text. Errors are [*net.OpError] values around an errno
// of package syscall (the same constants on every platform, Windows included), [os.ErrDeadlineExceeded],
// or [net.ErrClosed].
//
// Everything works inside a testing/synctest bubble: operations block on condition variables and channels only, and
// deadlines follow the bubble's clock. A timer runs only while an operation waits for a deadline, so nothing is
// left behind after Close. As with everything that has channels or timers, both ends of a connection must be in the
// same bubble, or both outside.
//
// All methods may be called from several goroutines at once.
package memnet

import (
	"net"
	"os"
	"syscall"
)

// opError returns err in the form in which package net reports the failure of an operation. For an errno, that
// includes the name of the system call.
func opError(op, network string, source, addr net.Addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(systemCall(op), errno)
	}
	return &net.OpError{Op: op, Net: network, Source: source, Addr: addr, Err: err}
}

// systemCall returns the name of the system call of an operation of package net.
func systemCall(op string) string {
	switch op {
	case "dial":
		return "connect"
	case "close":
		return "shutdown"
	}
	return op
}
