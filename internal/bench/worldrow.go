package main

// Rows that measure a whole internet.

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

func worldRows() []row {
	return []row{
		{
			name: "Case", about: "a complete case: new internet, two MX hosts, look up, deliver 1 KiB, assert, close", cpus: 1,
			benchtime: "300ms", peer: "miekg+gosmtp",
			contestants: []contestant{
				{"ours", repeat(caseOurs(inMemory))},
				{"ours-loopback", repeat(caseOurs(onLoopback))},
				{"rawudp+rawnet", repeat(caseByHand(startRawDNS, startRaw))},
				{"miekg+gosmtp", repeat(caseByHand(startMiekg, startGoSMTP))},
				{"mockdns+smtpmock", repeat(caseByHand(startMockDNS, startMock))},
			},
			goals: []goal{{"ours", 0.6, "miekg+gosmtp"}, {"ours-loopback", 1.0, "miekg+gosmtp"}},
		},
		{
			name: "Thousand", about: "a thousand such cases at once: time for all (the memory is in the next row)", cpus: 2,
			benchtime: "1x", metric: "ms", peer: "mockdns+smtpmock", contestants: thousands(),
			goals: []goal{{"ours", 1.0, "mockdns+smtpmock"}},
		},
		{
			name: "ThousandMemory", about: "the same: memory that the process had of the system at its peak", cpus: 2,
			benchtime: "1x", metric: "KiB", peer: "mockdns+smtpmock", contestants: thousands(),
			goals: []goal{{"ours", 1.0, "mockdns+smtpmock"}},
		},
	}
}

func thousands() []contestant {
	return []contestant{{"ours", thousand(caseOurs(inMemory))}, {"mockdns+smtpmock", thousand(caseByHand(startMockDNS, startMock))}}
}

// repeat measures one case.
func repeat(f func(testing.TB, []byte) error) func(*testing.B) {
	return func(b *testing.B) {
		m := message(1 << 10)
		b.ReportAllocs()
		for b.Loop() {
			if err := f(b, m); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// thousand runs a thousand cases at once.
func thousand(f func(testing.TB, []byte) error) func(*testing.B) {
	return func(b *testing.B) {
		m := message(1 << 10)
		for range b.N {
			begin := time.Now()
			var wg sync.WaitGroup
			for range 1000 {
				wg.Go(func() {
					if err := f(b, m); err != nil {
						b.Error(err)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(time.Since(begin))/1e6, "ms")
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			b.ReportMetric(float64(stats.Sys)/1024, "KiB")
		}
	}
}

// assert checks the message as a test would.
func assert(m *mailtest.Message) error {
	if m.Subject != subject || len(m.Envelope.To) != 1 || m.Envelope.To[0].Address != "bob@qq.com" {
		return fmt.Errorf("got message %q to %v", m.Subject, m.Envelope.To)
	}
	return nil
}

// caseOurs is the case with mxmock. reach connects the code under test to the internet.
func caseOurs(reach func(*mxmock.Internet) (*net.Resolver, dialFunc, error)) func(testing.TB, []byte) error {
	return func(_ testing.TB, m []byte) error {
		ctx := context.Background()
		inet := new(mxmock.Internet)
		defer inet.Close()
		mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
		r, dial, err := reach(inet)
		if err != nil {
			return err
		}
		addr, err := route(r)
		if err != nil {
			return err
		}
		conn, err := dial(ctx, "tcp", net.JoinHostPort(addr, "25"))
		if err != nil {
			return err
		}
		if err := submit(conn, "mx1.qq.com", m); err != nil {
			return err
		}
		got, err := mx[0].Server(25).NextContext(ctx)
		if err != nil {
			return err
		}
		return assert(got)
	}
}

// dialFunc is the type of DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// inMemory connects to an internet without sockets, and onLoopback with real ones.
func inMemory(inet *mxmock.Internet) (*net.Resolver, dialFunc, error) {
	return inet.Resolver(), inet.DialContext, nil
}

func onLoopback(inet *mxmock.Internet) (*net.Resolver, dialFunc, error) {
	addr, err := inet.ListenDNS()
	return resolver(addr), inet.Dialer().DialContext, err
}

// caseByHand is the case without mxmock, as one would write it: the address that was looked up is replaced by that of
// the server.
func caseByHand(startDNS func(testing.TB) dnsServer, startSMTP func(testing.TB) smtpServer) func(testing.TB, []byte) error {
	return func(tb testing.TB, m []byte) error {
		d := startDNS(tb)
		defer d.Stop()
		mx := map[string]smtpServer{"192.0.2.10": startSMTP(tb), "192.0.2.11": startSMTP(tb)}
		for _, s := range mx {
			defer s.Stop()
		}
		addr, err := route(resolver(d.Addr()))
		if err != nil {
			return err
		}
		conn, err := net.Dial("tcp", mx[addr].Addr())
		if err != nil {
			return err
		}
		if err := submit(conn, "mx1.qq.com", m); err != nil {
			return err
		}
		if !mx[addr].See(subject) {
			return fmt.Errorf("the message is not there")
		}
		return nil
	}
}
