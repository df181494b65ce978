package mxmock

// The answers of the DNS, which are the same for all transports.

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/zone"
)

// dnsPort is a door to the DNS. It says who asks there, and how questions are answered.
type dnsPort struct {
	inet   *Internet
	mode   zone.Mode
	server netip.AddrPort
	stub   bool // asked by Internet.Resolver only
}

// reply says what a transport has to do for a question.
type reply struct {
	packet []byte // to send, unless nil
	delay  time.Duration
	keep   int  // over TCP, unless 0: send only so much of the packet, and end the connection
	reset  bool // over TCP: reset the connection
	end    bool // over TCP: end the connection; over UDP: nobody listens there
}

// serve answers a packet.
func (p dnsPort) serve(packet []byte, udp bool, client netip.AddrPort) reply {
	n := p.inet
	known, ok := n.db.Reply(packet, udp, p.mode)
	r := reply{packet: known.Packet}
	if !ok || known.Query == nil {
		return r
	}
	q, answer := known.Query, known.Answer
	a := asking{time: time.Now(), packet: q, id: binary.BigEndian.Uint16(packet), udp: udp, client: client, stub: p.stub}
	var v verdict
	if len(q.Question) == 1 {
		a.name, a.typ = strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
		a.exists = answer.Rcode != dns.RcodeNameError
		n.mu.Lock()
		v = n.judge(&a)
		n.mu.Unlock()
		if v.fault != 0 || v.rule != nil {
			answer, r.packet = p.failing(&a, v)
		}
	}
	r.delay = v.delay()
	r.spoil(v.fault, q, udp)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.noteLookup(&a, v, answer)
	a.time = time.Now() // in the order of the journal
	n.events.add(&asked{asking: a, server: p.server, answer: answer, verdict: v})
	return r
}

// failing returns the answer to a question that a verdict concerns.
func (p dnsPort) failing(a *asking, v verdict) (answer *dns.Msg, packet []byte) {
	q := *a.packet
	q.Id = a.id
	answer = p.applyFault(p.inet.db.Answer(&q, p.mode), a, v)
	packet = zone.Pack(answer, &q, a.udp) // before the journal, since it may cut the answer
	return answer, packet
}

// applyFault returns the answer that a verdict makes of a true one, or nil for no answer.
func (p dnsPort) applyFault(r *dns.Msg, a *asking, v verdict) *dns.Msg {
	empty := func(rcode int) *dns.Msg {
		r.Answer, r.Ns, r.Extra, r.Rcode = nil, nil, options(r), rcode
		r.AuthenticatedData = false
		return r
	}
	switch v.fault {
	case 0:
		if v.rule != nil && v.rule.Answer != "" {
			empty(dns.RcodeSuccess).Answer = v.rule.answers(a.packet.Question[0].Name)
		}
	case Silent, Unreachable, Aborted:
		return nil
	case NXDomain, NoData:
		soa := p.inet.soaFor(a.name)
		rcode := dns.RcodeSuccess
		if v.fault == NXDomain {
			rcode = dns.RcodeNameError
		}
		empty(rcode).Ns = soa
	case Truncate:
		if a.udp {
			empty(dns.RcodeSuccess).Truncated = true
		}
	case Lame:
		empty(dns.RcodeSuccess).Extra = nil // otherwise package net does not see that it is lame
		r.Authoritative, r.RecursionAvailable, r.AuthenticatedData = false, false, false
	case Partial:
		// The cut must go through the records that the client needs, even if there are none.
		if r.Extra = nil; len(r.Answer) == 0 {
			r.Answer, r.Ns, r.Rcode = r.Ns, nil, dns.RcodeSuccess
		}
	case Refused:
		zone.SetExtendedError(empty(dns.RcodeRefused), dns.ExtendedErrorCodeProhibited, "")
	case ServFail:
		zone.SetExtendedError(empty(dns.RcodeServerFailure), dns.ExtendedErrorCodeNoReachableAuthority, "")
	case NotImp:
		zone.SetExtendedError(empty(dns.RcodeNotImplemented), dns.ExtendedErrorCodeNotSupported, "")
	case FormErr:
		empty(dns.RcodeFormatError)
	case Bogus:
		if r.RecursionAvailable && !r.CheckingDisabled {
			zone.SetExtendedError(empty(dns.RcodeServerFailure), dns.ExtendedErrorCodeDNSBogus, "")
			return r
		}
		zone.Spoil(r)
	case WrongQuestion:
		other := r.Question[0]
		other.Name = "another.invalid."
		r.Question = []dns.Question{other}
	}
	return r
}

// options returns the records of the additional section that belong to EDNS.
func options(r *dns.Msg) []dns.RR {
	if opt := r.IsEdns0(); opt != nil {
		return []dns.RR{opt}
	}
	return nil
}

// spoil applies a fault to the bytes and the transport of the reply.
func (r *reply) spoil(f Fault, q *dns.Msg, udp bool) {
	switch f {
	case Unreachable:
		r.end = true
	case Aborted:
		r.reset = true
	case WrongID:
		r.packet[1] ^= 0xff
	case Garbage:
		r.packet = []byte("\xffThis is no message of the DNS.")
	case Partial:
		// The header and the question remain.
		whole := (&dns.Msg{Question: q.Question}).Len()
		r.keep = whole + (len(r.packet)-whole)/2
		if udp {
			r.packet = r.packet[:r.keep]
		}
	}
}

// soaFor returns the SOA record of a negative answer for a name. It asks for CNAME records, since such a question
// follows no alias. If the name is an alias, the name above it is in the same zone.
func (n *Internet) soaFor(name string) []dns.RR {
	for {
		if soa := n.db.LookUp(name, dns.TypeCNAME).Ns; len(soa) > 0 {
			return soa
		}
		i, end := dns.NextLabel(name, 0)
		if end {
			return nil
		}
		name = name[i:]
	}
}

// stream is a TCP connection on which the DNS is asked.
type stream struct {
	net.Conn
	once sync.Once
	done chan struct{}
}

// Close ends the connection, and delays on it.
func (s *stream) Close() error {
	s.once.Do(func() { close(s.done) })
	return s.Conn.Close()
}

// serveStream answers the questions that come over a TCP connection, in the background.
func (p dnsPort) serveStream(conn net.Conn, client netip.AddrPort) {
	n := p.inet
	s := &stream{Conn: conn, done: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return
	}
	n.register(s)
	n.running.Go(func() {
		defer n.forget(s)
		defer s.Close()
		for packet := make([]byte, 0, 512); ; {
			var size [2]byte
			if _, err := io.ReadFull(s, size[:]); err != nil {
				return
			}
			packet = append(packet[:0], make([]byte, binary.BigEndian.Uint16(size[:]))...)
			if _, err := io.ReadFull(s, packet); err != nil {
				return
			}
			if !s.send(p.serve(packet, false, client)) {
				return
			}
		}
	})
}

// send carries out a reply, and reports whether the connection continues.
func (s *stream) send(r reply) bool {
	if r.delay > 0 {
		timer := time.NewTimer(r.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-s.done:
			return false
		}
	}
	switch {
	case r.reset:
		reset(s.Conn)
		return false
	case r.packet != nil:
		framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(r.packet))), r.packet...)
		if r.keep > 0 {
			framed = framed[:2+r.keep]
		}
		if _, err := s.Write(framed); err != nil {
			return false
		}
	}
	return !r.end && r.keep == 0
}

// reset ends a TCP connection by an RST.
func reset(conn net.Conn) {
	if c, ok := conn.(interface{ SetLinger(int) error }); ok {
		c.SetLinger(0)
	}
	conn.Close()
}
