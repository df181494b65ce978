package zone

// Signed zones before others: the peers serve what we have signed, and must deny and refer by the
// same records; ldns checks the zones as a whole.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
)

// signedZone returns the text of a secure zone with all its signatures and denials.
func signedZone(db *DB, apex string) string {
	var b strings.Builder
	write := func(s *signer, signed bool, rrs ...dns.RR) {
		for _, rr := range rrs {
			fmt.Fprintln(&b, rr)
		}
		if signed {
			fmt.Fprintln(&b, s.sign(rrs, time.Now()))
		}
	}
	n, err := parseName(apex)
	if err != nil {
		panic(err)
	}
	db.read(func() {
		at := db.root.get(&n)
		s := at.zone.signer
		var walk func(at *node, occluded bool)
		walk = func(at *node, occluded bool) {
			cut := at != s.apex && at.delegated()
			for _, set := range at.sets {
				switch {
				case at == s.apex && set.typ == dns.TypeDS:
				case cut && (set.typ == dns.TypeNS || set.typ == dns.TypeDS):
					write(s, set.typ == dns.TypeDS, set.rrs...)
				case at.zone == nil || at == s.apex:
					write(s, !occluded && !cut, set.rrs...)
				}
			}
			for child := range at.children.all() {
				if at.zone == nil || at == s.apex {
					walk(child, occluded || cut)
				}
			}
		}
		walk(at, false)
		for _, l := range s.chain() {
			write(s, true, s.denial(l.node.wire()))
		}
	})
	return b.String()
}

// secureZones makes the zones of TestSecurePeers, all of them secure, and the names to ask about.
func secureZones(t *testing.T) (db *DB, zones []string, names map[string]bool) {
	t.Helper()
	db, names = &DB{Occluded: true}, make(map[string]bool)
	add := func(zone, text string) {
		rrs, err := Parse(text, zone, zone)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Add(rrs...); err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
		for _, rr := range rrs {
			for _, n := range suffixes(rr.Header().Name) {
				for _, prefix := range []string{"", "x.", "a.b.", "*."} {
					if dns.IsSubDomain(zone+".", prefix+n) {
						names[prefix+n] = true
					}
				}
			}
		}
	}
	for _, zone := range []string{"alias.test", "deleg.test", "dname.test", "kid.deleg.test", "wild.test"} {
		text, err := os.ReadFile("testdata/zones/" + zone + ".zone")
		if err != nil {
			t.Fatal(err)
		}
		add(zone, string(text))
	}
	for seed := range 4 {
		zone := fmt.Sprintf("r%d.test", seed)
		add(zone, randomZone(t, uint64(seed), zone+"."))
	}
	for i, zone := range zones {
		if err := db.Secure(zone, Security{NSEC3: i%2 == 0, OptOut: i%4 == 0}); err != nil {
			t.Fatal(err)
		}
		if zone != "kid.deleg.test" {
			delete(names, zone+".") // whose DS records we know and they don't
		}
	}
	return db, zones, names
}

// TestSecurePeers compares our answers to those who want signatures with those of NSD and Knot DNS.
func TestSecurePeers(t *testing.T) {
	t.Parallel()
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			path := program.Find(t, p.name)
			db, zones, names := secureZones(t)
			dir := machine.TempDir(t)
			for _, zone := range zones {
				if err := os.WriteFile(filepath.Join(dir, zone+".zone"), []byte(signedZone(db, zone)), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			p.compare(t, p.start(t, path, dir, zones), db, names, true)
		})
	}
}

// TestLDNS lets ldns-verify-zone check whole zones.
func TestLDNS(t *testing.T) {
	t.Parallel()
	path := program.Find(t, "ldns-verify-zone")
	db, zones, _ := secureZones(t)
	for _, zone := range zones {
		file := filepath.Join(machine.TempDir(t), "zone")
		if err := os.WriteFile(file, []byte(signedZone(db, zone)), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), path, file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", zone, err, out)
		}
	}
}
