package mxmock

// The DNS: one answer path for all transports, the resolver for code under test, and the journal.

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/internal/zone"
)

// Query is a question that was asked, and its answer: an entry of the journal.
type Query struct {
	// Time is when the question came.
	Time time.Time

	// Network is "udp" or "tcp", and Client the address of who asked.
	Network string
	Client  string

	// Name is the name as it was asked, with a final dot, and Type the type, such as "MX".
	Name string
	Type string

	// Rcode is the response code of the answer, such as "NOERROR" or "NXDOMAIN", and empty if none was given.
	Rcode string

	// Answer is the records of the answer section, in the format of a master file with single spaces.
	Answer []string

	// Fault is the fault that has befallen the question.
	Fault Fault
}

// String returns the entry as one line: "udp MX qq.com. NOERROR 10 mx1.qq.com.; 20 mx2.qq.com.".
func (q Query) String() string {
	var s strings.Builder
	s.WriteString(q.Network + " " + q.Type + " " + q.Name)
	switch {
	case q.Rcode == "":
		s.WriteString(" no answer")
	default:
		s.WriteString(" " + q.Rcode)
	}
	for i, rr := range q.Answer {
		if i > 0 {
			s.WriteString(";")
		}
		if fields := strings.SplitN(rr, " ", 5); len(fields) == 5 {
			rr = fields[4]
		}
		s.WriteString(" " + rr)
	}
	if q.Fault != 0 {
		s.WriteString(" (" + q.Fault.String() + ")")
	}
	return s.String()
}

// Queries returns the journal: all questions so far, in the order in which they came.
func (n *Internet) Queries() []Query {
	n.mu.Lock()
	journal := append([]entry(nil), n.journal...)
	n.mu.Unlock()
	queries := make([]Query, len(journal))
	for i, e := range journal {
		queries[i] = e.query()
	}
	return queries
}

// entry is how the journal keeps a query: as it is, to be written out when it is asked for.
type entry struct {
	time   time.Time
	udp    bool
	client netip.AddrPort
	name   string
	typ    uint16
	answer *dns.Msg // nil where there was none
	fault  Fault
}

func (e *entry) query() Query {
	q := Query{Time: e.time, Network: "tcp", Client: e.client.String(), Name: e.name, Fault: e.fault, Type: dns.Type(e.typ).String()}
	if e.udp {
		q.Network = "udp"
	}
	if e.answer != nil {
		q.Rcode = dns.RcodeToString[e.answer.Rcode]
		for _, rr := range e.answer.Answer {
			q.Answer = append(q.Answer, strings.Join(strings.Fields(rr.String()), " "))
		}
	}
	return q
}

// serveDNS answers a packet; nil is no answer.
func (n *Internet) serveDNS(packet []byte, udp bool, client netip.AddrPort) []byte {
	q, refusal := zone.Unpack(packet, zone.Recursive)
	if refusal != nil {
		return zone.Pack(refusal, nil, udp)
	}
	if q == nil {
		return nil
	}
	e := entry{time: time.Now(), udp: udp, client: client}
	if len(q.Question) == 1 {
		e.name, e.typ = q.Question[0].Name, q.Question[0].Qtype
		e.fault = n.faultOf(q.Question[0])
	}
	e.answer = n.answer(q, udp, e.fault)
	var reply []byte
	if e.answer != nil {
		reply = zone.Pack(e.answer, q, udp) // before the journal, for it may cut the answer
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.journal = append(n.journal, e)
	return reply
}

// answer answers a query, or fails as the fault says.
func (n *Internet) answer(q *dns.Msg, udp bool, f Fault) *dns.Msg {
	r := n.db.Answer(q, zone.Recursive)
	if r == nil {
		return nil
	}
	code := map[Fault]int{
		Refused: dns.RcodeRefused, ServFail: dns.RcodeServerFailure, NotImp: dns.RcodeNotImplemented, FormErr: dns.RcodeFormatError,
	}
	switch f {
	case 0:
	case Silent:
		return nil
	case NXDomain, NoData:
		soa := n.soaFor(q.Question[0].Name)
		r.Answer, r.Ns, r.Rcode = nil, soa, dns.RcodeSuccess
		if f == NXDomain {
			r.Rcode = dns.RcodeNameError
		}
		r.Extra = options(r)
	case Truncate:
		if udp {
			r.Answer, r.Ns, r.Extra, r.Truncated = nil, nil, options(r), true
		}
	default:
		r.Answer, r.Ns, r.Extra, r.Rcode = nil, nil, options(r), code[f]
	}
	return r
}

// options is what of the additional section belongs to EDNS.
func options(r *dns.Msg) []dns.RR {
	if opt := r.IsEdns0(); opt != nil {
		return []dns.RR{opt}
	}
	return nil
}

// soaFor returns the SOA record that a negative answer for a name has.
func (n *Internet) soaFor(name string) []dns.RR {
	for {
		r := n.db.Answer(new(dns.Msg).SetQuestion(name, dns.TypeSOA), zone.Recursive)
		for _, rr := range append(r.Answer, r.Ns...) {
			if rr.Header().Rrtype == dns.TypeSOA {
				return []dns.RR{rr}
			}
		}
		i, end := dns.NextLabel(name, 0)
		if end {
			return nil
		}
		name = name[i:]
	}
}

// Resolver returns a resolver that asks this internet, in memory, and nothing else. As any [net.Resolver], it
// looks into /etc/hosts first when it is asked for addresses, and follows the search list and the number of attempts of
// /etc/resolv.conf: a question may come more than once, and with a suffix.
func (n *Internet) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: n.dialDNS}
}

// dialDNS connects to the DNS, whatever the address.
func (n *Internet) dialDNS(ctx context.Context, network, _ string) (net.Conn, error) {
	client := n.source(nil, client4())
	from := client.AddrPort()
	if strings.HasPrefix(network, "udp") {
		local := net.UDPAddrFromAddrPort(from)
		return memnet.Datagram(local, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 53), Port: 53}, func(packet []byte, reply func([]byte)) {
			if answer := n.serveDNS(packet, true, from); answer != nil {
				reply(answer)
			}
		}), nil
	}
	near, far := memnet.Pipe(client, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 53), Port: 53})
	n.serveStream(far, from)
	return near, nil
}

// serveStream answers the questions that come over a TCP connection, in the background.
func (n *Internet) serveStream(conn net.Conn, client netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		conn.Close()
		return
	}
	n.register(conn)
	n.running.Add(1)
	go func() {
		defer n.running.Done()
		defer n.forget(conn)
		defer conn.Close()
		packet := make([]byte, 0, 512)
		for {
			var size [2]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				return
			}
			packet = append(packet[:0], make([]byte, binary.BigEndian.Uint16(size[:]))...)
			if _, err := io.ReadFull(conn, packet); err != nil {
				return
			}
			answer := n.serveDNS(packet, false, client)
			if answer == nil {
				continue
			}
			if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
				return
			}
		}
	}()
}

// init lets the first look-up of the process happen outside of any synctest bubble: package net keeps channels from it that would
// otherwise belong to a bubble, and the next look-up elsewhere would end the process (golang/go#80903).
func init() {
	r := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("mxmock: no look-up is meant to succeed here")
	}}
	r.LookupHost(context.Background(), "warm-up.invalid.")
}
