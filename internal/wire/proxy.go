package wire

// The PROXY protocol, versions 1 and 2, by which a load balancer says who the client is before the first command.

import (
	"bufio"
	"bytes"
	"net"
	"net/netip"

	"github.com/pires/go-proxyproto"
)

// readProxyHeader reads the header with which every connection must begin. Without a header the connection ends: a
// client that could omit it could pretend to be anybody.
func (c *Conn) readProxyHeader() error {
	r := bufio.NewReaderSize(c.conn, maxProxyHeader)
	awaitProxyLine(r)
	h, err := proxyproto.Read(r)
	if err != nil {
		return c.noProxyHeader(err)
	}
	rest, _ := r.Peek(r.Buffered())
	if len(rest) > 0 {
		if c.cfg.Implicit && c.given == nil {
			c.conn = &prefixed{Conn: c.raw, head: bytes.Clone(rest)}
		} else {
			c.in.putBack(rest)
		}
	}
	if addr, ok := h.SourceAddr.(*net.TCPAddr); ok && !h.Command.IsLocal() {
		a := addr.AddrPort()
		c.client = &Identity{Addr: netip.AddrPortFrom(a.Addr().Unmap(), a.Port())}
	}
	return nil
}

// noProxyHeader returns the Ending of a connection without a valid header.
func (c *Conn) noProxyHeader(err error) Ending {
	end := c.broken(ReadFailed, err)
	if end.Kind == ReadFailed {
		end.Kind = ProxyFailed
	}
	return end
}

// awaitProxyLine waits until a header of version 1 has been received in full, because go-proxyproto refuses one that
// comes in more than one packet.
func awaitProxyLine(r *bufio.Reader) {
	for n := 1; n <= maxProxyLine; n++ {
		if p, err := r.Peek(n); err != nil || p[0] != 'P' || p[n-1] == '\n' {
			return
		}
	}
}

// maxProxyLine is the length of the longest header of version 1.
const maxProxyLine = 107

// maxProxyHeader is the size of the buffer for a header, and so the length of the longest header of version 2 that is
// accepted.
const maxProxyHeader = 4 << 10

// prefixed is a connection whose first bytes, head, have been read already.
type prefixed struct {
	net.Conn
	head []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
