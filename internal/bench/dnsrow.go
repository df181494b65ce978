package main

// Rows that measure the DNS.

import (
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mxmock"
)

func dnsRows() []row {
	questions := row{
		name: "Questions16", about: "DNS questions over loopback UDP, 16 workers, journal on", cpus: 2, benchtime: "200000x", rate: true,
		peer: "echo", goals: []goal{{"ours", 0.8, "echo"}},
	}
	lookup := row{
		name: "LookUp", about: "LookupMX and LookupHost of the first host through net.Resolver; the peers over loopback, ours in memory and over loopback",
		cpus: 1, benchtime: "300ms", peer: "rawudp", goals: []goal{{"ours", 0.8, "rawudp"}},
	}
	lookup.contestants = append(lookup.contestants, contestant{"ours", lookUpMemory})
	for _, p := range []struct {
		name  string
		start func(testing.TB) dnsServer
	}{{"ours", startOursDNS}, {"echo", startEcho}, {"miekg", startMiekg}, {"mockdns", startMockDNS}} {
		questions.contestants = append(questions.contestants, contestant{p.name, func(b *testing.B) { ask(b, p.start) }})
	}
	for _, p := range []struct {
		name  string
		start func(testing.TB) dnsServer
	}{{"ours-loopback", startOursDNS}, {"rawudp", startRawDNS}, {"miekg", startMiekg}, {"mockdns", startMockDNS}} {
		lookup.contestants = append(lookup.contestants, contestant{p.name, func(b *testing.B) {
			s := p.start(b)
			defer s.Stop()
			lookUp(b, resolver(s.Addr()))
		}})
	}
	single := row{
		name: "QuestionTCP", about: "a DNS question over a TCP connection of its own, as a resolver asks after a truncated answer; loopback, journal on",
		cpus: 1, benchtime: "2000x", peer: "rawtcp",
	}
	kept := row{name: "QuestionTCPKept", about: "the same over one connection that is kept", cpus: 1, benchtime: "300ms", peer: "rawtcp"}
	for _, p := range []struct {
		name  string
		start func(testing.TB) dnsServer
	}{{"ours", startOursDNS}, {"rawtcp", startRawTCP}, {"miekg", startMiekgTCP}, {"mockdns", startMockDNS}} {
		single.contestants = append(single.contestants, contestant{p.name, func(b *testing.B) { askTCP(b, p.start, false) }})
		if p.name != "mockdns" { // it closes a connection after 128 questions
			kept.contestants = append(kept.contestants, contestant{p.name, func(b *testing.B) { askTCP(b, p.start, true) }})
		}
	}
	return []row{questions, single, kept, lookup}
}

// askTCP asks questions over TCP, each on a connection of its own unless the connection is kept.
func askTCP(b *testing.B, start func(testing.TB) dnsServer, kept bool) {
	s := start(b)
	defer s.Stop()
	packet, err := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX).SetEdns0(1232, false).Pack()
	if err != nil {
		b.Fatal(err)
	}
	question, answer := append([]byte{0, byte(len(packet))}, packet...), make([]byte, 1500) // RFC 1035 §4.2.2
	var conn net.Conn
	ask := func() error {
		if conn == nil {
			if conn, err = net.Dial("tcp", s.Addr()); err != nil {
				return err
			}
		}
		question[3]++
		if _, err := conn.Write(question); err != nil {
			return err
		}
		if _, err := io.ReadFull(conn, answer[:2]); err != nil {
			return err
		}
		n := int(answer[0])<<8 | int(answer[1])
		if _, err := io.ReadFull(conn, answer[:n]); err != nil {
			return err
		}
		if n < len(packet) || answer[1] != question[3] || answer[7] != 2 {
			return fmt.Errorf("got %x as an answer to %x", answer[:n], packet)
		}
		if !kept {
			err = conn.Close()
			conn = nil
		}
		return err
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ask(); err != nil {
			b.Fatal(err)
		}
	}
	if conn != nil {
		conn.Close()
	}
}

// ask asks b.N questions, with a socket for each worker.
func ask(b *testing.B, start func(testing.TB) dnsServer) {
	s := start(b)
	defer s.Stop()
	question, err := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX).SetEdns0(1232, false).Pack()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	err = each(16, b.N, func(next func() bool) error {
		conn, err := net.Dial("udp", s.Addr())
		if err != nil {
			return err
		}
		defer conn.Close()
		q, answer := append([]byte(nil), question...), make([]byte, 1500)
		for next() {
			q[1]++
			if _, err := conn.Write(q); err != nil {
				return err
			}
			n, err := conn.Read(answer)
			if err != nil {
				return err
			}
			if n < len(q) || answer[1] != q[1] {
				return fmt.Errorf("got %x as an answer to %x", answer[:n], q)
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// lookUp looks up an exchanger and its address, as a program that delivers mail does.
func lookUp(b *testing.B, r *net.Resolver) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := route(r); err != nil {
			b.Fatal(err)
		}
	}
}

// route returns the address of the first exchanger of qq.com.
func route(r *net.Resolver) (string, error) {
	ctx := context.Background()
	mxs, err := r.LookupMX(ctx, "qq.com.")
	if err != nil {
		return "", err
	}
	addrs, err := r.LookupHost(ctx, mxs[0].Host)
	if err != nil {
		return "", err
	}
	if len(mxs) != 2 || len(addrs) != 1 {
		return "", fmt.Errorf("got %d exchangers and %d addresses, want 2 and 1", len(mxs), len(addrs))
	}
	return addrs[0], nil
}

func lookUpMemory(b *testing.B) {
	inet := new(mxmock.Internet)
	defer inet.Close()
	if err := inet.AddZone(zoneText); err != nil {
		b.Fatal(err)
	}
	lookUp(b, inet.Resolver())
}
