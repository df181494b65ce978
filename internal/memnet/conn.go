package memnet

// TCP connections: their two ends, and the two ways to end them.

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is one end of a TCP connection in memory.
//
// # Buffers
//
// Each direction holds 256 KiB. A Write that finds no room waits for the reader at the other end. Written bytes are
// at the other end at once. One Write is contiguous in the stream, even among concurrent ones. An idle Conn has no
// buffer.
//
// # Endings
//
// Close ends the connection in order, with a FIN: the other end reads the remaining bytes, and then [io.EOF]. If
// received bytes are unread, or after SetLinger(0), Close aborts the connection with an RST: reads at the other end
// return the received bytes, then ECONNRESET once, and then io.EOF; writes return ECONNRESET if that has not been
// reported yet, and then EPIPE.
//
// After an orderly Close, the first Write of the other end succeeds, although the bytes are lost, and is answered
// with an RST. Later ones return EPIPE, while reads return io.EOF as before.
type Conn struct {
	mu            *sync.Mutex // guards both ends
	peer          *Conn
	local, remote net.Addr

	changed sync.Cond // broadcast to those who wait at this end
	in      ring      // received and unread
	dst     []byte    // the buffer of a waiting Read, so that in needs no memory; nil if none waits
	filled  int       // how much of dst the peer has filled; dst takes one fill only

	readBy, writeBy deadline
	errno           syscall.Errno // the pending error, which the next Read or Write reports

	writing    bool // a Write waits in the middle of its bytes
	finSent    bool // by CloseWrite or Close
	readClosed bool // by CloseRead
	abortive   bool // by SetLinger(0): Close sends an RST
	dead       bool // an RST came
	closed     bool

	deserted func() bool // see Forward; or nil
}

var _ net.Conn = (*Conn)(nil)

// Pipe returns the two ends of a connection. The first has the local address a and the remote address
// b, the second the reverse.
func Pipe(a, b net.Addr) (*Conn, *Conn) {
	var link struct {
		mu   sync.Mutex
		ends [2]Conn
	}
	p, q := &link.ends[0], &link.ends[1]
	p.mu, p.peer, p.local, p.remote, p.changed.L = &link.mu, q, a, b, &link.mu
	q.mu, q.peer, q.local, q.remote, q.changed.L = &link.mu, p, b, a, &link.mu
	return p, q
}

// LocalAddr returns the address of this end.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Read reads what has arrived, and waits only if nothing has.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.read(p)
	if err != nil && err != io.EOF {
		err = c.opError("read", err)
	}
	return n, err
}

func (c *Conn) read(p []byte) (n int, err error) {
	for waited := false; ; waited = true {
		n, err = c.receive(p)
		if n > 0 || err != nil || len(p) == 0 {
			if waited {
				c.changed.Broadcast()
			}
			return n, err
		}
		mine := c.dst == nil // otherwise an earlier Read waits
		if mine {
			c.dst = p
		}
		c.readBy.wait(&c.changed)
		if mine {
			n, c.dst, c.filled = c.filled, nil, 0
		}
		if n > 0 {
			c.changed.Broadcast()
			return n + c.take(p[n:]), nil
		}
	}
}

// receive is Read without waiting. If it returns neither bytes nor an error, there is nothing to read yet.
func (c *Conn) receive(p []byte) (int, error) {
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(p) == 0:
		return 0, nil
	case c.readBy.passed():
		return 0, os.ErrDeadlineExceeded
	case c.in.n > 0:
		return c.take(p), nil
	case c.peer.finSent:
		return 0, io.EOF
	case c.errno != 0:
		return 0, c.takeErrno()
	case c.readClosed || c.dead:
		return 0, io.EOF
	}
	return 0, nil
}

// take moves received bytes to p. It wakes a Write that waits only when there is enough room.
func (c *Conn) take(p []byte) int {
	n := c.in.read(p)
	if c.peer.writing && c.in.n <= ringMax/2 {
		c.peer.changed.Broadcast()
	}
	return n
}

// takeErrno takes the pending error, which is reported once.
func (c *Conn) takeErrno() error {
	errno := c.errno
	c.errno = 0
	return errno
}

// Write passes p to the other end, and waits only for room. If it fails, it returns the number of bytes of p that
// are at the other end.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.write(p)
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

func (c *Conn) write(p []byte) (n int, err error) {
	mine, waited := false, false
	for {
		if err = c.sendable(); err != nil {
			break
		}
		if mine || !c.writing {
			n += c.send(p[n:])
			if n == len(p) {
				break
			}
			if c.dead {
				continue
			}
			mine, c.writing = true, true
		}
		c.writeBy.wait(&c.changed)
		waited = true
	}
	if mine {
		c.writing = false
	}
	if waited {
		c.changed.Broadcast()
	}
	return n, err
}

// sendable returns an error if nothing can be sent.
func (c *Conn) sendable() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.writeBy.passed():
		return os.ErrDeadlineExceeded
	case c.errno != 0:
		return c.takeErrno()
	case c.finSent || c.dead:
		return syscall.EPIPE
	}
	return nil
}

// send passes as much of p to the peer as it has room for, and returns the number of bytes. A peer that is closed
// answers with an RST, when it is too late for this call to fail.
func (c *Conn) send(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	to := c.peer
	if to.closed || to.readClosed && to.finSent {
		to.kill()
		c.kill()
		return min(len(p), ringMax)
	}
	n := 0
	if to.dst != nil && to.filled == 0 {
		n = copy(to.dst, p)
		to.filled = n
	}
	n += to.in.write(p[n:])
	if n > 0 {
		to.changed.Broadcast()
	}
	return n
}

// kill handles the arrival of an RST. The pending error depends on the state of the connection.
func (c *Conn) kill() {
	if c.dead {
		return
	}
	c.dead = true
	switch {
	case !c.peer.finSent:
		c.errno = syscall.ECONNRESET
	case !c.finSent:
		c.errno = syscall.EPIPE
	}
	c.changed.Broadcast()
}

// Close ends the connection, see [Conn]. Operations that wait at this end fail with [net.ErrClosed].
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("close", net.ErrClosed)
	}
	c.closed = true
	c.changed.Broadcast()
	switch {
	case c.dead:
	case c.abortive || c.in.n > 0:
		c.peer.kill()
	default:
		c.finSent = true
		c.peer.changed.Broadcast()
	}
	c.in = ring{}
	return nil
}

// CloseWrite sends a FIN: the other end reads what was written, then [io.EOF]. This end can still read.
// After an RST it fails with ENOTCONN.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.shutdown(); err != nil {
		return err
	}
	c.finSent = true
	c.changed.Broadcast()
	c.peer.changed.Broadcast()
	return nil
}

// CloseRead makes reads at this end give [io.EOF] instead of waiting. The other end does not notice.
// After an RST it fails with ENOTCONN.
func (c *Conn) CloseRead() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.shutdown(); err != nil {
		return err
	}
	c.readClosed = true
	c.changed.Broadcast()
	return nil
}

// shutdown returns an error if neither direction can be closed.
func (c *Conn) shutdown() error {
	switch {
	case c.closed:
		return c.opError("close", net.ErrClosed)
	case c.dead:
		return c.opError("close", syscall.ENOTCONN)
	}
	return nil
}

// PeerClosed reports whether a FIN or an RST has come, though the bytes before it may be unread, or whether this end is closed.
// It also reports true if the other end belongs to a proxy whose client has gone; see Forward.
func (c *Conn) PeerClosed() bool {
	c.mu.Lock()
	closed, deserted := c.peer.finSent || c.dead || c.closed, c.peer.deserted
	c.mu.Unlock()
	return closed || deserted != nil && deserted()
}

// Forward says that this end belongs to a proxy, which forwards to it what a client sends. The function deserted reports whether
// the client has gone, though the proxy may not have noticed yet.
func (c *Conn) Forward(deserted func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deserted = deserted
}

// SetLinger makes Close abort the connection with an RST if sec is 0. With any other value, Close ends it in order,
// which takes no time in memory.
func (c *Conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.opError("set", net.ErrClosed)
	}
	c.abortive = sec == 0
	return nil
}

// SetDeadline sets the deadline of reads and writes. Zero means none.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy, &c.writeBy) }

// SetReadDeadline sets the deadline of reads, those that wait included. Zero means none.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy) }

// SetWriteDeadline sets the deadline of writes, those that wait included. Zero means none.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeBy) }

func (c *Conn) setDeadlines(t time.Time, deadlines ...*deadline) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return opError("set", "tcp", nil, c.local, net.ErrClosed)
	}
	for _, d := range deadlines {
		d.at = t
	}
	c.changed.Broadcast()
	return nil
}

func (c *Conn) opError(op string, err error) error {
	return opError(op, "tcp", c.local, c.remote, err)
}
