package zone

// Tests of the chains of names in secure zones, after changes.

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// TestChain changes zones at random, and compares their chains with those that are made anew.
func TestChain(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]Security{"NSEC": {}, "NSEC3": {NSEC3: true}, "opt-out": {OptOut: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			db := new(DB)
			for i := range 100 { // so that a few changes are few
				add(t, db, fmt.Sprintf("h%d.example.com. A 203.0.113.1", i))
			}
			if err := db.Secure("example.com.", how); err != nil {
				t.Fatal(err)
			}
			n, err := parseName("example.com.")
			if err != nil {
				t.Fatal(err)
			}
			names := []string{"a", "b", "c.a", "d.a", "e.c.a", "f.b", "g.f.b"}
			records := []string{"A 203.0.113.1", "TXT x", "NS c.a.example.com.", "NS ns.example.net.", "DS 1 13 2 " + fmt.Sprintf("%064d", 7)}
			s := db.root.get(&n).zone.signer
			kept := 0 // chains that were not made anew
			for i := range 2000 {
				was := len(s.chain())
				var what []string
				for range 1 + random.IntN(4) {
					owner := names[random.IntN(len(names))] + ".example.com."
					record := owner + " " + records[random.IntN(len(records))]
					switch random.IntN(8) {
					case 0:
						what = append(what, "the zone "+owner)
						if !db.RemoveZone(owner) {
							db.Ensure(owner)
						}
					case 1, 2, 3, 4:
						what = append(what, record)
						add(t, db, record)
					default:
						what = append(what, "remove "+owner)
						db.Remove(owner, dns.TypeANY)
					}
				}
				if s.links != nil && len(s.stale) > 0 {
					kept++
				}
				got, want := s.chain(), s.allLinks()
				if !slices.Equal(got, want) {
					t.Fatalf("step %d, %q: the chain has %d names, want %d (%d before)", i, what, len(got), len(want), was)
				}
			}
			if kept < 1000 {
				t.Errorf("after 2000 steps, %d chains were kept", kept)
			}
		})
	}
}

// add adds a record, unless what is there forbids it.
func add(t *testing.T, db *DB, text string) {
	t.Helper()
	rrs, err := Parse(text, ".", "test")
	if err != nil {
		t.Fatal(err)
	}
	db.Add(rrs...)
}

// TestDenialGrowth shows that twice as many changes, each followed by a question about a name that does not exist, take about twice
// the memory. It is not parallel: allocations of others would count.
func TestDenialGrowth(t *testing.T) {
	for _, test := range []struct {
		zone    string
		how     Security
		records string // with the number of the change for %d
	}{
		{"example.com.", Security{}, "h%d.example.com. A 203.0.113.1"},
		{"example.com.", Security{OptOut: true}, "_h.h%d.example.com. A 203.0.113.1"},
		{"com.", Security{}, "h%[1]d.com. MX 10 mx.h%[1]d.com.\nmx.h%[1]d.com. A 203.0.113.1"},
	} {
		allocated := func(n int) uint64 {
			db := new(DB)
			if err := db.Secure(test.zone, test.how); err != nil {
				t.Fatal(err)
			}
			q := new(dns.Msg).SetQuestion("absent."+test.zone, dns.TypeA)
			q.SetEdns0(4096, true)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for i := range n {
				add(t, db, fmt.Sprintf(test.records, i))
				db.Answer(q, Authoritative)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		small, large := allocated(500), allocated(1_000)
		if large > 3*small {
			t.Errorf("%s, %+v: twice as many changes take %d bytes of memory instead of %d", test.zone, test.how, large, small)
		}
	}
}
