package zone_test

import (
	"testing"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/zone"
)

// What an answer may allocate that was given before; TestAllocs is about others. This test is not
// parallel: allocations of others would count.
func TestAllocations(t *testing.T) {
	var db zone.DB
	rrs, err := zone.Parse("qq.com. MX 10 mx1.qq.com.\nqq.com. MX 20 mx2.qq.com.\nmx1.qq.com. A 192.0.2.10\nmx2.qq.com. A 192.0.2.11\n", ".", "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Add(rrs...); err != nil {
		t.Fatal(err)
	}
	packet, err := new(dns.Msg).SetQuestion("qq.com.", dns.TypeMX).SetEdns0(zone.MaxUDP, false).Pack()
	if err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(200, func() {
		if db.ServePacket(packet, true, zone.Recursive) == nil {
			t.Fatal("no answer")
		}
	})
	if got > 1 {
		t.Errorf("an answer that was given before takes %.1f allocations, want 1: its packet", got)
	}
}
