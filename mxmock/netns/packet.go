package netns

// Packets of IP: what is read out of those that programs send, and the few that are made here.

import (
	"encoding/binary"
	"net/netip"
)

// The protocols (RFC 5237), and the flags of TCP (RFC 9293 §3.1).
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58

	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// flow is who talks to whom.
type flow struct {
	client, server netip.AddrPort
}

// packet is a packet of TCP or UDP.
type packet struct {
	flow
	raw      []byte // all of it
	protocol byte
	segment  []byte // from the header of the protocol on
}

// parse reads a packet. It is not ok if it is none of TCP or UDP, or a fragment of one.
func parse(raw []byte) (p packet, ok bool) {
	p.raw = raw
	var from, to netip.Addr
	switch {
	case len(raw) >= 20 && raw[0]>>4 == 4:
		begin, end := int(raw[0]&15)*4, int(binary.BigEndian.Uint16(raw[2:]))
		fragment := binary.BigEndian.Uint16(raw[6:])&0x3fff != 0
		if fragment || begin < 20 || end < begin || end > len(raw) {
			return p, false
		}
		p.protocol, p.segment = raw[9], raw[begin:end]
		from, to = netip.AddrFrom4([4]byte(raw[12:])), netip.AddrFrom4([4]byte(raw[16:]))
	case len(raw) >= 40 && raw[0]>>4 == 6:
		end := 40 + int(binary.BigEndian.Uint16(raw[4:]))
		if end > len(raw) {
			return p, false
		}
		p.protocol, p.segment = raw[6], raw[40:end]
		from, to = netip.AddrFrom16([16]byte(raw[8:])), netip.AddrFrom16([16]byte(raw[24:]))
	default:
		return p, false
	}
	if p.protocol == protoTCP && len(p.segment) < 20 || p.protocol != protoTCP && (p.protocol != protoUDP || len(p.segment) < 8) {
		return p, false
	}
	p.client = netip.AddrPortFrom(from, binary.BigEndian.Uint16(p.segment))
	p.server = netip.AddrPortFrom(to, binary.BigEndian.Uint16(p.segment[2:]))
	return p, true
}

// connects reports whether the packet is the first of a connection, a SYN.
func (p packet) connects() bool {
	return p.protocol == protoTCP && p.segment[13]&(flagSYN|flagACK|flagRST) == flagSYN
}

// sequence is the sequence number of a TCP segment.
func (p packet) sequence() uint32 { return binary.BigEndian.Uint32(p.segment[4:]) }

// refusal returns the RST that answers a SYN where nobody listens (RFC 9293 §3.5.2).
func (p packet) refusal() []byte {
	s := make([]byte, 20)
	binary.BigEndian.PutUint16(s, p.server.Port())
	binary.BigEndian.PutUint16(s[2:], p.client.Port())
	binary.BigEndian.PutUint32(s[8:], p.sequence()+1)
	s[12], s[13] = 5<<4, flagRST|flagACK
	return assemble(protoTCP, p.server.Addr(), p.client.Addr(), s, 16)
}

// unreachable returns the ICMP message that the host of a packet, or else its port, can't be reached
// (RFC 792, RFC 4443 §3.1).
func (p packet) unreachable(port bool) []byte {
	const most = 548 // of the packet, which all hosts take
	protocol, code := byte(protoICMP), [2]byte{3, 1}
	switch v6 := p.server.Addr().Is6(); {
	case v6 && port:
		protocol, code = protoICMPv6, [2]byte{1, 4}
	case v6:
		protocol, code = protoICMPv6, [2]byte{1, 3}
	case port:
		code[1] = 3
	}
	s := append([]byte{code[0], code[1], 0, 0, 0, 0, 0, 0}, p.raw[:min(len(p.raw), most)]...)
	return assemble(protocol, p.server.Addr(), p.client.Addr(), s, 2)
}

// reply returns a datagram of UDP from the server to the client, and nil if the text is too long for one.
func (f flow) reply(text []byte) []byte {
	const header, most = 8, 65535 - 20
	if header+len(text) > most {
		return nil
	}
	s := make([]byte, header, header+len(text))
	binary.BigEndian.PutUint16(s, f.server.Port())
	binary.BigEndian.PutUint16(s[2:], f.client.Port())
	binary.BigEndian.PutUint16(s[4:], uint16(header+len(text)))
	return assemble(protoUDP, f.server.Addr(), f.client.Addr(), append(s, text...), 6)
}

// assemble puts the header of IP before a segment, and the checksum into it, at the given offset.
func assemble(protocol byte, from, to netip.Addr, segment []byte, at int) []byte {
	var head []byte
	if from.Is4() {
		head = make([]byte, 20)
		head[0], head[8], head[9] = 4<<4|5, 64, protocol
		binary.BigEndian.PutUint16(head[2:], uint16(len(head)+len(segment)))
		copy(head[12:], from.AsSlice())
		copy(head[16:], to.AsSlice())
		binary.BigEndian.PutUint16(head[10:], ^add(0, head))
	} else {
		head = make([]byte, 40)
		head[0], head[6], head[7] = 6<<4, protocol, 64
		binary.BigEndian.PutUint16(head[4:], uint16(len(segment)))
		copy(head[8:], from.AsSlice())
		copy(head[24:], to.AsSlice())
	}
	var sum uint16
	if protocol != protoICMP { // the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1)
		sum = add(add(sum, from.AsSlice()), to.AsSlice())
		sum = add(sum, binary.BigEndian.AppendUint16([]byte{0, protocol}, uint16(len(segment))))
	}
	sum = ^add(sum, segment)
	if sum == 0 && protocol == protoUDP {
		sum = 0xffff // 0 means that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(segment[at:], sum)
	return append(head, segment...)
}

// add adds bytes to a sum of 16 bits in ones' complement (RFC 1071).
func add(sum uint16, b []byte) uint16 {
	s := uint64(sum)
	for ; len(b) > 1; b = b[2:] {
		s += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}
