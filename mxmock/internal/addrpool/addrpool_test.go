package addrpool

import "testing"

func TestNext(t *testing.T) {
	t.Parallel()
	p, err := New([]string{"192.0.2.252/30", "2001:db8::/127", "198.51.100.254/31"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"192.0.2.253", "192.0.2.254", "invalid IP"} { // neither networks nor what looks like a broadcast
		if got := p.Next(false).String(); got != want {
			t.Errorf("IPv4: got %s, want %s", got, want)
		}
	}
	again := *p
	for _, pools := range []*Pools{p, &again} { // which are independent
		if got, want := pools.Next(true).String(), "2001:db8::1"; got != want {
			t.Errorf("IPv6: got %s, want %s", got, want)
		}
	}
	if p.Next(true).IsValid() {
		t.Error("a pool of IPv6 that is empty has an address")
	}
	if !p.From([]string{"192.0.2.252/30", "2001:db8::/127", "198.51.100.254/31"}) || p.From(nil) {
		t.Error("From does not know the networks")
	}
	if _, err := New([]string{"192.0.2.1"}); err == nil {
		t.Error("an address is taken for a network")
	}
	if p, _ := New(nil); p.Next(false).String() != "192.0.2.1" || p.Next(true).String() != "2001:db8::1" {
		t.Error("without networks, the first addresses are not those for documentation")
	}
}
