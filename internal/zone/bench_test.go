package zone

import (
	"fmt"
	"testing"

	"github.com/miekg/dns"
)

// hosts returns a DB of n domains with two mail hosts each.
func hosts(tb testing.TB, n int) *DB {
	tb.Helper()
	var rrs []dns.RR
	for i := range n {
		rrs = append(rrs, parse(tb, fmt.Sprintf(`
domain%[1]d.com. MX 10 mx1.domain%[1]d.com.
domain%[1]d.com. MX 20 mx2.domain%[1]d.com.
mx1.domain%[1]d.com. A 192.0.2.1
mx2.domain%[1]d.com. A 192.0.2.2
`, i))...)
	}
	db := new(DB)
	if err := db.Add(rrs...); err != nil {
		tb.Fatal(err)
	}
	return db
}

func BenchmarkServePacket(b *testing.B) {
	db := hosts(b, 1000)
	for _, question := range []string{"domain7.com. MX", "mx1.domain7.com. A", "mx1.domain7.com. AAAA", "nobody.test. MX"} {
		for _, edns := range []bool{false, true} {
			q := query(b, question)
			if edns {
				q.SetEdns0(1232, false)
			}
			packet, err := q.Pack()
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s,edns=%v", question, edns), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if db.ServePacket(packet, true, Recursive) == nil {
							b.Error("no answer")
						}
					}
				})
			})
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				var db DB
				for i := range n {
					rr := &dns.A{Hdr: dns.RR_Header{Name: fmt.Sprintf("h%d.example.com.", i), Rrtype: dns.TypeA, Class: dns.ClassINET}, A: []byte{192, 0, 2, 1}}
					if err := db.Add(rr); err != nil {
						b.Fatal(err)
					}
					db.Answer(new(dns.Msg).SetQuestion(rr.Hdr.Name, dns.TypeA), Recursive)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
		})
	}
}

// BenchmarkSecure measures signed answers: most of the time goes into the signatures.
func BenchmarkSecure(b *testing.B) {
	for name, s := range map[string]Security{"NSEC": {}, "NSEC3": {NSEC3: true}} {
		db := hosts(b, 10)
		if err := db.Secure("domain7.com", s); err != nil {
			b.Fatal(err)
		}
		for _, question := range []string{"mx1.domain7.com. A", "nobody.domain7.com. A"} {
			for _, do := range []bool{false, true} {
				packet, err := query(b, question).SetEdns0(MaxUDP, do).Pack()
				if err != nil {
					b.Fatal(err)
				}
				b.Run(fmt.Sprintf("%s,%s,do=%v", name, question, do), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if db.ServePacket(packet, true, Recursive) == nil {
							b.Error("no answer")
						}
					}
				})
			}
		}
	}
}
