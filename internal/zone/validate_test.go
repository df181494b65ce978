package zone

// A slow and simple validator (RFC 4035 §5, RFC 5155 §8) as the oracle for secure zones: it knows the trust
// anchor, and all else from answers.

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// validator validates the answers of a DB.
type validator struct {
	db      *DB
	anchor  *dns.DNSKEY
	answers map[dns.Question]*dns.Msg // what ask returned
	zones   map[string]trust          // what trustIn found
	signed  map[dns.RRSIG]signed      // what verify found about signatures in answers
}

// signed is what a validator knows about a signature in an answer.
type signed struct {
	by    []dns.RR // the keys that it was compared with
	rrs   []dns.RR
	valid bool
}

func newValidator(db *DB, anchor *dns.DNSKEY) *validator {
	return &validator{db, anchor, make(map[dns.Question]*dns.Msg), make(map[string]trust), make(map[dns.RRSIG]signed)}
}

// trust is what a validator knows about the zone that a name is in.
type trust struct {
	apex string
	keys []dns.RR
	verdict
}

func (v *validator) ask(name string, typ uint16) *dns.Msg {
	q := new(dns.Msg).SetQuestion(name, typ).SetEdns0(MaxUDP, true)
	q.CheckingDisabled = true
	known, ok := v.answers[q.Question[0]]
	if !ok {
		known = v.db.Answer(q, Recursive)
		v.answers[q.Question[0]] = known
	}
	return known
}

// pick returns the records of a name and type in a section, and their signatures.
func pick(section []dns.RR, name string, typ uint16) (rrs []dns.RR, sigs []*dns.RRSIG) {
	for _, rr := range section {
		if !strings.EqualFold(rr.Header().Name, name) {
			continue
		}
		if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == typ {
			sigs = append(sigs, sig)
		} else if rr.Header().Rrtype == typ {
			rrs = append(rrs, rr)
		}
	}
	return rrs, sigs
}

// verify reports whether one of the keys of a zone has signed an RRset, and returns how many labels
// the owner had then.
func verify(zone string, keys, rrs []dns.RR, sigs []*dns.RRSIG) (labels int, ok bool) {
	for _, sig := range sigs {
		for _, rr := range keys {
			if strings.EqualFold(sig.SignerName, zone) && sig.ValidityPeriod(time.Now()) && sig.Verify(rr.(*dns.DNSKEY), rrs) == nil {
				return int(sig.Labels), true
			}
		}
	}
	return 0, false
}

// verify is the function of that name, but remembers what it found. By Ed25519, the signature of an RRset is the same in
// every answer.
func (v *validator) verify(zone string, keys, rrs []dns.RR, sigs []*dns.RRSIG) (labels int, ok bool) {
	for _, sig := range sigs {
		known, ok := v.signed[*sig]
		if !ok || !slices.Equal(known.by, keys) || !slices.EqualFunc(known.rrs, rrs, dns.IsDuplicate) {
			_, valid := verify(zone, keys, rrs, []*dns.RRSIG{sig})
			known = signed{keys, rrs, valid}
			v.signed[*sig] = known
		}
		if known.valid {
			return int(sig.Labels), true
		}
	}
	return 0, false
}

// trustIn walks from the root to the zone that data of a type at a name is in: the one that says it
// has signed it, if any.
func (v *validator) trustIn(name string, typ uint16, sigs []*dns.RRSIG) trust {
	name = strings.ToLower(name)
	if len(sigs) > 0 && dns.IsSubDomain(sigs[0].SignerName, name) {
		name, typ = strings.ToLower(sigs[0].SignerName), dns.TypeNone
	}
	t, ok := v.zones["."]
	if !ok {
		t = v.root()
		v.zones["."] = t
	}
	if t.verdict != secure {
		return t
	}
	down := suffixes(name)
	slices.Reverse(down)
	for _, s := range down {
		if s == name && typ == dns.TypeDS {
			break
		}
		known, ok := v.zones[s]
		if !ok {
			known = v.enter(t, s)
			v.zones[s] = known
		}
		if t = known; t.verdict != secure {
			break
		}
	}
	return t
}

// root finds out whether the keys of the root are those of the trust anchor.
func (v *validator) root() trust {
	r := v.ask(".", dns.TypeDNSKEY)
	keys, sigs := pick(r.Answer, ".", dns.TypeDNSKEY)
	if _, ok := v.verify(".", []dns.RR{v.anchor}, keys, sigs); !ok {
		return trust{verdict: bogus}
	}
	return trust{".", keys, secure}
}

// enter finds out whether another zone begins at a name in a secure zone.
func (v *validator) enter(t trust, name string) trust {
	r := v.ask(name, dns.TypeDS)
	rrs, sigs := pick(r.Answer, name, dns.TypeDS)
	if rrs == nil {
		if cname, _ := pick(r.Answer, name, dns.TypeCNAME); cname != nil {
			return t
		}
		if slices.ContainsFunc(r.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeDNAME }) {
			return t
		}
		d := v.denials(t, r)
		for _, n := range d {
			if n.matches(name) && n.has(dns.TypeNS) && !n.has(dns.TypeSOA) && !n.has(dns.TypeDS) {
				return trust{verdict: insecure}
			}
		}
		if encloser := d.encloser(name, t.apex); encloser != "" && d.optedOut(below(name, encloser)) {
			return trust{verdict: insecure} // RFC 5155 §8.6
		}
		if d.denies(name, dns.TypeDS, t.apex, r.Rcode) {
			return t
		}
		return trust{verdict: bogus}
	}
	if _, ok := v.verify(t.apex, t.keys, rrs, sigs); !ok {
		return trust{verdict: bogus}
	}
	r = v.ask(name, dns.TypeDNSKEY)
	keys, sigs := pick(r.Answer, name, dns.TypeDNSKEY)
	supported := false
	for _, rr := range rrs {
		ds := rr.(*dns.DS)
		supported = supported || ds.Algorithm == dns.ECDSAP256SHA256 || ds.Algorithm == dns.ED25519
		for _, key := range keys {
			if other := key.(*dns.DNSKEY).ToDS(ds.DigestType); other != nil && strings.EqualFold(other.Digest, ds.Digest) {
				if _, ok := v.verify(name, []dns.RR{key}, keys, sigs); ok {
					return trust{name, keys, secure}
				}
			}
		}
	}
	if !supported {
		return trust{verdict: insecure}
	}
	return trust{verdict: bogus}
}

// denial is an NSEC or NSEC3 record.
type denial struct {
	hashed      bool
	optOut      bool
	owner, next string // hashes of NSEC3 in upper case
	types       []uint16
	apex        string
	from, to    [][]byte // owner and next of NSEC, as canonicalOrder compares them
}

type denials []denial

// denials returns those of the zone in an answer that are properly signed.
func (v *validator) denials(t trust, r *dns.Msg) (all denials) {
	for _, rr := range r.Ns {
		if typ := rr.Header().Rrtype; typ != dns.TypeNSEC && typ != dns.TypeNSEC3 {
			continue
		}
		rrs, sigs := pick(r.Ns, rr.Header().Name, rr.Header().Rrtype)
		if _, ok := v.verify(t.apex, t.keys, rrs, sigs); !ok || len(rrs) != 1 {
			continue
		}
		switch rr := rr.(type) {
		case *dns.NSEC:
			from, to := canonical(rr.Hdr.Name), canonical(rr.NextDomain)
			all = append(all, denial{false, false, rr.Hdr.Name, rr.NextDomain, rr.TypeBitMap, t.apex, from, to})
		case *dns.NSEC3:
			all = append(all, denial{true, rr.Flags&1 != 0, strings.ToUpper(labels(rr.Hdr.Name)[0]), rr.NextDomain, rr.TypeBitMap, t.apex, nil, nil})
		}
	}
	return all
}

func (d denial) has(typ uint16) bool { return slices.Contains(d.types, typ) }

func (d denial) matches(name string) bool {
	if d.hashed {
		name = dns.HashName(name, dns.SHA1, 0, "")
	}
	return d.owner == name
}

func (d denial) covers(name string) bool {
	if d.hashed {
		return between(dns.HashName(name, dns.SHA1, 0, ""), d.owner, d.next, strings.Compare)
	}
	return between(canonical(name), d.from, d.to, canonicalOrder)
}

// between reports whether a name is after one and before the next, of which the last is followed by the first.
func between[T any](name, from, to T, compare func(a, b T) int) bool {
	after, before := compare(from, name) < 0, compare(name, to) < 0
	if compare(from, to) < 0 {
		return after && before
	}
	return after || before
}

// canonicalOrder compares names as RFC 4034 §6.1 has it.
func canonicalOrder(a, b [][]byte) int { return slices.CompareFunc(a, b, bytes.Compare) }

// canonical returns the labels of a name in lower case, the last one first.
func canonical(name string) [][]byte {
	var wire [255]byte
	end, _ := dns.PackDomainName(strings.ToLower(name), wire[:], 0, nil, false)
	all := make([][]byte, 0, 8)
	for at := 0; at < end-1; at += 1 + int(wire[at]) {
		all = append(all, wire[at+1:at+1+int(wire[at])])
	}
	slices.Reverse(all)
	return all
}

func (all denials) match(name string, typ uint16) bool {
	return slices.ContainsFunc(all, func(d denial) bool {
		parental := d.has(dns.TypeNS) && !d.has(dns.TypeSOA) && typ != dns.TypeDS
		return d.matches(name) && !d.has(typ) && !d.has(dns.TypeCNAME) && !parental
	})
}

func (all denials) cover(name string) bool {
	return slices.ContainsFunc(all, func(d denial) bool { return d.covers(name) })
}

// optedOut reports whether there may be a delegation at a name that is covered (RFC 5155 §6).
func (all denials) optedOut(name string) bool {
	return slices.ContainsFunc(all, func(d denial) bool { return d.optOut && d.covers(name) })
}

// below returns the name one label longer than an encloser, on the way to a name.
func below(name, encloser string) string {
	l := labels(name)
	return join(l[len(l)-len(labels(encloser))-1:])
}

// encloser returns the closest encloser that the records prove for a name that does not exist, or "".
func (all denials) encloser(name, apex string) string {
	hashed := slices.ContainsFunc(all, func(d denial) bool { return d.hashed })
	up := append(suffixes(name), ".")
	for i, s := range up[1:] {
		next := up[i]
		for _, d := range all {
			if hashed && d.matches(s) && all.cover(next) {
				return s
			}
			if !hashed && d.covers(name) && (dns.IsSubDomain(s, d.owner) || dns.IsSubDomain(s, d.next)) {
				return s
			}
		}
		if s == apex {
			break
		}
	}
	return ""
}

// denies reports whether the records prove a negative answer.
func (all denials) denies(name string, typ uint16, apex string, rcode int) bool {
	encloser := all.encloser(name, apex)
	if rcode == dns.RcodeNameError {
		return encloser != "" && all.cover(star(encloser))
	}
	return all.empty(name, typ) || encloser != "" && all.empty(star(encloser), typ)
}

// empty reports whether the records prove that a name exists and has no records of a type.
func (all denials) empty(name string, typ uint16) bool {
	return all.match(name, typ) || slices.ContainsFunc(all, func(d denial) bool {
		return !d.hashed && d.covers(name) && dns.IsSubDomain(name, d.next) // an empty non-terminal
	})
}

func star(name string) string { return "*." + strings.TrimPrefix(name, ".") }

// validate returns the verdict on the answer to a question, and why it is no better.
func (v *validator) validate(name string, typ uint16) (verdict, string) {
	r := v.ask(name, typ)
	worst, why := secure, ""
	note := func(found verdict, reason string) {
		if found > worst {
			worst, why = found, reason
		}
	}
	for i, rr := range r.Answer {
		h := rr.Header()
		if h.Rrtype == dns.TypeRRSIG {
			continue
		}
		dname := i > 0 && h.Rrtype == dns.TypeCNAME && slices.ContainsFunc(r.Answer[:i], func(d dns.RR) bool {
			return d.Header().Rrtype == dns.TypeDNAME && dns.IsSubDomain(d.Header().Name, h.Name) && d.Header().Name != h.Name
		})
		if h.Rrtype == dns.TypeCNAME && typ != dns.TypeCNAME {
			name = strings.ToLower(rr.(*dns.CNAME).Target)
		}
		if dname {
			continue // follows from the DNAME
		}
		rrs, sigs := pick(r.Answer, h.Name, h.Rrtype)
		t := v.trustIn(h.Name, h.Rrtype, sigs)
		if note(t.verdict, h.Name+" is in such a zone"); t.verdict != secure {
			continue
		}
		n, ok := v.verify(t.apex, t.keys, rrs, sigs)
		if !ok {
			note(bogus, fmt.Sprintf("no good signature of %s in %v", rr, sigs))
			continue
		}
		if l := labels(h.Name); n < len(l) && l[0] != "*" || n < len(l)-1 {
			d := v.denials(t, r)
			next := join(l[len(l)-n-1:])
			switch {
			case !d.cover(h.Name) && !d.cover(next):
				note(bogus, h.Name+" comes from a wildcard, and may exist itself")
			case d.optedOut(next):
				note(insecure, h.Name+" comes from a wildcard, and may be delegated")
			}
		}
	}
	if rrs, _ := pick(r.Answer, name, typ); rrs == nil && (r.Rcode == dns.RcodeSuccess || r.Rcode == dns.RcodeNameError) {
		var sigs []*dns.RRSIG
		for _, rr := range r.Ns {
			if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == dns.TypeSOA {
				sigs = append(sigs, sig)
			}
		}
		t := v.trustIn(name, typ, sigs)
		note(t.verdict, name+" would be in such a zone")
		if t.verdict == secure {
			d := v.denials(t, r)
			encloser := d.encloser(name, t.apex)
			optedOut := !d.match(name, typ) && encloser != "" && d.optedOut(below(name, encloser))
			switch {
			case optedOut && (typ == dns.TypeDS || d.denies(name, typ, t.apex, r.Rcode)):
				note(insecure, name+" may be delegated (RFC 5155 §9.2)")
			case !d.denies(name, typ, t.apex, r.Rcode):
				note(bogus, fmt.Sprintf("no proof that there is no %s %s", name, dns.Type(typ)))
			}
		}
	}
	return worst, why
}

// found is the verdict that a DB gives to a stub.
func found(db *DB, name string, typ uint16) verdict {
	q := new(dns.Msg).SetQuestion(name, typ)
	q.AuthenticatedData = true
	switch r := db.Answer(q, Recursive); {
	case r.Rcode == dns.RcodeServerFailure:
		return bogus
	case r.AuthenticatedData:
		return secure
	}
	return insecure
}

// TestValidator compares the verdicts of random zones, some of them broken, with those of the validator.
func TestValidator(t *testing.T) {
	t.Parallel()
	zones := 24
	if testing.Short() || raceEnabled {
		zones = 6
	}
	total := make([]int, 3)
	for seed := range zones {
		for v, n := range compareWithValidator(t, uint64(seed)) {
			total[v] += n
		}
	}
	t.Logf("secure, insecure, bogus: %v", total)
	for v, n := range total {
		if n == 0 {
			t.Errorf("no answer had the verdict %d, want some", v)
		}
	}
}

// compareWithValidator makes random zones, asks all their questions, and counts the verdicts.
func compareWithValidator(t *testing.T, seed uint64) [3]int {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 4035))
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	name := func() string {
		n := one("z.test.", "z.test.", "z.test.", "y.test.", "b.z.test.", "x.com.")
		for range rnd.IntN(4) {
			n = one("a", "b", "c", "*") + "." + n
		}
		return n
	}
	db := DB{Occluded: true}
	var text strings.Builder
	for range 3 + rnd.IntN(18) {
		var line string
		switch rnd.IntN(10) {
		case 0, 1, 2:
			line = fmt.Sprintf("%s A 192.0.2.%d", name(), rnd.IntN(9))
		case 3, 4:
			line = fmt.Sprintf("%s MX %d %s", name(), rnd.IntN(3), name())
		case 5:
			line = fmt.Sprintf("%s CNAME %s", name(), name())
		case 6:
			line = fmt.Sprintf("%s DNAME %s", name(), name())
		case 7:
			line = fmt.Sprintf("%s DS 1 %d 2 %064d", name(), 13+rnd.IntN(2)*100, rnd.IntN(9))
		case 8:
			// None at a wildcard, where there is no meaning to prove (RFC 4592 §4.2).
			line = fmt.Sprintf("%s SOA a. b. 1 2 3 4 %d", strings.ReplaceAll(name(), "*", "d"), rnd.IntN(600))
		case 9:
			line = fmt.Sprintf("Y.test. TXT %d", rnd.IntN(9))
		}
		rrs, err := Parse(line, ".", "test")
		if err == nil && db.Add(rrs...) == nil { // some contradict each other
			fmt.Fprintln(&text, line)
		}
	}
	for _, zone := range []string{"b.z.test.", "z.test.", "y.test.", "test.", "x.com.", "com."} {
		s := Security{NSEC3: rnd.IntN(2) == 0, OptOut: rnd.IntN(4) == 0, Algorithm: []uint8{0, dns.ED25519, dns.ED25519}[rnd.IntN(3)]}
		if rnd.IntN(3) == 0 && zone != "test." {
			s.Flaw = Flaw(rnd.IntN(int(WrongDenial)) + 1)
		}
		if rnd.IntN(3) > 0 {
			fmt.Fprintf(&text, "secure %s %+v: %v\n", zone, s, db.Secure(zone, s))
		}
	}
	anchor, err := db.TrustAnchor()
	if err != nil {
		t.Fatal(err)
	}
	v := newValidator(&db, anchor)
	asked := map[string]bool{".": true, "nope.": true}
	for range 20 {
		for _, n := range suffixes(name()) {
			asked[n] = true
		}
	}
	var count [3]int
	for n := range asked {
		for _, typ := range []uint16{dns.TypeA, dns.TypeMX, dns.TypeCNAME, dns.TypeDS, dns.TypeDNSKEY, dns.TypeSOA, dns.TypeNSEC} {
			r := v.ask(n, typ)
			if r.Rcode != dns.RcodeSuccess && r.Rcode != dns.RcodeNameError {
				continue // a loop of aliases
			}
			got := found(&db, n, typ)
			want, why := v.validate(n, typ)
			count[want]++
			if got != want {
				t.Fatalf("seed %d, %s %s: got verdict %d, want %d: %s\n%s\n%s", seed, n, dns.Type(typ), got, want, why, text.String(), r)
			}
		}
	}
	return count
}
