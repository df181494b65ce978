package zone

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// testZones is what the tests of packets ask about.
const testZones = `
qq.com.           MX    10 mx1.qq.com.
qq.com.           MX    20 mx2.qq.com.
mx1.qq.com.       A     192.0.2.1
mx2.qq.com.       A     192.0.2.2
www.qq.com.       CNAME mx1.qq.com.
*.wild.qq.com.    TXT   "wild"
lame.qq.com.      NS    ns.lame.qq.com.
ns.lame.qq.com.   A     192.0.2.3
d.qq.com.         DNAME example.test.
a.example.test.   AAAA  2001:db8::1
$GENERATE 1-120   big.qq.com. A 10.0.0.$
$GENERATE 1-30    mx.big.qq.com. MX $ host-number-$.big.qq.com.
$GENERATE 1-30    host-number-$.big.qq.com. A 10.0.1.$
$GENERATE 1-40    deleg.qq.com. NS name-server-$.deleg.qq.com.
$GENERATE 1-40    name-server-$.deleg.qq.com. A 10.0.2.$
$GENERATE 1-320   huge.qq.com. TXT "string number ${0,230}"
`

// TestHeader checks what queries other than plain questions get.
func TestHeader(t *testing.T) {
	t.Parallel()
	db := load(t, testZones)
	opt := func(version uint8, owner string) *dns.OPT {
		o := &dns.OPT{Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypeOPT}}
		o.SetVersion(version)
		return o
	}
	tests := []struct {
		name string
		edit func(q *dns.Msg)
		want int // rcode; -1: no answer
	}{
		{"plain", func(*dns.Msg) {}, dns.RcodeSuccess},
		{"response", func(q *dns.Msg) { q.Response = true }, -1},
		{"no question (RFC 9619)", func(q *dns.Msg) { q.Question = nil }, dns.RcodeFormatError},
		{"two questions (RFC 9619)", func(q *dns.Msg) { q.Question = append(q.Question, q.Question[0]) }, dns.RcodeFormatError},
		{"NOTIFY", func(q *dns.Msg) { q.Opcode = dns.OpcodeNotify }, dns.RcodeNotImplemented},
		{"UPDATE", func(q *dns.Msg) { q.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented},
		{"opcode 15", func(q *dns.Msg) { q.Opcode = 15 }, dns.RcodeNotImplemented},
		{"class CH", func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
		{"class ANY", func(q *dns.Msg) { q.Question[0].Qclass = dns.ClassANY }, dns.RcodeRefused},
		{"class 0", func(q *dns.Msg) { q.Question[0].Qclass = 0 }, dns.RcodeFormatError},
		{"type 0", func(q *dns.Msg) { q.Question[0].Qtype = 0 }, dns.RcodeFormatError},
		{"AXFR", func(q *dns.Msg) { q.Question[0].Qtype = dns.TypeAXFR }, dns.RcodeRefused},
		{"EDNS", func(q *dns.Msg) { q.SetEdns0(4096, false) }, dns.RcodeSuccess},
		{"EDNS with DO", func(q *dns.Msg) { q.SetEdns0(4096, true) }, dns.RcodeSuccess},
		{"EDNS with an unknown option", func(q *dns.Msg) {
			o := opt(0, ".")
			o.Option = []dns.EDNS0{&dns.EDNS0_LOCAL{Code: 65001, Data: []byte("x")}}
			q.Extra = []dns.RR{o}
		}, dns.RcodeSuccess},
		{"EDNS version 1 (RFC 6891 §6.1.3)", func(q *dns.Msg) { q.Extra = []dns.RR{opt(1, ".")} }, dns.RcodeBadVers},
		{"two OPT (RFC 6891 §6.1.1)", func(q *dns.Msg) { q.Extra = []dns.RR{opt(0, "."), opt(0, ".")} }, dns.RcodeFormatError},
		{"OPT with a name", func(q *dns.Msg) { q.Extra = []dns.RR{opt(0, "qq.com.")} }, dns.RcodeFormatError},
		{"CD and AD", func(q *dns.Msg) { q.CheckingDisabled, q.AuthenticatedData = true, true }, dns.RcodeSuccess},
		{"RD clear", func(q *dns.Msg) { q.RecursionDesired = false }, dns.RcodeSuccess},
		{"foreign records", func(q *dns.Msg) { q.Answer = parse(t, "a.test. A 1.2.3.4"); q.Ns = q.Answer; q.Extra = q.Answer }, dns.RcodeSuccess},
	}
	for _, tt := range tests {
		for _, m := range []Mode{Recursive, Authoritative} {
			q := new(dns.Msg).SetQuestion("qq.COM.", dns.TypeMX)
			tt.edit(q)
			packet, err := q.Pack()
			if err != nil {
				t.Fatal(err)
			}
			out := db.ServePacket(packet, true, m)
			if tt.want < 0 {
				if out != nil {
					t.Errorf("%s: got an answer %x, want none", tt.name, out)
				}
				continue
			}
			r := new(dns.Msg)
			if err := r.Unpack(out); err != nil {
				t.Errorf("%s: answer %x: %v", tt.name, out, err)
				continue
			}
			if r.Rcode != tt.want {
				t.Errorf("%s: rcode: got %s, want %s", tt.name, dns.RcodeToString[r.Rcode], dns.RcodeToString[tt.want])
			}
			type header struct {
				ID                     uint16
				QR, RD, RA, AA, CD, AD bool
				Opcode                 int
				Question               string
				EDNS                   string
			}
			edns := func(o *dns.OPT, size uint16) string {
				if o == nil {
					return "none"
				}
				return fmt.Sprintf("size %d do %v", size, o.Do())
			}
			want := header{q.Id, true, q.RecursionDesired, m == Recursive, m == Authoritative && tt.want == dns.RcodeSuccess,
				m == Recursive && q.CheckingDisabled, false, q.Opcode, fmt.Sprint(q.Question), edns(q.IsEdns0(), MaxUDP)}
			got := header{r.Id, r.Response, r.RecursionDesired, r.RecursionAvailable, r.Authoritative, r.CheckingDisabled,
				r.AuthenticatedData, r.Opcode, fmt.Sprint(r.Question), edns(r.IsEdns0(), MaxUDP)}
			if opt := r.IsEdns0(); opt != nil && (opt.UDPSize() != MaxUDP || opt.Version() != 0 || len(opt.Option) != 0) {
				t.Errorf("%s: EDNS: got %v, want size %d, version 0, no options", tt.name, opt, MaxUDP)
			}
			if got != want {
				t.Errorf("%s, mode %d: got %+v, want %+v", tt.name, m, got, want)
			}
			if n := len(r.Answer); n > 0 != (tt.want == dns.RcodeSuccess) {
				t.Errorf("%s: got %d answers", tt.name, n)
			}
		}
	}
}

// TestSize checks that answers are cut to size, RRset by RRset (RFC 2181 §9, RFC 6891 §6.2.5).
func TestSize(t *testing.T) {
	t.Parallel()
	db := load(t, testZones)
	const none = 0 // no EDNS
	tests := []struct {
		question                  string
		size                      uint16
		udp                       bool
		limit                     int
		tc                        bool
		answer, authority, extras int
	}{
		{"qq.com. MX", none, true, 512, false, 2, 0, 2},
		{"big.qq.com. A", none, true, 512, true, 0, 0, 0},
		{"big.qq.com. A", 1232, true, 1232, true, 0, 0, 0},
		{"big.qq.com. A", 65535, true, 1232, true, 0, 0, 0},
		{"big.qq.com. A", none, false, 65535, false, 120, 0, 0},
		{"mx.big.qq.com. MX", none, true, 512, true, 0, 0, 0},
		{"mx.big.qq.com. MX", none, false, 65535, false, 30, 0, 30},
		// Addresses that do not fit are left out, and nobody is told: they can be asked for.
		{"mx.big.qq.com. MX", 1232, true, 1232, false, 30, 0, -1},
		// The glue of a referral is needed (RFC 9471 §3.1).
		{"x.deleg.qq.com. A", none, true, 512, true, 0, 0, 0},
		{"x.deleg.qq.com. A", 1232, true, 1232, true, 0, 40, -1},
		{"x.deleg.qq.com. A", none, false, 65535, false, 0, 40, 40},
		{"huge.qq.com. TXT", none, false, 65535, true, 254, 0, 0}, // of 320: nobody can ask again
		// A client's size below 512 counts as 512 (RFC 6891 §6.2.3).
		{"qq.com. MX", 100, true, 512, false, 2, 0, 2},
	}
	for _, tt := range tests {
		q := query(t, tt.question)
		if tt.size != none {
			q.SetEdns0(tt.size, false)
		}
		packet, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		out := db.ServePacket(packet, tt.udp, Authoritative)
		r := new(dns.Msg)
		if err := r.Unpack(out); err != nil {
			t.Errorf("%s: %v", tt.question, err)
			continue
		}
		extras := len(r.Extra)
		if r.IsEdns0() != nil {
			extras--
		}
		if (r.IsEdns0() != nil) != (tt.size != none) {
			t.Errorf("%s: got EDNS %v, want it as in the query", tt.question, r.IsEdns0())
		}
		if len(out) > tt.limit {
			t.Errorf("%s, size %d: got %d bytes, want at most %d", tt.question, tt.size, len(out), tt.limit)
		}
		wantExtras := tt.extras
		if wantExtras < 0 {
			if extras == 0 || extras >= 30 {
				t.Errorf("%s, size %d: got %d additional records, want some", tt.question, tt.size, extras)
			}
			wantExtras = extras
		}
		got := fmt.Sprint(r.Truncated, len(r.Answer), len(r.Ns), extras)
		if want := fmt.Sprint(tt.tc, tt.answer, tt.authority, wantExtras); got != want {
			t.Errorf("%s, size %d, udp %v: TC and records: got %s, want %s", tt.question, tt.size, tt.udp, got, want)
		}
	}
}

// TestBadPackets checks packets that are no messages.
func TestBadPackets(t *testing.T) {
	t.Parallel()
	db := load(t, testZones)
	head := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
	tests := []struct {
		name, packet string
		want         int // rcode, -1 for no answer
	}{
		{"nothing", "", -1},
		{"half a header", head[:11], -1},
		{"response, garbage", "\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff", -1},
		{"header only", head, dns.RcodeFormatError},
		{"name without end", head + "\x02qq", dns.RcodeFormatError},
		{"no type", head + "\x02qq\x03com\x00", dns.RcodeFormatError},
		{"half a type", head + "\x02qq\x03com\x00\x00", dns.RcodeFormatError},
		{"no class", head + "\x02qq\x03com\x00\x00\x0f", dns.RcodeFormatError},
		{"pointer to itself", head + "\xc0\x0c\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"pointers in a circle", head + "\xc0\x0e\xc0\x0c\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"pointer beyond the end", head + "\xc0\xff\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"reserved label type", head + "\x82qq\x00\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"name of 256 octets", head + strings.Repeat("\x3f"+strings.Repeat("a", 63), 4) + "\x00\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"name of 255 octets", head + strings.Repeat("\x3f"+strings.Repeat("a", 63), 3) + "\x3d" + strings.Repeat("a", 61) + "\x00\x00\x0f\x00\x01", dns.RcodeNameError},
		{"counts that lie", "\x12\x34\x01\x00\x00\x01\xff\xff\xff\xff\xff\xff\x02qq\x03com\x00\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"OPT promised, not there", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x02qq\x03com\x00\x00\x0f\x00\x01", dns.RcodeFormatError},
		{"OPT with options of the wrong length", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x02qq\x03com\x00\x00\x0f\x00\x01" +
			"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x04\x00\x08\x00\xff", dns.RcodeFormatError},
		{"good", head + "\x02qq\x03com\x00\x00\x0f\x00\x01", dns.RcodeSuccess},
	}
	for _, tt := range tests {
		out := db.ServePacket([]byte(tt.packet), true, Recursive)
		got := -1
		if len(out) >= headerSize {
			got = int(out[3] & 0xf)
			if id := binary.BigEndian.Uint16(out); id != 0x1234 {
				t.Errorf("%s: got id %#x, want 0x1234", tt.name, id)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got rcode %d, want %d", tt.name, got, tt.want)
		}
	}
}

// checkPacket fails the test if an answer is not a proper one for its query.
func checkPacket(tb testing.TB, db *DB, packet []byte, udp bool, m Mode) {
	tb.Helper()
	out := db.ServePacket(packet, udp, m)
	if len(packet) < headerSize || packet[2]&0x80 != 0 {
		if out != nil {
			tb.Errorf("packet %x: got %x, want no answer", packet, out)
		}
		return
	}
	if len(out) < headerSize || out[0] != packet[0] || out[1] != packet[1] || out[2]&0x80 == 0 {
		tb.Errorf("packet %x: got %x, want a response with its ID", packet, out)
		return
	}
	if udp && len(out) > MaxUDP {
		tb.Errorf("packet %x: got %d bytes, want %d at most", packet, len(out), MaxUDP)
	}
	if err := new(dns.Msg).Unpack(out); err != nil {
		tb.Errorf("packet %x: got %x: %v", packet, out, err)
	}
}

// TestRandomPackets sends 100,000 packets: noise, and queries in which bytes were changed, cut off or
// added.
func TestRandomPackets(t *testing.T) {
	t.Parallel()
	packets := 100_000
	if testing.Short() || raceEnabled {
		packets = 5_000
	}
	db, secured := load(t, testZones), load(t, testZones)
	if err := secured.Secure("qq.com", Security{NSEC3: true}); err != nil {
		t.Fatal(err)
	}
	var seeds [][]byte
	for _, question := range []string{"qq.com. MX", "x.wild.qq.com. TXT", "x.lame.qq.com. A", "a.d.qq.com. AAAA", "big.qq.com. ANY"} {
		q := query(t, question)
		q.SetEdns0(4096, true)
		q.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{}, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0123456789abcdef"}}
		packet, err := q.Pack()
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, packet)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range packets {
		var packet []byte
		if i%4 == 0 {
			packet = make([]byte, rnd.IntN(80))
			for j := range packet {
				packet[j] = byte(rnd.Uint32())
			}
		} else {
			packet = append(packet, seeds[rnd.IntN(len(seeds))]...)
			for range 1 + rnd.IntN(4) {
				switch at := rnd.IntN(len(packet)); rnd.IntN(4) {
				case 0:
					packet[at] = byte(rnd.Uint32())
				case 1:
					packet[at] ^= 1 << rnd.IntN(8)
				case 2:
					packet = packet[:at+1]
				case 3:
					packet = append(packet, packet[at:]...)
				}
			}
		}
		checkPacket(t, db, packet, i%2 == 0, Mode(i%3%2))
		if i%20 == 0 {
			checkPacket(t, secured, packet, i%2 == 0, Mode(i%3%2))
		}
		if t.Failed() {
			return
		}
	}
}

func FuzzPacket(f *testing.F) {
	db, secured := load(f, testZones), load(f, testZones)
	for zone, s := range map[string]Security{"qq.com": {}, "example.test": {NSEC3: true}} {
		if err := secured.Secure(zone, s); err != nil {
			f.Fatal(err)
		}
	}
	for _, question := range []string{"qq.com. MX", "x.wild.qq.com. TXT", "x.lame.qq.com. A", "a.d.qq.com. AAAA", "huge.qq.com. TXT"} {
		q := query(f, question)
		q.Id = 1
		plain, err := q.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain, true, false)
		edns, err := q.SetEdns0(4096, true).Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(edns, false, true)
	}
	f.Fuzz(func(t *testing.T, packet []byte, udp, authoritative bool) {
		mode := Recursive
		if authoritative {
			mode = Authoritative
		}
		checkPacket(t, db, packet, udp, mode)
		checkPacket(t, secured, packet, udp, mode)
	})
}
