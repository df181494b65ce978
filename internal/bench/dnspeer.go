package main

// The DNS servers under measurement, and their clients.

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/foxcpp/go-mockdns"
	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// dnsServer is a running DNS server that serves qq.com with two exchangers.
type dnsServer interface {
	Addr() string
	Stop()
}

// zoneText is the zone that all servers serve.
const zoneText = `
qq.com.      300 MX 10 mx1.qq.com.
qq.com.      300 MX 20 mx2.qq.com.
mx1.qq.com.  300 A  192.0.2.10
mx2.qq.com.  300 A  192.0.2.11
`

// oursDNS is the DNS server of an mxmock.Internet on a real socket. Its journal is on, as always.
type oursDNS struct {
	inet *mxmock.Internet
	addr string
}

func startOursDNS(tb testing.TB) dnsServer {
	s := oursDNS{inet: new(mxmock.Internet)}
	if err := s.inet.AddZone(zoneText); err != nil {
		tb.Fatal(err)
	}
	addr, err := s.inet.ListenDNS()
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = addr
	return s
}

func (s oursDNS) Addr() string { return s.addr }
func (s oursDNS) Stop()        { s.inet.Close() }

// rawDNS answers with prepared packets: the floor. As an echo it sends back the packets that it receives.
type rawDNS struct {
	conn    *net.UDPConn
	done    chan struct{}
	answers map[uint16][]byte // prepared answers by type; nil for an echo
}

func startEcho(tb testing.TB) dnsServer { return startRawUDP(tb, nil) }

func startRawDNS(tb testing.TB) dnsServer {
	answers := make(map[uint16][]byte)
	for _, question := range []struct {
		name string
		typ  uint16
	}{{"qq.com.", dns.TypeMX}, {"mx1.qq.com.", dns.TypeA}, {"mx1.qq.com.", dns.TypeAAAA}} {
		packet, err := reply(new(dns.Msg).SetQuestion(question.name, question.typ), zoneRecords(tb)).Pack()
		if err != nil {
			tb.Fatal(err)
		}
		answers[question.typ] = packet
	}
	return startRawUDP(tb, answers)
}

func startRawUDP(tb testing.TB, answers map[uint16][]byte) dnsServer {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	s := &rawDNS{conn: conn, done: make(chan struct{}), answers: answers}
	go s.serve()
	return s
}

func (s *rawDNS) serve() {
	defer close(s.done)
	packet := make([]byte, 1500)
	for {
		n, client, err := s.conn.ReadFromUDPAddrPort(packet)
		if err != nil {
			return
		}
		out := packet[:n]
		if s.answers != nil {
			at := 12
			for packet[at] != 0 {
				at += 1 + int(packet[at])
			}
			out = s.answers[uint16(packet[at+1])<<8|uint16(packet[at+2])]
			copy(out, packet[:2])
		}
		s.conn.WriteToUDPAddrPort(out, client)
	}
}

func (s *rawDNS) Addr() string { return s.conn.LocalAddr().String() }

func (s *rawDNS) Stop() {
	s.conn.Close()
	<-s.done
}

// rawTCP answers questions over TCP with one prepared packet: the floor.
type rawTCP struct {
	ln     net.Listener
	answer []byte // with its length before it
	served sync.WaitGroup
}

func startRawTCP(tb testing.TB) dnsServer {
	packet, err := reply(new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX), zoneRecords(tb)).Pack()
	if err != nil {
		tb.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &rawTCP{ln: ln, answer: append([]byte{0, byte(len(packet))}, packet...)}
	s.served.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			s.served.Go(func() { s.serve(conn) })
		}
	})
	return s
}

func (s *rawTCP) serve(conn net.Conn) {
	defer conn.Close()
	question, answer := make([]byte, 1500), bytes.Clone(s.answer)
	for {
		if _, err := conn.Read(question); err != nil {
			return
		}
		copy(answer[2:4], question[2:4])
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

func (s *rawTCP) Addr() string { return s.ln.Addr().String() }

func (s *rawTCP) Stop() {
	s.ln.Close()
	s.served.Wait()
}

// miekgDNS is a miekg/dns server with a handler of twenty lines.
type miekgDNS struct {
	server *dns.Server
	addr   string
	done   chan struct{}
}

func zoneRecords(tb testing.TB) map[dns.Question][]dns.RR {
	records := make(map[dns.Question][]dns.RR)
	p := dns.NewZoneParser(strings.NewReader(zoneText), ".", "")
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		h := rr.Header()
		q := dns.Question{Name: h.Name, Qtype: h.Rrtype, Qclass: h.Class}
		records[q] = append(records[q], rr)
	}
	if err := p.Err(); err != nil {
		tb.Fatal(err)
	}
	return records
}

func reply(q *dns.Msg, records map[dns.Question][]dns.RR) *dns.Msg {
	r := new(dns.Msg).SetReply(q)
	r.RecursionAvailable = true
	r.Answer = records[q.Question[0]]
	return r
}

func startMiekg(tb testing.TB) dnsServer {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return startMiekgAt(tb, conn.LocalAddr(), &dns.Server{PacketConn: conn})
}

func startMiekgTCP(tb testing.TB) dnsServer {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return startMiekgAt(tb, ln.Addr(), &dns.Server{Listener: ln, MaxTCPQueries: -1})
}

func startMiekgAt(tb testing.TB, addr net.Addr, server *dns.Server) dnsServer {
	records := zoneRecords(tb)
	s := &miekgDNS{addr: addr.String(), server: server, done: make(chan struct{})}
	started := make(chan struct{})
	server.NotifyStartedFunc = func() { close(started) }
	server.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { w.WriteMsg(reply(q, records)) })
	go func() {
		defer close(s.done)
		s.server.ActivateAndServe()
	}()
	<-started
	return s
}

func (s *miekgDNS) Addr() string { return s.addr }

func (s *miekgDNS) Stop() {
	s.server.Shutdown()
	<-s.done
}

// mockDNS is go-mockdns.
type mockDNS struct{ *mockdns.Server }

func startMockDNS(tb testing.TB) dnsServer {
	zones := map[string]mockdns.Zone{
		"qq.com.":     {MX: []net.MX{{Host: "mx1.qq.com.", Pref: 10}, {Host: "mx2.qq.com.", Pref: 20}}},
		"mx1.qq.com.": {A: []string{"192.0.2.10"}},
		"mx2.qq.com.": {A: []string{"192.0.2.11"}},
	}
	var err error
	for range 20 { // it fails if the port that it got for TCP is taken for UDP
		var s *mockdns.Server
		if s, err = mockdns.NewServerWithLogger(zones, log.New(io.Discard, "", 0), false); err == nil {
			return mockDNS{s}
		}
	}
	tb.Fatal(err)
	return nil
}

func (s mockDNS) Addr() string { return s.LocalAddr().String() }
func (s mockDNS) Stop()        { s.Close() }

// resolver returns a net.Resolver that asks the DNS server at addr.
func resolver(addr string) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}}
}
