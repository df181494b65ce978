package main

// Rows that measure the DNS.

import (
	"context"
	"fmt"
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
	return []row{questions, lookup}
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
