package zone

// Changes of the tree: the rules for records, and undoing a change that fails.

import (
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/dns"
)

// lock locks for a change, and gives the root its zone at the first use.
func (db *DB) lock() {
	db.mu.Lock()
	db.changes.Add(1)
	db.init()
}

func (db *DB) init() {
	if db.root.zone == nil {
		z := *emptyRoot.zone
		db.root.zone, db.root.sets = &z, append(db.root.sets, emptyRoot.sets...)
	}
}

// emptyRoot is the root of each DB at first. It is not changed, and neither are its records.
var emptyRoot = func() *node {
	at := &node{zone: &zone{implicit: true}}
	at.synthesize(".")
	return at
}()

// synthesize gives an apex the SOA and NS records that it lacks.
func (at *node) synthesize(apex string) {
	under := func(label string) string {
		if apex == "." {
			return label + "."
		}
		return label + "." + apex
	}
	header := func(typ uint16) dns.RR_Header {
		return dns.RR_Header{Name: apex, Rrtype: typ, Class: dns.ClassINET, Ttl: DefaultTTL}
	}
	ns, top := under("ns"), at
	for top.parent != nil {
		top = top.parent
	}
	if top.zone != nil && top.zone.server != "" {
		ns = top.zone.server
	}
	at.sets = slices.Grow(at.sets, 3) // SOA, NS, and what the zone was made for
	if at.zone.soa == nil {
		at.setSOA(&dns.SOA{
			Hdr: header(dns.TypeSOA), Ns: ns, Mbox: under("hostmaster"),
			Serial: 1, Refresh: 3600, Retry: 600, Expire: 7 * 86400, Minttl: DefaultTTL,
		})
	}
	if at.set(dns.TypeNS) == nil {
		at.sets = append(at.sets, rrset{typ: dns.TypeNS, rrs: []dns.RR{&dns.NS{Hdr: header(dns.TypeNS), Ns: ns}}})
		at.zone.nsGiven = false
	} else {
		at.zone.nsGiven = true // what was a delegation is now the zone's own
	}
}

// setSOA makes soa the SOA of the zone.
func (at *node) setSOA(soa *dns.SOA) {
	at.zone.soa, at.zone.negative = soa, soa
	if soa.Minttl < soa.Hdr.Ttl {
		negative := *soa
		negative.Hdr.Ttl = soa.Minttl
		at.zone.negative = &negative
	}
	at.replace(dns.TypeSOA, soa)
}

// replace makes rrs the only records of their type.
func (at *node) replace(typ uint16, rrs ...dns.RR) {
	i := slices.IndexFunc(at.sets, func(s rrset) bool { return s.typ == typ })
	switch {
	case i >= 0 && len(rrs) > 0:
		at.sets[i] = rrset{typ: typ, rrs: rrs}
	case i >= 0:
		at.sets = slices.Delete(at.sets, i, i+1)
	case len(rrs) > 0:
		at.sets = append(at.sets, rrset{typ: typ, rrs: rrs})
	}
}

// change is a change in progress, with the data that is needed to undo it.
type change struct {
	db     *DB
	number uint64  // of the change
	before []saved // the nodes as they were
	zones  []*node // the apexes of the zones that change
}

// saved is a node as it was before a change.
type saved struct {
	at   *node
	sets []rrset
	zone *zone

	delegated bool // to another zone
	beneath   bool // there are names beneath it
}

func (db *DB) begin() *change {
	return &change{db: db, number: db.changes.Load(), before: make([]saved, 0, 4), zones: make([]*node, 0, 2)}
}

// save remembers a node before it is changed.
func (c *change) save(at *node) {
	if at.saved == c.number {
		return
	}
	at.saved = c.number
	was := saved{at: at, sets: slices.Clone(at.sets), delegated: at.delegated(), beneath: at.children.count() > 0}
	if at.zone != nil {
		z := *at.zone
		was.zone = &z
	}
	c.before = append(c.before, was)
}

// change makes a change. If f returns an error, it undoes the change.
func (db *DB) change(f func(*change) error) error {
	db.lock()
	defer db.mu.Unlock()
	c := db.begin()
	if err := f(c); err != nil {
		c.rollback()
		return err
	}
	c.commit()
	return nil
}

// ensure makes a zone with the given apex, unless there is one.
func (c *change) ensure(apex string) error {
	n, err := parseName(apex)
	if err != nil {
		return err
	}
	at := c.db.root.make(&n)
	c.save(at)
	if at.set(dns.TypeCNAME) != nil {
		return fmt.Errorf("zone: %s has a CNAME record, so no zone can begin there (RFC 1034 §3.6.2)", apex)
	}
	if at.zone == nil {
		at.zone = new(zone)
		at.synthesize(dns.Fqdn(apex))
	}
	at.zone.implicit, at.zone.registry = false, false
	return nil
}

// set replaces all records of a name and a type.
func (c *change) set(s RRSet) error {
	n, err := parseName(s.Name)
	if err != nil {
		return err
	}
	recs, err := prepare(s.Records)
	if err != nil {
		return err
	}
	for i := range recs {
		if own := recs[i].name(); recs[i].typ != s.Type || own.len() != n.len() || !own.within(&n) {
			return &RecordError{s.Records[i], fmt.Errorf("not of name %s and type %s", dns.Fqdn(s.Name), dns.Type(s.Type))}
		}
	}
	if at := c.db.root.get(&n); at != nil {
		c.remove(at, s.Type)
	}
	return c.add(recs)
}

// touch notes that a zone changes.
func (c *change) touch(apex *node) {
	if apex.zone.touched == c.number {
		return
	}
	apex.zone.touched, apex.zone.numbered = c.number, false
	c.zones = append(c.zones, apex)
}

// keepSerial notes that a zone changes, and that its new SOA has the serial number already.
func (c *change) keepSerial(apex *node) {
	c.touch(apex)
	apex.zone.numbered = true
}

// rollback undoes the change.
func (c *change) rollback() {
	for _, was := range c.before {
		was.at.sets, was.at.zone = was.sets, was.zone
	}
	for _, was := range c.before {
		was.at.prune()
	}
}

// commit increases the serial numbers and removes empty nodes.
func (c *change) commit() {
	for _, apex := range c.zones {
		if apex.zone != nil && !apex.zone.numbered {
			soa := *apex.zone.soa
			soa.Serial++ // wraps as RFC 1982 has it
			apex.setSOA(&soa)
		}
	}
	for _, was := range c.before {
		was.at.changed(was.beneath && was.delegated != was.at.delegated())
		was.at.prune()
	}
}

// keeps reports whether an apex keeps its records of a type as long as there is a zone.
func (at *node) keeps(typ uint16) bool {
	return at.zone != nil && (typ == dns.TypeSOA || at.zone.signer != nil && made(typ))
}

// clear removes all records of the zone at an apex, except for those it keeps. It creates the zone if necessary.
func (c *change) clear(apex *node, owner string) {
	c.save(apex)
	if apex.zone == nil {
		apex.zone = new(zone)
		c.keepSerial(apex)
	}
	c.touch(apex)
	apex.zone.implicit, apex.zone.registry = false, false
	apex.zone.nsGiven, apex.zone.networks = false, nil
	apex.sets = slices.DeleteFunc(apex.sets, func(s rrset) bool { return s.typ != dns.TypeDS && !apex.keeps(s.typ) })
	apex.synthesize(owner)
	for child := range apex.children.all() {
		c.clearBeneath(child)
	}
}

func (c *change) clearBeneath(at *node) {
	c.save(at)
	at.sets = slices.DeleteFunc(at.sets, func(s rrset) bool {
		return at.zone == nil || s.typ == dns.TypeDS && at.zone.signer == nil
	})
	if at.zone != nil {
		return
	}
	for child := range at.children.all() {
		c.clearBeneath(child)
	}
}

// remove removes the records of a node of one type, or of all types for [dns.TypeANY], but for those it
// keeps, and returns how many there were.
func (c *change) remove(at *node, typ uint16) (removed int) {
	c.save(at)
	at.sets = slices.DeleteFunc(at.sets, func(s rrset) bool {
		if at.keeps(s.typ) || typ != dns.TypeANY && s.typ != typ {
			return false
		}
		removed += len(s.rrs)
		c.touch(at.enclosing(s.typ))
		if s.typ == dns.TypeNS && at.zone != nil {
			at.zone.nsGiven = true
		}
		return true
	})
	return removed
}

// add adds records; SOA records come first, since they decide where the others belong.
func (c *change) add(recs []record) error {
	for i := range recs {
		if r := &recs[i]; r.typ == dns.TypeSOA {
			if err := c.addSOA(r); err != nil {
				return &RecordError{r.given, err}
			}
		}
	}
	for i := range recs {
		if r := &recs[i]; r.typ != dns.TypeSOA {
			if err := c.addOne(r); err != nil {
				return &RecordError{r.given, err}
			}
		}
	}
	return c.visible(recs)
}

func (c *change) addSOA(r *record) error {
	n := r.name()
	at := c.db.root.make(&n)
	r.at = at
	c.save(at)
	if err := at.admits(r); err != nil {
		return err
	}
	if at.zone == nil {
		at.zone = new(zone)
		at.synthesize(r.rr.Header().Name)
	}
	at.setSOA(r.rr.(*dns.SOA))
	at.zone.implicit, at.zone.registry = false, false
	c.keepSerial(at)
	return nil
}

func (c *change) addOne(r *record) error {
	n := r.name()
	at := c.db.root.make(&n)
	r.at = at
	c.save(at)
	apex := at.enclosing(r.typ)
	if (apex == &c.db.root || apex.zone.registry) && r.typ != dns.TypeDS {
		if skip, ok := n.registrable(); ok {
			apex = c.db.root.grow(&n, skip)
			c.save(apex)
			apex.zone = new(zone)
			apex.synthesize(owner(r.rr.Header().Name, skip))
			c.keepSerial(apex)
		}
	}
	if err := at.admits(r); err != nil {
		return err
	}
	if apex.zone.signer != nil && made(r.typ) {
		return errors.New("a secure zone makes such records itself")
	}
	for i := range at.sets {
		s := &at.sets[i]
		if s.typ != r.typ {
			continue
		}
		if s.typ == dns.TypeNS && at.zone != nil && !at.zone.nsGiven {
			s.rrs, s.known, at.zone.nsGiven = []dns.RR{r.rr}, nil, true
			c.touch(apex)
			return nil
		}
		changed, err := s.add(r.rr)
		if changed {
			c.touch(apex)
		}
		return err
	}
	at.sets = append(at.sets, rrset{typ: r.typ, rrs: []dns.RR{r.rr}})
	c.touch(apex)
	return nil
}

// owner returns a name without its first labels.
func owner(s string, skip int) string {
	from := 0
	for range skip {
		from, _ = dns.NextLabel(s, from)
	}
	if from == len(s) {
		return "."
	}
	return s[from:]
}

// admits reports whether a record may stand at this node beside what is there.
func (at *node) admits(r *record) error {
	if (r.typ == dns.TypeNS || r.typ == dns.TypeDNAME) && at.label == "*" {
		return fmt.Errorf("%s at a wildcard has no defined meaning (RFC 4592 §4)", dns.Type(r.typ))
	}
	for i := range at.sets {
		s := &at.sets[i]
		switch {
		case besideCNAME(r.typ) || besideCNAME(s.typ):
		case s.typ == r.typ && (r.typ == dns.TypeCNAME || r.typ == dns.TypeDNAME):
			if !dns.IsDuplicate(s.rrs[0], r.rr) {
				return fmt.Errorf("there is another %s at this name (RFC 2181 §10.1, RFC 6672 §2.4)", dns.Type(r.typ))
			}
		case s.typ == dns.TypeSOA && r.typ == dns.TypeCNAME:
			return errors.New("a zone begins at this name and has an SOA record there, beside which a CNAME is not allowed (RFC 1034 §3.6.2)")
		case s.typ == dns.TypeCNAME || r.typ == dns.TypeCNAME && s.typ != r.typ:
			return fmt.Errorf("a CNAME admits no other data at its name, here %s beside %s (RFC 1034 §3.6.2)",
				dns.Type(r.typ), dns.Type(s.typ))
		}
	}
	if r.typ == dns.TypeDNAME && at.children.count() > 0 {
		return errors.New("there is data beneath this name (RFC 6672 §2.4)")
	}
	for up := at; up.zone == nil && up.parent != nil; {
		if up = up.parent; up.set(dns.TypeDNAME) != nil {
			return errors.New("a DNAME above admits no data beneath it (RFC 6672 §2.4)")
		}
	}
	return nil
}
