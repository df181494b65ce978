package outbound

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
)

// keep is a Shuffle that leaves the order as it is.
func keep(int, func(i, j int)) {}

func TestHosts(t *testing.T) {
	t.Parallel()
	malformed := &net.DNSError{Err: "DNS response contained records which contain invalid names"}
	tests := []struct {
		name string
		mx   []*net.MX
		err  error
		want string // hosts, or status and enhanced code
	}{
		{"1 one", mxs("10 mx1.qq.com."), nil, "mx1.qq.com"},
		{"2 none", mxs(), nil, "qq.com"},
		{"2 3 not found", nil, nxdomain, "qq.com"},
		{"4 SERVFAIL", nil, servfail, "temporary 4.4.3"},
		{"5 timeout", nil, &net.DNSError{Err: "i/o timeout", IsTimeout: true}, "temporary 4.4.3"},
		{"6 REFUSED", nil, refusedQ, "temporary 4.4.3"},
		{"not an error of DNS", nil, errors.New("no network"), "temporary 4.4.3"},
		{"7 null MX", mxs("0 ."), nil, "permanent 5.1.10"},
		{"8 null MX beside others", mxs("0 .", "10 mx1.qq.com."), nil, "mx1.qq.com"},
		{"9 null MX with a preference", mxs("10 ."), nil, "permanent 5.1.10"},
		{"14 malformed ones left out", mxs("10 mx1.qq.com."), malformed, "mx1.qq.com"},
		{"14 only malformed ones", mxs(), malformed, "temporary 4.4.3"},
		{"15 an address", mxs("10 192.0.2.1.", "20 mx2.qq.com."), nil, "mx2.qq.com"},
		{"15 only addresses", mxs("10 192.0.2.1.", "20 2001:db8::1"), nil, "permanent 5.4.4"},
		{"19 mixed case", mxs("10 MX1.qq.COM."), nil, "mx1.qq.com"},
		{"23 preference", mxs("30 c.", "10 a.", "20 b."), nil, "a b c"},
		{"24 ties", mxs("10 a.", "10 b."), nil, "a b"},
		{"25 twice", mxs("20 a.", "10 a.", "10 b.", "10 A."), nil, "a b"},
		{"28 itself last", mxs("10 a.", "20 Client.Example."), nil, "a"},
		{"28 itself amid", mxs("10 a.", "20 b.", "20 client.example.", "20 c.", "30 d."), nil, "a"},
		{"28 itself first", mxs("10 client.example.", "20 a."), nil, "permanent 5.4.6"},
		{"28 itself with a peer", mxs("10 a.", "10 client.example.", "20 b."), nil, "permanent 5.4.6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := &zone{mx: map[string][]*net.MX{"qq.com": tt.mx}, errs: map[string]error{"mx qq.com": tt.err}}
			s := &Sender{Resolver: z, Hostname: "client.example", Shuffle: keep}
			hosts, e := s.hosts(t.Context(), mailbox{domain: "qq.com"})
			var names []string
			for _, h := range hosts {
				names = append(names, h.name)
			}
			got := strings.Join(names, " ")
			if e != nil {
				got = fmt.Sprintf("%s %s", e.Status, e.Enhanced)
			}
			if got != tt.want {
				t.Errorf("hosts = %s, want %s", got, tt.want)
			}
			if want := []string{"mx qq.com"}; !slices.Equal(z.asked, want) {
				t.Errorf("questions = %q, want %q", z.asked, want)
			}
		})
	}
}

// TestUnknownDomain tells the domain that does not exist from the MX host that does not.
func TestUnknownDomain(t *testing.T) {
	t.Parallel()
	s := &Sender{Resolver: &zone{}, Hostname: "client.example"}
	results, err := s.Send(t.Context(), "", []string{"bob@nowhere.example"}, nil)
	got, want := results[0], Result{To: "bob@nowhere.example", Status: Permanent, Stage: Lookup, Enhanced: "5.1.2", Host: "nowhere.example"}
	got.Text = ""
	if got != want {
		t.Errorf("result = %+v, want %+v", got, want)
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("error = %v, want a *net.DNSError of a name that is not found", err)
	}
}

// TestTies counts the orders of three hosts of equal preference: each of the six
// must come about as often as the others, and hosts of other preferences must
// stay where they are.
func TestTies(t *testing.T) {
	t.Parallel()
	s := &Sender{Hostname: "client.example", Shuffle: rand.New(rand.NewPCG(1, 2)).Shuffle}
	const rounds = 6000
	counts := make(map[string]int)
	for range rounds {
		hosts, err := s.order(mxs("10 a.", "10 b.", "10 c.", "5 first.", "20 last."))
		if err != nil {
			t.Fatal(err)
		}
		if hosts[0].name != "first" || hosts[4].name != "last" {
			t.Fatalf("order = %v, want first in front and last at the end", hosts)
		}
		counts[hosts[1].name+hosts[2].name+hosts[3].name]++
	}
	if got, want := len(counts), 6; got != want {
		t.Fatalf("got %d orders, want %d: %v", got, want, counts)
	}
	for order, n := range counts {
		if n < rounds/6*8/10 || n > rounds/6*12/10 {
			t.Errorf("order %s came %d times of %d, want about %d", order, n, rounds, rounds/6)
		}
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		addrs []string
		errs  map[string]error
		want  string
	}{
		{"26 all in order", []string{"203.0.113.2", "2001:db8::1", "203.0.113.1"}, nil, "203.0.113.2 2001:db8::1 203.0.113.1"},
		{"25 twice", []string{"203.0.113.1", "::ffff:203.0.113.1", "203.0.113.1"}, nil, "203.0.113.1"},
		{"31 IPv6 only", []string{"2001:db8::1"}, nil, "2001:db8::1"},
		{"13 none", nil, nil, "permanent 5.4.4"},
		{"4 SERVFAIL", nil, map[string]error{"ip mx1.qq.com": servfail}, "temporary 4.4.3"},
		{"6 REFUSED", nil, map[string]error{"ip mx1.qq.com": refusedQ}, "temporary 4.4.3"},
		{"17 not found hides that AAAA failed", nil,
			map[string]error{"ip mx1.qq.com": nxdomain, "ip6 mx1.qq.com": servfail}, "temporary 4.4.3"},
		{"17 not found hides that A failed", nil,
			map[string]error{"ip mx1.qq.com": nxdomain, "ip4 mx1.qq.com": servfail}, "temporary 4.4.3"},
		{"30 loopback beside others", []string{"127.0.0.1", "203.0.113.1", "::1"}, nil, "203.0.113.1"},
		{"30 private", []string{"10.0.0.1", "fd00::1"}, nil, "10.0.0.1 fd00::1"},
		{"30 nothing but forbidden", []string{"127.0.0.1", "::ffff:127.0.0.2", "0.0.0.0", "169.254.1.1", "224.0.0.1", "fe80::1", "::"}, nil, "permanent 5.4.4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			z := &zone{addrs: map[string][]string{"mx1.qq.com": tt.addrs}, errs: tt.errs}
			addrs, e := (&Sender{Resolver: z}).addresses(t.Context(), host{name: "mx1.qq.com"})
			got := strings.Trim(fmt.Sprint(addrs), "[]")
			if e != nil {
				got = fmt.Sprintf("%s %s", e.Status, e.Enhanced)
			}
			if got != tt.want {
				t.Errorf("addresses = %s, want %s", got, tt.want)
			}
		})
	}
}
