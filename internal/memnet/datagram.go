package memnet

// UDP: the socket of a client, whose packets a function answers.

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	maxPacket  = 65507 // the payload of the largest UDP datagram over IPv4
	maxPackets = 256   // the most packets that wait for Read
)

// PacketConn is the client's end of a connected UDP socket in memory. It is a [net.Conn], and also a
// [net.PacketConn], since the resolver of package net checks for that before it speaks DNS over UDP.
//
// Packets that arrive while 256 wait are lost. A Read into a buffer that is too short truncates the
// packet.
type PacketConn struct {
	local, remote net.Addr
	deliver       func(packet []byte, reply func([]byte))
	reply         func([]byte) // the method receive, made into a value once

	mu      sync.Mutex
	changed sync.Cond // broadcast to those who wait in Read
	queue   [][]byte  // received and unread

	readBy, writeBy deadline

	refused bool // the pending error, which the next Read or Write reports
	closed  bool
}

var (
	_ net.Conn       = (*PacketConn)(nil)
	_ net.PacketConn = (*PacketConn)(nil)
)

// Datagram returns a socket that is bound to the address local and connected to remote.
//
// Each Write calls deliver, in its own goroutine, with a copy of the packet and a function that sends a
// packet back, of which it takes a copy. That function never waits; it may be called at once or later,
// from any goroutine and any number of times. After Close, and with more than 65507 bytes, it does
// nothing.
func Datagram(local, remote net.Addr, deliver func(packet []byte, reply func([]byte))) *PacketConn {
	c := &PacketConn{local: local, remote: remote, deliver: deliver}
	c.changed.L = &c.mu
	c.reply = c.receive
	return c
}

// LocalAddr returns the address of this socket.
func (c *PacketConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other side.
func (c *PacketConn) RemoteAddr() net.Addr { return c.remote }

// Write sends the packet p, of at most 65507 bytes, or else fails with EMSGSIZE. A packet may be empty.
func (c *PacketConn) Write(p []byte) (int, error) {
	if err := c.sendable(p); err != nil {
		return 0, c.opError("write", err)
	}
	c.deliver(append([]byte(nil), p...), c.reply)
	return len(p), nil
}

// sendable returns an error if p cannot be sent.
func (c *PacketConn) sendable(p []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeBy.passed():
		return os.ErrDeadlineExceeded
	case len(p) > maxPacket:
		return syscall.EMSGSIZE
	case c.refused:
		c.refused = false
		return syscall.ECONNREFUSED
	}
	return nil
}

// WriteTo fails with [net.ErrWriteToConnected], as for every connected socket.
func (c *PacketConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	return 0, opError("write", "udp", c.local, addr, net.ErrWriteToConnected)
}

// Read waits for a packet and reads as much of it as fits into p. The rest is lost.
func (c *PacketConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for waited := false; ; waited = true {
		n, done, err := c.take(p)
		if !done {
			c.readBy.wait(&c.changed)
			continue
		}
		if waited {
			c.changed.Broadcast()
		}
		if err != nil {
			err = c.opError("read", err)
		}
		return n, err
	}
}

// take is Read without waiting.
func (c *PacketConn) take(p []byte) (n int, done bool, err error) {
	switch {
	case c.closed:
		return 0, true, net.ErrClosed
	case c.readBy.passed():
		return 0, true, os.ErrDeadlineExceeded
	case c.refused:
		c.refused = false
		return 0, true, syscall.ECONNREFUSED
	case len(c.queue) > 0:
		n = copy(p, c.queue[0])
		c.queue[0] = nil
		c.queue = c.queue[1:]
		return n, true, nil
	}
	return 0, false, nil
}

// ReadFrom is Read; the address that it returns is that of the other side.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, err := c.Read(p)
	if err != nil {
		return 0, nil, err
	}
	return n, c.remote, nil
}

// receive handles the arrival of a packet.
func (c *PacketConn) receive(packet []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(packet) > maxPacket || len(c.queue) == maxPackets {
		return
	}
	c.queue = append(c.queue, append([]byte(nil), packet...))
	c.changed.Broadcast()
}

// Refuse simulates the arrival of the ICMP message that the remote port is unreachable. The next Read or Write
// fails with ECONNREFUSED, once. Packets that wait can be read after that.
func (c *PacketConn) Refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = true
	c.changed.Broadcast()
}

// Close closes the socket. Reads that wait fail with [net.ErrClosed].
func (c *PacketConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	c.queue = nil
	c.changed.Broadcast()
	return nil
}

// SetDeadline sets the deadline of reads and writes. Zero means none.
func (c *PacketConn) SetDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy, &c.writeBy) }

// SetReadDeadline sets the deadline of reads, those that wait included. Zero means none.
func (c *PacketConn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy) }

// SetWriteDeadline sets the deadline of writes, which never wait. Zero means none.
func (c *PacketConn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeBy) }

func (c *PacketConn) setDeadlines(t time.Time, deadlines ...*deadline) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return opError("set", "udp", nil, c.local, net.ErrClosed)
	}
	for _, d := range deadlines {
		d.at = t
	}
	c.changed.Broadcast()
	return nil
}

func (c *PacketConn) opError(op string, err error) error {
	return opError(op, "udp", c.local, c.remote, err)
}
