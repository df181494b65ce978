package mxmock

// The resolver for onlookers, whose questions leave no trace.

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// TrueResolver returns a resolver for code beside the test, such as a page that shows what happened. It answers with
// the records of the internet, whatever faults and rules are in force. Its questions are not in the journal, and no
// rule counts them. It answers after [Internet.Close], too.
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
