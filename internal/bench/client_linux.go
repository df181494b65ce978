package main

// Connections that use system calls alone, without Go's poller and scheduler.

import (
	"fmt"
	"io"
	"net/netip"
	"syscall"
	"unsafe"
)

// rawConn is a blocking socket.
type rawConn int

// dialRaw connects to an address.
func dialRaw(addr string) (connection, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("no delay: %w", err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		syscall.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return rawConn(fd), nil
}

func (c rawConn) Read(p []byte) (int, error)  { return c.call(syscall.SYS_READ, p) }
func (c rawConn) Write(p []byte) (int, error) { return c.all(p) }
func (c rawConn) Close() error                { return syscall.Close(int(c)) }

// all writes all of p.
func (c rawConn) all(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := c.call(syscall.SYS_WRITE, p[done:])
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// call makes a system call without telling the scheduler.
func (c rawConn) call(number uintptr, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(number, uintptr(c), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch {
		case errno == syscall.EINTR:
			continue
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		}
		return int(n), nil
	}
}

// serveRaw accepts one connection after the other, by system calls alone, and sends back each byte until the connection
// ends. It returns its address and a func that stops it.
func serveRaw() (addr string, stop func(), err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("socket: %w", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", nil, fmt.Errorf("bind: %w", err)
	}
	if err := syscall.Listen(fd, 128); err != nil {
		return "", nil, fmt.Errorf("listen: %w", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		return "", nil, fmt.Errorf("address: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var b [1]byte
		for {
			conn, _, err := syscall.Accept4(fd, syscall.SOCK_CLOEXEC)
			if err != nil {
				return
			}
			for c := rawConn(conn); ; {
				if _, err := c.Read(b[:]); err != nil {
					break
				}
				if _, err := c.Write(b[:]); err != nil {
					break
				}
			}
			syscall.Close(conn)
		}
	}()
	stop = func() {
		syscall.Shutdown(fd, syscall.SHUT_RDWR)
		<-ended
		syscall.Close(fd)
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port), stop, nil
}
