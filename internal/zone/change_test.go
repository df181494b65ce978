package zone

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// dump returns the whole tree as text: zones in brackets, then records.
func dump(db *DB) string {
	var lines []string
	var walk func(at *node, path string)
	walk = func(at *node, path string) {
		if at.zone != nil {
			lines = append(lines, "["+path+"]")
		}
		for _, s := range at.sets {
			for _, rr := range s.rrs {
				lines = append(lines, strings.Join(strings.Fields(rr.String()), " "))
			}
		}
		if at.zone == nil && len(at.sets) == 0 && at.children.count() == 0 {
			lines = append(lines, "empty node "+path)
		}
		for _, child := range slices.SortedFunc(at.children.all(), func(a, b *node) int { return strings.Compare(a.label, b.label) }) {
			if child.parent != at || at.children.get([]byte(child.label)) != child {
				lines = append(lines, "broken link at "+path)
			}
			walk(child, child.label+"."+strings.TrimPrefix(path, "."))
		}
	}
	db.lock()
	defer db.mu.Unlock()
	walk(&db.root, ".")
	return strings.Join(lines, "\n")
}

// serial returns the serial number of the zone that a name belongs to.
func serial(tb testing.TB, db *DB, name string) uint32 {
	tb.Helper()
	r := db.Answer(query(tb, name+" TYPE65534"), Recursive)
	if len(r.Ns) != 1 {
		tb.Fatalf("%s: got %v, want one SOA", name, r.Ns)
	}
	return r.Ns[0].(*dns.SOA).Serial
}

// TestAddErrors checks what is refused, and that nothing of it stays, nor of what came with it.
func TestAddErrors(t *testing.T) {
	t.Parallel()
	header := func(name string, typ uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: typ, Class: dns.ClassINET, Ttl: 60}
	}
	a := func(edit func(*dns.A)) *dns.A {
		rr := &dns.A{Hdr: header("x.qq.com.", dns.TypeA), A: []byte{192, 0, 2, 1}}
		edit(rr)
		return rr
	}
	rr := func(text string) dns.RR {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		return rr
	}
	tests := []struct {
		name string
		rr   dns.RR
		want string
	}{
		{"nil", nil, "zone: nil record"},
		{"no name", a(func(rr *dns.A) { rr.Hdr.Name = "" }), "zone:  A: no owner name"},
		{"relative name", a(func(rr *dns.A) { rr.Hdr.Name = "x" }), "zone: x A: dns: domain must be fully qualified"},
		{"long label", a(func(rr *dns.A) { rr.Hdr.Name = strings.Repeat("a", 64) + ".test." }), "dns: bad rdata"},
		{"long name", a(func(rr *dns.A) { rr.Hdr.Name = strings.Repeat("a.", 128) }), "255"},
		{"class", a(func(rr *dns.A) { rr.Hdr.Class = dns.ClassCHAOS }), "class is CH, want IN"},
		{"no class", a(func(rr *dns.A) { rr.Hdr.Class = 0 }), "class is CLASS0, want IN"},
		{"TTL", a(func(rr *dns.A) { rr.Hdr.Ttl = 1 << 31 }), "RFC 2181 §8"},
		{"no address", a(func(rr *dns.A) { rr.A = nil }), "no data"},
		{"short address", a(func(rr *dns.A) { rr.A = rr.A[:3] }), "x.qq.com. A: "},
		{"other type", a(func(rr *dns.A) { rr.Hdr.Rrtype = dns.TypeMX }), "x.qq.com. MX: "},
		{"type 0", a(func(rr *dns.A) { rr.Hdr.Rrtype = 0 }), "no zone holds"},
		{"OPT", &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT, Class: dns.ClassINET}}, "no zone holds"},
		{"ANY", &dns.ANY{Hdr: header("qq.com.", dns.TypeANY)}, "no zone holds"},
		{"string of 256 bytes", &dns.TXT{Hdr: header("qq.com.", dns.TypeTXT), Txt: []string{strings.Repeat("x", 256)}}, "255"},
		{"bad base64", &dns.DNSKEY{Hdr: header("qq.com.", dns.TypeDNSKEY), PublicKey: "!"}, "qq.com. DNSKEY: "},
		{"CNAME beside data", rr("mx.qq.com. CNAME a.test."), "RFC 1034 §3.6.2"},
		{"CNAME at an apex", rr("qq.com. CNAME a.test."), "a zone begins at this name and has an SOA record there"},
		{"data beside a CNAME", rr("www.qq.com. A 192.0.2.1"), "RFC 1034 §3.6.2"},
		{"SOA at a CNAME", rr("www.qq.com. SOA a. b. 1 2 3 4 5"), "RFC 1034 §3.6.2"},
		{"second CNAME", rr("www.qq.com. CNAME b.test."), "RFC 2181 §10.1"},
		{"second DNAME", rr("d.qq.com. DNAME b.test."), "RFC 6672 §2.4"},
		{"data beneath a DNAME", rr("a.b.d.qq.com. A 192.0.2.1"), "RFC 6672 §2.4"},
		{"DNAME above data", rr("com.cn.qq.com. DNAME b.test."), "RFC 6672 §2.4"},
		{"NS at a wildcard", rr("*.w.qq.com. NS b.test."), "RFC 4592 §4"},
	}
	const text = `
mx.qq.com.          A     192.0.2.1
www.qq.com.         CNAME mx.qq.com.
d.qq.com.           DNAME qq.com.
a.com.cn.qq.com.    A     192.0.2.1
`
	for _, tt := range tests {
		db := load(t, text)
		before := dump(db)
		good := []dns.RR{rr("new.qq.com. A 192.0.2.1"), rr("mx.qq.com. 1 A 192.0.2.2"), rr("sub.qq.com. SOA a. b. 1 2 3 4 5"), rr("qq.com. NS ns.test."), rr("163.com. MX 1 a.test.")}
		err := db.Add(append(good, tt.rr)...)
		var bad *RecordError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want a RecordError with %q", tt.name, err, tt.want)
			continue
		}
		if bad.RR != tt.rr {
			t.Errorf("%s: got record %v, want %v", tt.name, bad.RR, tt.rr)
		}
		if after := dump(db); after != before {
			t.Errorf("%s: after the error: got\n%s\nwant\n%s", tt.name, after, before)
		}
		if err := db.Add(good...); err != nil {
			t.Errorf("%s: the others alone: %v", tt.name, err)
		}
		// Replace is just as strict.
		if tt.rr == nil {
			continue
		}
		before = dump(db)
		if err := db.Replace("qq.com", append(parse(t, text), tt.rr)...); err == nil {
			t.Errorf("%s: Replace: got no error", tt.name)
		}
		if after := dump(db); after != before {
			t.Errorf("%s: after the error of Replace: got\n%s\nwant\n%s", tt.name, after, before)
		}
	}
}

// TestChanges follows one DB through changes: what it holds after each, and the serial number of qq.com.
func TestChanges(t *testing.T) {
	t.Parallel()
	var db DB
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	check := func(what string, wantSerial uint32, want ...string) {
		t.Helper()
		got := strings.TrimPrefix(dump(&db), "[.]\n. 300 IN SOA ns. hostmaster. 1 3600 600 604800 300\n. 300 IN NS ns.\n")
		if w := strings.Join(want, "\n"); got != w {
			t.Errorf("%s: got\n%s\nwant\n%s", what, got, w)
		}
		if s := serial(t, &db, "none.qq.com."); s != wantSerial {
			t.Errorf("%s: got serial %d, want %d", what, s, wantSerial)
		}
	}
	soa := func(serial int) string {
		return fmt.Sprintf("qq.com. 300 IN SOA ns.qq.com. hostmaster.qq.com. %d 3600 600 604800 300", serial)
	}
	const ns = "qq.com. 300 IN NS ns.qq.com."

	ok(db.Ensure("QQ.com"))
	soa1 := strings.ReplaceAll(soa(1), "qq.com", "QQ.com")
	check("Ensure", 1, "[qq.com.]", soa1, "QQ.com. 300 IN NS ns.QQ.com.")
	ok(db.Ensure("qq.com."))
	check("Ensure again", 1, "[qq.com.]", soa1, "QQ.com. 300 IN NS ns.QQ.com.")
	if got := db.RemoveZone("qq.com"); !got {
		t.Error("RemoveZone: got false, want true")
	}
	if got, want := dump(&db), "[.]\n. 300 IN SOA ns. hostmaster. 1 3600 600 604800 300\n. 300 IN NS ns."; got != want {
		t.Errorf("RemoveZone: got\n%s\nwant\n%s", got, want)
	}

	ok(db.Add(parse(t, "a.qq.com. A 192.0.2.1\nb.qq.com. A 192.0.2.2")...))
	check("Add", 1, "[qq.com.]", soa(1), ns, "a.qq.com. 300 IN A 192.0.2.1", "b.qq.com. 300 IN A 192.0.2.2")
	ok(db.Add(parse(t, "a.qq.com. A 192.0.2.1")...))
	check("Add what is there", 1, "[qq.com.]", soa(1), ns, "a.qq.com. 300 IN A 192.0.2.1", "b.qq.com. 300 IN A 192.0.2.2")
	ok(db.Add(parse(t, "a.qq.com. 60 A 192.0.2.3\nA.qq.com. 90 A 192.0.2.4")...))
	check("Add to a set", 2, "[qq.com.]", soa(2), ns, "a.qq.com. 60 IN A 192.0.2.1", "a.qq.com. 60 IN A 192.0.2.3",
		"a.qq.com. 60 IN A 192.0.2.4", "b.qq.com. 300 IN A 192.0.2.2")
	if got := db.Remove("A.qq.com", dns.TypeA); got != 3 {
		t.Errorf("Remove: got %d, want 3", got)
	}
	check("Remove", 3, "[qq.com.]", soa(3), ns, "b.qq.com. 300 IN A 192.0.2.2")
	for _, name := range []string{"a.qq.com", "b.qq.com", "qq.com", "", "x..y"} {
		if got := db.Remove(name, dns.TypeTXT); got != 0 {
			t.Errorf("Remove of nothing at %q: got %d, want 0", name, got)
		}
	}
	check("Remove nothing", 3, "[qq.com.]", soa(3), ns, "b.qq.com. 300 IN A 192.0.2.2")
	ok(db.Add(parse(t, "qq.com. NS ns1.test.\nqq.com. NS ns2.test.")...))
	check("NS instead of the synthesized", 4, "[qq.com.]", soa(4), "qq.com. 300 IN NS ns1.test.", "qq.com. 300 IN NS ns2.test.", "b.qq.com. 300 IN A 192.0.2.2")

	// A zone in the zone takes over what lies beneath its apex, its delegation included.
	ok(db.Add(parse(t, "sub.qq.com. NS ns1.sub.qq.com.\nns1.sub.qq.com. A 192.0.2.9\nsub.qq.com. DS 1 13 2 "+strings.Repeat("00", 32))...))
	ok(db.Ensure("sub.qq.com"))
	sub := []string{"[sub.qq.com.]", "sub.qq.com. 300 IN NS ns1.sub.qq.com.", "sub.qq.com. 300 IN DS 1 13 2 " + strings.Repeat("00", 32),
		"sub.qq.com. 300 IN SOA ns.sub.qq.com. hostmaster.sub.qq.com. 1 3600 600 604800 300", "ns1.sub.qq.com. 300 IN A 192.0.2.9"}
	check("zone in zone", 5, append([]string{"[qq.com.]", soa(5), "qq.com. 300 IN NS ns1.test.", "qq.com. 300 IN NS ns2.test.", "b.qq.com. 300 IN A 192.0.2.2"}, sub...)...)

	// Replace leaves the zone beneath alone, but for the DS record, which is the parent's.
	sub = append(sub[:2], sub[3:]...)
	ok(db.Replace("qq.com.", parse(t, "c.qq.com. A 192.0.2.3")...))
	check("Replace", 6, append([]string{"[qq.com.]", soa(6), ns, "c.qq.com. 300 IN A 192.0.2.3"}, sub...)...)
	ok(db.Replace("qq.com.", parse(t, "qq.com. 9 SOA a. b. 4294967295 1 1 1 1\nqq.com. 300 NS ns3.test.")...))
	check("Replace with SOA", 4294967295, append([]string{"[qq.com.]", "qq.com. 9 IN SOA a. b. 4294967295 1 1 1 1", "qq.com. 300 IN NS ns3.test."}, sub...)...)
	if got := db.Remove("qq.com", dns.TypeANY); got != 1 {
		t.Errorf("Remove all at the apex: got %d, want 1: the SOA stays", got)
	}
	check("Remove all at the apex: the serial wraps (RFC 1982)", 0, append([]string{"[qq.com.]", "qq.com. 9 IN SOA a. b. 0 1 1 1 1"}, sub...)...)
	ok(db.Add(parse(t, "qq.com. 8 SOA a. c. 7 1 1 1 1")...))
	check("another SOA", 7, append([]string{"[qq.com.]", "qq.com. 8 IN SOA a. c. 7 1 1 1 1"}, sub...)...)
	if got := db.RemoveZone("sub.qq.com"); !got {
		t.Error("RemoveZone: got false, want true")
	}
	check("RemoveZone", 7, "[qq.com.]", "qq.com. 8 IN SOA a. c. 7 1 1 1 1")
	for _, apex := range []string{"sub.qq.com", "com", "nowhere.test", ""} {
		if db.RemoveZone(apex) {
			t.Errorf("RemoveZone(%q): got true, want false", apex)
		}
	}

	if err := db.Replace("qq.com", parse(t, "163.com. A 192.0.2.1")...); err == nil || !strings.Contains(err.Error(), "163.com. A: not in zone qq.com.") {
		t.Errorf("Replace with a record of another zone: got %v", err)
	}
	if err := db.Replace("..", parse(t, "163.com. A 192.0.2.1")...); err == nil {
		t.Error("Replace of a bad name: got no error")
	}
	if err := db.Ensure(strings.Repeat("a", 64)); err == nil {
		t.Error("Ensure of a bad name: got no error")
	}
	ok(db.Add(parse(t, "alias.qq.com. CNAME a.test.")...))
	if err := db.Ensure("alias.qq.com"); err == nil {
		t.Error("Ensure at an alias: got no error")
	}
	ok(db.Replace(".", parse(t, "xn--p1ai. NS ns.test.")...))
	if got, want := ask(t, &db, "x.xn--p1ai. A", Authoritative), "NOERROR\nauthority  xn--p1ai. 300 IN NS ns.test.\n"; got != want {
		t.Errorf("root made on purpose: got %s, want %s", got, want)
	}
	db.RemoveZone(".")
	if got, want := ask(t, &db, "x.xn--p1ai. A", Authoritative), "REFUSED\n"; got != want {
		t.Errorf("root removed: got %s, want %s", got, want)
	}
}

// TestCallersRecords checks that the DB does not depend on what its callers do with their records.
func TestCallersRecords(t *testing.T) {
	t.Parallel()
	var db DB
	rr := parse(t, "qq.com. MX 10 mx.qq.com.")[0].(*dns.MX)
	if err := db.Add(rr); err != nil {
		t.Fatal(err)
	}
	rr.Mx, rr.Hdr.Ttl = "evil.test.", 0
	r := db.Answer(query(t, "qq.com. MX"), Recursive)
	r.Answer[0] = rr
	want := "NOERROR ra\nanswer     qq.com. 300 IN MX 10 mx.qq.com.\n"
	if got := ask(t, &db, "qq.com. MX", Recursive); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTooManyRecords checks the bound on one RRset.
func TestTooManyRecords(t *testing.T) {
	t.Parallel()
	var rrs []dns.RR
	for i := range maxRecords + 1 {
		rrs = append(rrs, &dns.TXT{Hdr: dns.RR_Header{Name: "qq.com.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{fmt.Sprint(i)}})
	}
	var db DB
	if err := db.Add(rrs...); err == nil {
		t.Errorf("%d records: got no error", len(rrs))
	}
	if raceEnabled {
		return
	}
	if err := db.Add(rrs[1:]...); err != nil {
		t.Errorf("%d records: %v", len(rrs)-1, err)
	}
}

// TestConcurrency checks that answers see each change entirely or not at all: the two addresses of
// every host always come together, while hosts come and go.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	var db DB
	const hosts, rounds = 4, 60
	pair := func(i, round int) []dns.RR {
		return parse(t, fmt.Sprintf("host%[1]d.qq.com. A 10.0.%[2]d.1\nhost%[1]d.qq.com. A 10.0.%[2]d.2\n", i, round))
	}
	changes := make([][][]dns.RR, hosts)
	for i := range hosts {
		for round := range rounds {
			changes[i] = append(changes[i], pair(i, round))
		}
	}
	var wg sync.WaitGroup
	for i := range hosts {
		name := fmt.Sprintf("host%d.qq.com.", i)
		wg.Go(func() {
			for round := range rounds {
				if round%3 == 2 {
					db.Remove(name, dns.TypeA)
				} else if err := db.Add(changes[i][round]...); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			q := new(dns.Msg).SetQuestion(name, dns.TypeA)
			packet, err := q.Pack()
			if err != nil {
				t.Error(err)
				return
			}
			for range 4 * rounds {
				if r := db.Answer(q, Recursive); len(r.Answer)%2 != 0 {
					t.Errorf("%s: got %d addresses, want an even number", name, len(r.Answer))
				}
				db.ServePacket(packet, true, Authoritative)
			}
		})
	}
	wg.Wait()
}

// TestAllocs bounds the allocations of a question and its answer, unpacking and packing included.
func TestAllocs(t *testing.T) {
	db := hosts(t, 10)
	for question, most := range map[string]float64{"mx1.domain7.com. A": 10, "domain7.com. MX": 14, "nobody.test. MX": 10} {
		packet, err := query(t, question).Pack()
		if err != nil {
			t.Fatal(err)
		}
		answer := func() {
			q, _ := Unpack(packet, Recursive)
			Pack(db.Answer(q, Recursive), q, true)
		}
		if got := testing.AllocsPerRun(100, answer); got > most {
			t.Errorf("%s: got %v allocations, want at most %v", question, got, most)
		}
	}
}
