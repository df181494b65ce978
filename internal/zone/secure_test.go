package zone

// Tests of secure zones: how they come, change and go. What they answer is checked by a validator
// of our own (TestValidator), and by others.

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// secured is load with some zones secured.
func secured(tb testing.TB, text string, zones ...string) *DB {
	tb.Helper()
	db := load(tb, text)
	for _, zone := range zones {
		if err := db.Secure(zone, Security{}); err != nil {
			tb.Fatal(err)
		}
	}
	return db
}

// outline is dump without what is random in it or synthesized: zones, and the names and types of
// their records.
func outline(db *DB) string {
	var lines []string
	for line := range strings.Lines(dump(db)) {
		f := strings.Fields(line)
		if len(f) > 3 {
			if f[3] == "SOA" || f[3] == "NS" {
				continue
			}
			f = []string{f[0], f[3]}
		}
		if line = strings.Join(f, " "); len(lines) == 0 || lines[len(lines)-1] != line {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// TestSecure follows a DB through changes of what is secure in it.
func TestSecure(t *testing.T) {
	t.Parallel()
	db := load(t, "qq.com. MX 10 mx.qq.com.\nwww.shop.co.uk. A 192.0.2.1\ncom. TXT com")
	check := func(what string, want ...string) {
		t.Helper()
		if got, want := outline(db), strings.Join(want, "\n"); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	keysOf := func(zone string) string { return fmt.Sprint(db.Answer(query(t, zone+" DNSKEY"), Recursive).Answer) }

	ok(db.Secure("QQ.com", Security{}))
	root := []string{"[.]", ". DNSKEY"}
	com := []string{"[com.]", "com. TXT", "com. DNSKEY", "com. DS", "[qq.com.]", "qq.com. MX", "QQ.com. DNSKEY", "QQ.com. DS"}
	uk := []string{"[shop.co.uk.]", "www.shop.co.uk. A"}
	check("Secure", slices.Concat(root, com, uk)...)

	ok(db.Secure("mail.shop.co.uk", Security{NSEC3: true}))
	uk = []string{"[uk.]", "uk. DNSKEY", "uk. DS", "[co.uk.]", "co.uk. DNSKEY", "co.uk. DS",
		"[shop.co.uk.]", "shop.co.uk. DNSKEY", "shop.co.uk. DS",
		"[mail.shop.co.uk.]", "mail.shop.co.uk. DNSKEY", "mail.shop.co.uk. NSEC3PARAM", "mail.shop.co.uk. DS", "www.shop.co.uk. A"}
	check("Secure, more parents", slices.Concat(root, com, uk)...)

	// Zones beneath those that were made on the way come by themselves, as beneath the root.
	ok(db.Add(parse(t, "mx.163.com. A 192.0.2.2\nb.c.uk. A 192.0.2.3\nuk. TXT uk")...))
	com = slices.Insert(com, 4, "[163.com.]", "mx.163.com. A")
	uk = slices.Concat([]string{"[uk.]", "uk. DNSKEY", "uk. DS", "uk. TXT", "[c.uk.]", "b.c.uk. A"}, uk[3:])
	check("Add beneath", slices.Concat(root, com, uk)...)

	ok(db.Secure("org", Security{}))
	ok(db.Add(parse(t, "mx.gnu.org. A 192.0.2.4")...))
	org := []string{"[org.]", "org. DNSKEY", "org. DS", "[gnu.org.]", "mx.gnu.org. A"}
	check("Secure of a parent itself", slices.Concat(root, com, org, uk)...)
	uk = slices.Concat(org, uk)

	// Keys stay where the algorithm does.
	before := keysOf("qq.com.")
	ok(db.Secure("qq.com", Security{Flaw: NoDS}))
	if after := keysOf("qq.com."); after != before {
		t.Errorf("Secure again: got keys %s, want %s", after, before)
	}
	check("NoDS", slices.Concat(root, com[:len(com)-1], uk)...)
	ok(db.Secure("qq.com", Security{Flaw: Unsigned}))
	unsigned := slices.Concat(com[:len(com)-2], []string{"QQ.com. DS"})
	check("Unsigned", slices.Concat(root, unsigned, uk)...)
	ok(db.Secure("qq.com", Security{Algorithm: dns.ED25519}))
	if after := keysOf("qq.com."); after == before || after == "[]" {
		t.Errorf("Secure with another algorithm: got keys %s, want others", after)
	}
	before = keysOf("qq.com.")

	// What a zone makes it keeps, and takes from nobody.
	for _, typ := range []uint16{dns.TypeDNSKEY, dns.TypeNSEC3PARAM} {
		if n := db.Remove("mail.shop.co.uk", typ); n != 0 {
			t.Errorf("Remove of %s: got %d, want 0", dns.Type(typ), n)
		}
	}
	ok(db.Replace("qq.com", parse(t, "qq.com. TXT new")...))
	if after := keysOf("qq.com."); after != before {
		t.Errorf("Replace: got keys %s, want %s", after, before)
	}
	if got := db.Remove("qq.com", dns.TypeANY); got != 3 { // NS, TXT, DS
		t.Errorf("Remove of all: got %d, want 3", got)
	}
	if after := keysOf("qq.com."); after != before {
		t.Errorf("Remove of all: got keys %s, want %s", after, before)
	}
	for _, line := range []string{"qq.com. NSEC a.qq.com. A", "x.qq.com. RRSIG A 13 3 300 20300101000000 20200101000000 1 qq.com. AAAA"} {
		if err := db.Add(parse(t, line)...); err == nil || !strings.Contains(err.Error(), "makes such records itself") {
			t.Errorf("Add of %s: got error %v, want one", line, err)
		}
	}
	ok(db.Replace("com", parse(t, "com. TXT com")...))
	if n := len(db.Answer(query(t, "shop.co.uk. DS"), Recursive).Answer); n != 1 {
		t.Errorf("shop.co.uk. DS: got %d, want 1", n)
	}

	// A zone that goes takes its DS record along.
	if !db.RemoveZone("mail.shop.co.uk") {
		t.Error("RemoveZone: got false, want true")
	}
	if r := db.Answer(query(t, "mail.shop.co.uk. DS"), Recursive); r.Rcode != dns.RcodeNameError {
		t.Errorf("DS of a zone that went: got %v, want NXDOMAIN", r)
	}
	if !db.RemoveZone(".") {
		t.Error("RemoveZone of the root: got false, want true")
	}
	if got := found(db, "shop.co.uk.", dns.TypeSOA); got != insecure {
		t.Errorf("without a root to trust: got verdict %d, want %d", got, insecure)
	}
	if _, err := db.TrustAnchor(); err != nil {
		t.Error(err)
	}
	if got := found(db, "shop.co.uk.", dns.TypeSOA); got != secure {
		t.Errorf("with another root: got verdict %d, want %d", got, secure)
	}
}

// TestSecureErrors checks what cannot be secured, and that nothing changes then.
func TestSecureErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(strings.Repeat("a", 63)+".", 3) + "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.com"
	tests := []struct {
		zone string
		s    Security
		want string
	}{
		{"", Security{}, "empty domain name"},
		{"a..b", Security{}, "not a domain name"},
		{"alias.qq.com", Security{}, "RFC 1034 §3.6.2"},
		{"x.alias.d.qq.com", Security{}, "RFC 6672 §2.4"},
		{"signed.com", Security{}, "the zone has NSEC records at a.signed.com. already"},
		{"new.com", Security{Algorithm: dns.RSAMD5}, "no keys are made for algorithm 1"},
		{long, Security{}, "too long for NSEC3"},
	}
	for _, tt := range tests {
		db := load(t, "alias.qq.com. CNAME qq.com.\nd.qq.com. DNAME test.\nsigned.com. A 192.0.2.1\na.signed.com. NSEC signed.com. A")
		before := dump(db)
		if err := db.Secure(tt.zone, tt.s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Secure(%q, %v): got error %v, want one with %q", tt.zone, tt.s, err, tt.want)
		}
		if after := dump(db); after != before {
			t.Errorf("Secure(%q, %v), after the error: got\n%s\nwant\n%s", tt.zone, tt.s, after, before)
		}
	}
}

// TestDS checks what the DS records of others do (RFC 4035 §5.2).
func TestDS(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("00", 32)
	tests := []struct {
		name, ds string
		secured  bool
		want     verdict
	}{
		{"none", "", false, insecure},
		{"an unsigned zone", "DS 1 13 2 " + digest, false, bogus},
		{"an unknown algorithm", "DS 1 200 2 " + digest, false, insecure},
		{"an unknown digest", "DS 1 13 200 " + digest, false, insecure},
		{"one of two", "DS 1 13 2 " + digest, true, secure},
	}
	for _, tt := range tests {
		db := secured(t, "www.qq.com. A 192.0.2.1", "com")
		if tt.secured {
			if err := db.Secure("qq.com", Security{}); err != nil {
				t.Fatal(err)
			}
		}
		if tt.ds != "" {
			if err := db.Add(parse(t, "qq.com. "+tt.ds)...); err != nil {
				t.Fatal(err)
			}
		}
		if got := found(db, "www.qq.com.", dns.TypeA); got != tt.want {
			t.Errorf("%s: got verdict %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestCanonicalOrder checks the order of names with the example of RFC 4034 §6.1.
func TestCanonicalOrder(t *testing.T) {
	t.Parallel()
	names := []string{"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.", "z.example.",
		`\000.z.example.`, `\000\000.z.example.`, `\000\001.z.example.`, `\001.z.example.`, `\001\000.z.example.`, `\002.z.example.`,
		"*.z.example.", `\200.z.example.`}
	s := &signer{}
	last := ""
	for _, name := range names {
		n, err := parseName(name)
		if err != nil {
			t.Fatal(err)
		}
		key := s.key(n.wire[:n.len()])
		if key <= last {
			t.Errorf("%s: got the key %q, want one behind %q", name, key, last)
		}
		last = key
		hashed := (&signer{Security: Security{NSEC3: true}}).key(n.wire[:n.len()])
		rr := (&signer{name: "example.", apex: &node{zone: &zone{negative: &dns.SOA{}}}}).nsec3(hashed, hashed, nil).(*dns.NSEC3)
		if got, want := rr.NextDomain, dns.HashName(name, dns.SHA1, 0, ""); got != want {
			t.Errorf("hash of %s: got %s, want %s", name, got, want)
		}
	}
}

// TestOddNames checks that names which look like wildcards are signed as what they are.
func TestOddNames(t *testing.T) {
	t.Parallel()
	db := secured(t, "*x.qq.com. A 192.0.2.1\n\\000\\.b.qq.com. A 192.0.2.2\nB\\@.qq.com. A 192.0.2.3", "qq.com")
	for _, name := range []string{"*x.qq.com.", `\000\.b.qq.com.`, `b\@.QQ.com.`} {
		q := new(dns.Msg).SetQuestion(name, dns.TypeA).SetEdns0(MaxUDP, true)
		r := new(dns.Msg)
		packet, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Unpack(db.ServePacket(packet, true, Authoritative)); err != nil {
			t.Fatal(err)
		}
		keys := db.Answer(query(t, "qq.com. DNSKEY"), Recursive).Answer
		if len(r.Answer) != 2 {
			t.Errorf("%s: got %v, want an address and its signature", name, r)
			continue
		}
		sig := r.Answer[1].(*dns.RRSIG)
		if got, want := int(sig.Labels), dns.CountLabel(name); got != want {
			t.Errorf("%s: signature has %d labels, want %d", name, got, want)
		}
		if _, ok := verify("qq.com.", keys, r.Answer[:1], []*dns.RRSIG{sig}); !ok {
			t.Errorf("%s: %v is no good signature", name, sig)
		}
	}
}

// TestSecureConcurrency denies names while others come and go.
func TestSecureConcurrency(t *testing.T) {
	t.Parallel()
	db := secured(t, "a.qq.com. A 192.0.2.1", "qq.com")
	var changes [][]dns.RR
	for i := range 40 {
		changes = append(changes, parse(t, fmt.Sprintf("x%d.qq.com. A 192.0.2.1\ny.z%d.com. A 192.0.2.1", i, i)))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for i, rrs := range changes {
			if err := db.Add(rrs...); err != nil {
				t.Error(err)
			}
			if i%4 == 0 {
				db.RemoveZone(fmt.Sprintf("z%d.com", i))
				db.Remove(fmt.Sprintf("x%d.qq.com", i), dns.TypeA)
			}
			if i%10 == 0 {
				if err := db.Secure("qq.com", Security{NSEC3: i%20 == 0}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for i := range 60 {
				name := fmt.Sprintf("x%d.qq.com.", i%40)
				q := new(dns.Msg).SetQuestion(name, dns.TypeA).SetEdns0(MaxUDP, true)
				r := db.Answer(q, Recursive)
				if exists := len(r.Answer) == 2; !r.AuthenticatedData || exists == (r.Rcode == dns.RcodeNameError) {
					t.Errorf("%s: got %v, want an address, or proof that there is no such name", name, r)
				}
			}
		})
	}
	wg.Wait()
}
