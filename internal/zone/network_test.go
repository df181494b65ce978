package zone

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// listed returns a network whose record has the given last octet.
func listed(tb testing.TB, prefix string, code int) Network {
	return Network{netip.MustParsePrefix(prefix), parse(tb, fmt.Sprintf("x. A 127.0.0.%d", code))}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	db := load(t, "7.0.0.10.bl.test. A 127.0.0.9\n8.0.0.10.bl.test. CNAME here.bl.test.\n9.0.0.10.bl.test. NS a.\nhere.bl.test. TXT \"here\"")
	for _, err := range []error{
		db.List("bl.test.", listed(t, "10.0.0.0/8", 10), listed(t, "2.0.0.0/8", 2), listed(t, "10.0.0.0/30", 2), listed(t, "10.0.0.0/8", 11)),
		db.List("bl.test.", listed(t, "10.0.0.1/32", 10), listed(t, "192.168.128.0/17", 4), listed(t, "2001:db8::/33", 6)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	six := func(addr string) string { return dnstext.Reverse(netip.MustParseAddr(addr)) }
	for name, want := range map[string]string{
		"1.2.3.10.":                          "10 11",
		"255.255.255.10.":                    "10 11",
		"1.0.0.10.":                          "10 11 2",
		"4.0.0.10.":                          "10 11",
		"7.0.0.10.":                          "9 10 11", // its own, too
		"8.0.0.10.":                          "alias",   // which admits no other data
		"1.2.3.11.":                          "NXDOMAIN",
		"1.128.168.192.":                     "4",
		"1.127.168.192.":                     "NXDOMAIN",
		"128.168.192.":                       "", // the names beneath exist
		"127.168.192.":                       "NXDOMAIN",
		"3.10.":                              "",
		"168.192.":                           "",
		"01.2.3.10.":                         "NXDOMAIN",
		"256.2.3.10.":                        "NXDOMAIN",
		"0.1.2.3.10.":                        "NXDOMAIN",
		"x.10.":                              "NXDOMAIN",
		"spam.example.com.":                  "NXDOMAIN",
		six("2001:db8:7fff::1"):              "6",
		six("2001:db8:8000::1"):              "NXDOMAIN",
		six("2000::1"):                       "NXDOMAIN", // though its name ends as those in 2.0.0.0/8 do
		"8.b.d.0.1.0.0.2.":                   "",
		"9.b.d.0.1.0.0.2.":                   "NXDOMAIN",
		strings.ToUpper(six("2001:db8::ab")): "6",
	} {
		r := db.LookUp(name+"bl.test.", dns.TypeA)
		var got []string
		for _, rr := range r.Answer {
			if a, ok := rr.(*dns.A); ok {
				got = append(got, fmt.Sprint(a.A[len(a.A)-1]))
			} else {
				got = append(got, "alias")
			}
			if rr.Header().Name != name+"bl.test." {
				t.Errorf("%s: the record is one of %s", name, rr.Header().Name)
			}
		}
		if r.Rcode != dns.RcodeSuccess {
			got = append(got, dns.RcodeToString[r.Rcode])
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r := db.LookUp("9.0.0.10.bl.test.", dns.TypeA); r.Rcode != dns.RcodeServerFailure {
		t.Errorf("a delegated name: %v", r)
	}
	if r := db.LookUp("1.2.3.10.bl.test.", dns.TypeTXT); r.Rcode != dns.RcodeSuccess || len(r.Answer) > 0 {
		t.Errorf("another type: %v", r)
	}
	if err := db.Replace("bl.test."); err != nil {
		t.Fatal(err)
	}
	if r := db.LookUp("1.2.3.10.bl.test.", dns.TypeA); r.Rcode != dns.RcodeNameError {
		t.Errorf("after the zone was replaced: %v", r)
	}
}

func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	db := load(t, "alias.a.test. CNAME x.test.")
	before := serial(t, db, "a.test.")
	for _, err := range []error{
		db.List("..", listed(t, "10.0.0.0/8", 2)),
		db.List("alias.a.test.", listed(t, "10.0.0.0/8", 2)),
		db.List("a.test.", listed(t, "10.0.0.0/8", 2), Network{}),
		db.List("a.test.", listed(t, "10.0.0.0/8", 2), Network{netip.MustParsePrefix("10.0.0.0/8"), []dns.RR{nil}}),
	} {
		if err == nil {
			t.Error("no error")
		}
	}
	if r := db.LookUp("1.2.3.10.a.test.", dns.TypeA); r.Rcode != dns.RcodeNameError || serial(t, db, "a.test.") != before {
		t.Errorf("an error has left something: %v", r)
	}
}

// TestSecureNetworks asks a secure blocklist of random networks. The answers are those of the networks that contain
// the address, a validator finds them secure, and no denial denies a name that is listed, so resolvers may use it for
// other names (RFC 8198).
func TestSecureNetworks(t *testing.T) {
	t.Parallel()
	zones := uint64(6)
	if testing.Short() || raceEnabled {
		zones = 2
	}
	for seed := range zones {
		rnd := rand.New(rand.NewPCG(seed, 5782))
		addr := func() netip.Addr {
			if rnd.IntN(2) == 0 {
				return netip.AddrFrom4([4]byte{byte(rnd.IntN(3)), byte(rnd.IntN(3)), byte(rnd.IntN(256)), byte(rnd.IntN(3))})
			}
			a := [16]byte{byte(rnd.IntN(3)), byte(rnd.IntN(3)), byte(rnd.IntN(256)), 15: byte(rnd.IntN(3))}
			return netip.AddrFrom16(a)
		}
		var networks []Network
		for range 1 + rnd.IntN(6) {
			a := addr()
			prefix, _ := a.Prefix(6 + rnd.IntN(a.BitLen()-5))
			networks = append(networks, listed(t, prefix.String(), 2+rnd.IntN(9)))
		}
		db := load(t, "one.bl.test. TXT \"1\"\n7.0.0.1.bl.test. A 127.0.0.9\n*.w.bl.test. A 127.0.0.9\nfar.off.bl.test. A 127.0.0.9")
		if err := db.List("bl.test.", networks...); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{db.Ensure("open.bl.test."), db.Secure("bl.test.", Security{NSEC3: seed%2 == 0, Algorithm: dns.ED25519})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		anchor, err := db.TrustAnchor()
		if err != nil {
			t.Fatal(err)
		}
		v := newValidator(db, anchor)
		var there []string
		names := []string{"bl.test.", "[.bl.test.", "x.w.bl.test.", "x.y.w.bl.test.", "off.bl.test.", "on.off.bl.test.", "x.y.bl.test.", "open.bl.test.", "x.open.bl.test."}
		for range 60 {
			a := addr()
			owner := dnstext.Reverse(a) + "bl.test."
			names = append(names, owner, owner[rnd.IntN(4)*2:]) // which may begin with a dot
			var got, want []string
			for _, n := range networks {
				if n.Prefix.Contains(a) {
					want = append(want, n.Records[0].(*dns.A).A.String())
				}
			}
			for _, rr := range db.LookUp(owner, dns.TypeA).Answer {
				got = append(got, rr.(*dns.A).A.String())
			}
			slices.Sort(got)
			slices.Sort(want)
			if want = slices.Compact(want); owner != "7.0.0.1.bl.test." && !slices.Equal(got, want) {
				t.Errorf("seed %d: %v has %v, want %v of %v", seed, a, got, want, networks)
			}
			if len(got) > 0 {
				there = append(there, owner)
			}
		}
		looked := make(map[string]bool) // at a denial
		for _, name := range names {
			name = strings.TrimPrefix(name, ".")
			for _, typ := range []uint16{dns.TypeA, dns.TypeTXT, dns.TypeDS, dns.TypeNSEC} {
				r := v.ask(name, typ)
				want := secure
				if strings.HasSuffix(name, "open.bl.test.") && (typ != dns.TypeDS || name != "open.bl.test.") {
					want = insecure
				}
				if got, why := v.validate(name, typ); got != want {
					t.Fatalf("seed %d: %s %s has the verdict %d, want %d: %s\n%v\n%v", seed, name, dns.Type(typ), got, want, why, r, networks)
				}
				for _, d := range v.denials(v.zones["bl.test."], r) {
					key := fmt.Sprint(d)
					if looked[key] {
						continue
					}
					looked[key] = true
					for _, other := range there {
						if d.covers(other) || d.matches(other) && !d.has(dns.TypeA) {
							t.Fatalf("seed %d: the answer about %s %s denies %s\n%v", seed, name, dns.Type(typ), other, r)
						}
					}
				}
			}
		}
	}
}
