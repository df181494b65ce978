package zone

// A slow and simple answerer as the oracle for the fast one: RFC 1034 §4.3.2 word by word, over lists
// of records and of labels.

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// oracle is all records of some zones, in the order in which they were added. Names are in lower case.
type oracle struct {
	rrs []dns.RR
}

func labels(name string) []string { return dns.SplitDomainName(name) }

func join(labels []string) string { return strings.Join(labels, ".") + "." }

// at returns the records of a name and type.
func (o oracle) at(name string, typ uint16) (rrs []dns.RR) {
	for _, rr := range o.rrs {
		if h := rr.Header(); h.Name == name && h.Rrtype == typ {
			rrs = append(rrs, rr)
		}
	}
	return rrs
}

// exists reports whether there is any record at or beneath a name.
func (o oracle) exists(name string) bool {
	return slices.ContainsFunc(o.rrs, func(rr dns.RR) bool { return isBeneath(rr.Header().Name, name) })
}

// isBeneath reports whether a name is another or beneath it. In neither is a dot escaped.
func isBeneath(name, other string) bool {
	above, ok := strings.CutSuffix(name, other)
	return ok && (above == "" || strings.HasSuffix(above, ".")) || other == "."
}

// suffixes returns a name's ancestors and itself, the longest first, without the root.
func suffixes(name string) (all []string) {
	for _, at := range dns.Split(name) {
		all = append(all, name[at:])
	}
	return all
}

// zoneOf returns the closest enclosing apex, or "".
func (o oracle) zoneOf(name string, typ uint16) string {
	for i, s := range suffixes(name) {
		if o.at(s, dns.TypeSOA) != nil && !(i == 0 && typ == dns.TypeDS) {
			return s
		}
	}
	return ""
}

func (o oracle) answer(q dns.Question, m Mode) *dns.Msg {
	r := new(dns.Msg)
	r.RecursionAvailable = m == Recursive
	name, first := q.Name, ""
	var visited []string
	for {
		visited = append(visited, name)
		// Step 2: search the zones for the one that is the nearest ancestor to QNAME.
		zone := o.zoneOf(name, q.Qtype)
		if zone == "" && m == Authoritative {
			zone = o.zoneOf(name, dns.TypeNone)
		}
		if zone == "" {
			panic("the tests have a zone for every name")
		}
		if m == Authoritative && first != "" && first != zone {
			return r
		}
		target := o.step(r, q.Qtype, name, zone, m)
		if first == "" && m == Authoritative {
			r.Authoritative = len(r.Ns) == 0 || r.Ns[0].Header().Rrtype == dns.TypeSOA
		}
		if first = zone; target == "" {
			return r
		}
		most := 16
		if m == Recursive {
			most = 11
		}
		if slices.Contains(visited, target) || len(visited) > most {
			if m == Recursive {
				r.Rcode = dns.RcodeServerFailure
			}
			return r
		}
		name = target
	}
}

// step is steps 3 to 6 for one name; it returns the name to go on with.
func (o oracle) step(r *dns.Msg, qtype uint16, name, zone string, m Mode) (target string) {
	// Step 3: match down, label by label.
	down := suffixes(name)
	slices.Reverse(down)
	for _, n := range down {
		if !isBeneath(n, zone) {
			continue
		}
		// Step 3b: a match that takes us out of the authoritative data is a referral.
		if ns := o.at(n, dns.TypeNS); ns != nil && n != zone && !(n == name && qtype == dns.TypeDS) {
			if m == Recursive {
				r.Rcode = dns.RcodeServerFailure
				return ""
			}
			r.Ns = append(r.Ns, ns...)
			o.additional(r, ns)
			return ""
		}
		// RFC 6672 §3.2, step 3c.
		if d := o.at(n, dns.TypeDNAME); d != nil && n != name {
			if !slices.Contains(r.Answer, d[0]) {
				r.Answer = append(r.Answer, d[0])
			}
			target = strings.TrimSuffix(name, n) + d[0].(*dns.DNAME).Target
			if _, ok := dns.IsDomainName(target); !ok {
				r.Rcode = dns.RcodeYXDomain
				return ""
			}
			r.Answer = append(r.Answer, &dns.CNAME{
				Hdr:    dns.RR_Header{Name: name, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: d[0].Header().Ttl},
				Target: target,
			})
			if qtype == dns.TypeCNAME {
				return ""
			}
			return target
		}
	}
	// Step 3a: the whole of QNAME is matched; or 3c, "*" at the closest encloser.
	source, synthesized := name, false
	if !o.exists(name) {
		l := labels(name)
		for !o.exists(join(l)) {
			l = l[1:]
		}
		if source, synthesized = "*."+join(l), true; !o.exists(source) || o.at(source, dns.TypeSOA) != nil {
			r.Rcode = dns.RcodeNameError
			r.Ns = append(r.Ns, o.negative(zone))
			return ""
		}
	}
	rrs := o.at(source, qtype)
	if cname := o.at(source, dns.TypeCNAME); cname != nil && qtype != dns.TypeCNAME {
		rrs, target = cname, cname[0].(*dns.CNAME).Target
	}
	if rrs == nil {
		r.Ns = append(r.Ns, o.negative(zone))
		return ""
	}
	for _, rr := range rrs {
		if synthesized {
			rr = dns.Copy(rr)
			rr.Header().Name = name
		}
		r.Answer = append(r.Answer, rr)
	}
	if target == "" {
		o.additional(r, rrs)
	}
	return target
}

func (o oracle) negative(zone string) dns.RR {
	soa := dns.Copy(o.at(zone, dns.TypeSOA)[0]).(*dns.SOA)
	soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	return soa
}

// additional is step 6, for the types that the tests have.
func (o oracle) additional(r *dns.Msg, rrs []dns.RR) {
	var done []string
	for _, rr := range rrs {
		var host string
		switch rr := rr.(type) {
		case *dns.NS:
			host = rr.Ns
		case *dns.MX:
			host = rr.Mx
		}
		if host != "" && !slices.Contains(done, host) {
			done = append(done, host)
			r.Extra = append(r.Extra, o.at(host, dns.TypeA)...)
			r.Extra = append(r.Extra, o.at(host, dns.TypeAAAA)...)
		}
	}
}

// TestOracle compares the answers of random small zones with those of the oracle: all names that could
// matter, all types, both modes.
func TestOracle(t *testing.T) {
	t.Parallel()
	zones := 120
	if testing.Short() || raceEnabled {
		zones = 20
	}
	const shards = 4
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := shard; seed < zones; seed += shards {
				compareWithOracle(t, uint64(seed))
			}
		})
	}
}

// same reports whether two answers have the same contents, field by field. For those that do, show returns the same.
func same(a, b *dns.Msg) bool {
	flags := func(r *dns.Msg) [4]bool {
		return [4]bool{r.Authoritative, r.Truncated, r.RecursionAvailable, r.AuthenticatedData}
	}
	equal := func(a, b dns.RR) bool { return reflect.DeepEqual(a, b) }
	return a.Rcode == b.Rcode && flags(a) == flags(b) &&
		slices.EqualFunc(a.Answer, b.Answer, equal) && slices.EqualFunc(a.Ns, b.Ns, equal) && slices.EqualFunc(a.Extra, b.Extra, equal)
}

// compareWithOracle makes random zones and asks all its questions.
func compareWithOracle(t *testing.T, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 4592))
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	apex := func() string { return pick("z.test.", "z.test.", "z.test.", "y.test.", "b.z.test.") }
	name := func() string {
		n := apex()
		for range rnd.IntN(4) {
			n = pick("a", "b", "c", "*") + "." + n
		}
		return n
	}
	var db, scratch DB // scratch refuses what contradicts
	var o oracle
	var text []string
	add := func(s string) {
		rr, err := dns.NewRR(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if scratch.Add(rr) == nil && !slices.ContainsFunc(o.rrs, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) }) {
			o.rrs = append(o.rrs, rr)
			text = append(text, s)
		}
	}
	for _, z := range []string{"test.", "z.test.", "y.test.", "b.z.test."} {
		if z == "b.z.test." && rnd.IntN(2) == 0 {
			continue
		}
		add(fmt.Sprintf("%s 60 SOA ns.%s h.%s 1 2 3 4 %d", z, z, z, 30+rnd.IntN(60)))
		add(fmt.Sprintf("%s 60 NS a.%s", z, z))
	}
	for range 3 + rnd.IntN(18) {
		switch rnd.IntN(9) {
		case 0, 1:
			add(fmt.Sprintf("%s 60 A 192.0.2.%d", name(), rnd.IntN(9)))
		case 2:
			add(fmt.Sprintf("%s 60 AAAA 2001:db8::%d", name(), rnd.IntN(9)))
		case 3:
			add(fmt.Sprintf("%s 60 MX %d %s", name(), rnd.IntN(3), name()))
		case 4:
			add(fmt.Sprintf("%s 60 NS %s", name(), name()))
		case 5, 6:
			add(fmt.Sprintf("%s 60 CNAME %s", name(), name()))
		case 7:
			add(fmt.Sprintf("%s 60 DNAME %s", name(), name()))
		case 8:
			add(fmt.Sprintf("%s 60 DS 1 13 2 %064d", name(), rnd.IntN(9)))
		}
	}
	for _, rr := range o.rrs {
		if rr.Header().Rrtype == dns.TypeCNAME && len(o.at(rr.Header().Name, dns.TypeCNAME)) > 1 {
			t.Errorf("seed %d: two CNAME records at %s", seed, rr.Header().Name)
		}
	}
	if err := db.Add(o.rrs...); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{"test.": true}
	for range 60 {
		for _, n := range suffixes(name()) {
			asked[n] = true
		}
	}
	for n := range asked {
		for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeNS, dns.TypeCNAME, dns.TypeDNAME, dns.TypeDS, dns.TypeSOA, dns.TypeTXT} {
			for _, m := range []Mode{Recursive, Authoritative} {
				q := new(dns.Msg).SetQuestion(n, typ)
				if n == "test." && typ == dns.TypeDS {
					continue // the oracle has no root zone
				}
				answer, right := db.Answer(q, m), o.answer(q.Question[0], m)
				if same(answer, right) {
					continue
				}
				if got, want := show(answer), show(right); got != want {
					t.Fatalf("seed %d, mode %d, %s %s: got\n%s\nwant\n%s\nzone:\n%s\n%s", seed, m, n, dns.Type(typ),
						got, want, strings.Join(text, "\n"), cmp.Diff(want, got))
				}
			}
		}
	}
}
