package mxmock

// The resolvers in memory: one for code under test, and one whose questions leave no trace.

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// resolver4 is the address of the DNS, as code under test sees it.
func resolver4() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 53}), 53)
}

// Resolver returns a resolver that asks only this internet, in memory. Like every [net.Resolver],
// it consults /etc/hosts first when it looks up addresses, and follows the search list and the
// number of attempts in /etc/resolv.conf, so a question may come more than once, and with a suffix.
//
// Its errors name the name server of /etc/resolv.conf, as in "lookup qq.com on 10.0.0.1:53", since
// package net records which server it intends to ask before it calls the resolver's Dial. Nothing
// is sent there.
//
// Other DNS packages can ask 192.0.2.53:53 by [Internet.DialContext], over "udp" and "tcp". A
// package that treats every connection as TCP unless it is a *[net.UDPConn], as
// codeberg.org/miekg/dns does, needs the real sockets of [Internet.ListenDNS].
func (n *Internet) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return n.dialDNS(ctx, network, nil, dnsPort{n, zone.Recursive, resolver4(), true})
	}}
}

// dialDNS connects to the DNS, from a host or from the code under test.
func (n *Internet) dialDNS(ctx context.Context, network string, from *Host, p dnsPort) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(p.server), Err: err}
	}
	if err := n.ready(); err != nil {
		return fail(err)
	}
	if ctx.Err() != nil {
		return fail(memnet.ContextError(ctx))
	}
	client, err := n.source(from, p.server.Addr())
	if err != nil {
		return fail(err)
	}
	if strings.HasPrefix(network, "udp") {
		return p.datagram(client), nil
	}
	near, far := memnet.Pipe(client, net.TCPAddrFromAddrPort(p.server))
	p.serveStream(far, client.AddrPort())
	return near, nil
}

// datagram returns a UDP socket that is connected to the DNS.
func (p dnsPort) datagram(client *net.TCPAddr) net.Conn {
	from := client.AddrPort()
	var conn *memnet.PacketConn
	conn = memnet.Datagram(net.UDPAddrFromAddrPort(from), net.UDPAddrFromAddrPort(p.server), func(packet []byte, send func([]byte)) {
		switch r := p.serve(packet, true, from); {
		case r.end:
			conn.Refuse()
		case r.packet == nil:
		case r.delay > 0:
			time.AfterFunc(r.delay, func() { send(r.packet) })
		default:
			send(r.packet)
		}
	})
	return conn
}

// ready returns an error if the internet can't be used here.
func (n *Internet) ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.settle()
	switch {
	case n.closed:
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	case n.made != bubble.Here():
		return errOtherBubble
	}
	return nil
}

// UseAsDefault makes the internet's resolver [net.DefaultResolver] until the end of the test, for code under test
// that can't be given a resolver. It covers only the look-ups of package net, including those of [net.LookupMX] and
// [net.Dial]. It does not cover packages that read /etc/resolv.conf themselves, nor cgo. It only resolves names:
// connections to the addresses are real, and follow the machine's routes; [Internet.ListenHosts] can put hosts
// there.
//
// Clients that use DANE (RFC 7672) must know whether an answer is authentic, which package net does
// not report. They ask by themselves, at the address of [Internet.ListenDNS]. Those that use the
// resolver of libc need "options trust-ad" in resolv.conf, which [Internet.ResolvConf] writes.
//
// Since the default resolver is shared by the whole process, UseAsDefault panics in a parallel
// test, as [testing.T.Setenv] does. Code under test must not look up names any more when the test ends: that would be a
// data race, since the variable then gets its old value.
func (n *Internet) UseAsDefault(tb testing.TB) {
	tb.Helper()
	mustBeAlone(tb)
	old := net.DefaultResolver
	net.DefaultResolver = n.Resolver()
	tb.Cleanup(func() { net.DefaultResolver = old })
}

// mustBeAlone panics if the test is parallel.
func mustBeAlone(tb testing.TB) {
	defer func() {
		if recover() != nil {
			panic("mxmock: UseAsDefault can't be used in a parallel test, since the default resolver is that of all tests")
		}
	}()
	tb.Setenv("MXMOCK_DEFAULT_RESOLVER", "1") // panics in parallel tests
}

// TrueResolver returns a resolver for code beside the test, such as a page that shows the journal. It answers with
// the records of the internet, and ignores faults and rules. Its questions are not in the journal, and rules do not
// count them. It also answers after [Internet.Close].
func (n *Internet) TrueResolver() *net.Resolver {
	client, server := netip.AddrPortFrom(client4(), 53), resolver4()
	return &net.Resolver{PreferGo: true, Dial: func(_ context.Context, network, _ string) (net.Conn, error) {
		if strings.HasPrefix(network, "udp") {
			return memnet.Datagram(net.UDPAddrFromAddrPort(client), net.UDPAddrFromAddrPort(server), func(packet []byte, send func([]byte)) {
				if r, ok := n.db.Reply(packet, true, zone.Recursive); ok {
					send(r.Packet)
				}
			}), nil
		}
		near, far := memnet.Pipe(net.TCPAddrFromAddrPort(client), net.TCPAddrFromAddrPort(server))
		go n.answerAside(far)
		return near, nil
	}}
}

// answerAside answers the questions that come over a TCP connection until the client closes it.
func (n *Internet) answerAside(conn net.Conn) {
	defer conn.Close()
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		packet := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, packet); err != nil {
			return
		}
		r, ok := n.db.Reply(packet, false, zone.Recursive)
		if !ok {
			return
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(r.Packet))), r.Packet...)); err != nil {
			return
		}
	}
}
