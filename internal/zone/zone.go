// Package zone is the DNS of a simulated internet without its network: it takes records, and answers questions. It
// has no sockets and no goroutines; package mxmock adds them.
//
// A [DB] holds the zones, [DB.Answer] answers one question as an authoritative server or as a
// recursive resolver would, [DB.Reply] does the same on bytes, and [Parse] reads records from
// the text of a master file (RFC 1035 §5).
package zone

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
)

// DefaultTTL is the TTL in seconds of synthesized SOA and NS records, and of records in a text for [Parse] that
// gives no other. It is also the lifetime of negative answers from zones whose SOA was synthesized (RFC 2308 §5).
const DefaultTTL = 300

// DB has all the zones of a simulated internet. The zero value is ready to use. It holds an empty root zone, so the
// answer for every name is NXDOMAIN with the SOA of the root.
//
// # Zones
//
// A zone begins at its apex, the owner of its SOA record. A record belongs to the closest zone that encloses its
// owner. If that would be the root, a zone is made for it at the registrable domain of the owner: mx.example.co.uk
// creates example.co.uk, and 5.113.0.203.in-addr.arpa creates 203.in-addr.arpa. (Records at a public suffix, such
// as com or test, stay in the root.) [DB.Ensure] makes a zone elsewhere; records that are at or beneath its apex
// already belong to it from then on.
//
// Every zone has an SOA and, unless they were removed, NS records. If none are given, they are synthesized. A zone
// needs no delegation in its parent. A delegation (NS records within a zone) to a zone that is not in the DB leads
// to servers that do not exist. The answer is a referral in [Authoritative] mode, and SERVFAIL in [Recursive] mode.
//
// Each call that changes a zone adds one to the serial number of its SOA, once, unless it sets the SOA.
//
// # Records
//
// Records are copied when they are added, and never changed afterwards. The records of an answer are shared with
// the DB: whoever wants to change one must change a copy. Answers always list records in the order in which they
// were added, without rotation.
//
// Owner names are compared without regard to ASCII case (RFC 4343), and answers have the spelling of the first
// record of the RRset. An RRset has no duplicates (RFC 2181 §5). The TTL of all its records is the lowest that was
// given for one of them (RFC 2181 §5.2).
//
// # Secure zones
//
// [DB.Secure] makes a zone secure, and [DB.TrustAnchor] returns the key that leads a validator to all other keys.
// Signatures are made for each answer, with the time of [time.Now]. In [Recursive] mode a DB is a validating
// resolver: it answers SERVFAIL for bogus data unless the query has the CD bit, and sets the AD bit for secure data
// if the query has the AD or the DO bit (RFC 4035 §3.2, RFC 6840 §5.7, §5.8).
//
// # Concurrency
//
// All methods may be called at any time from any goroutine. A change is seen entirely or not at all, and an answer
// is made from one state. The time of a change is proportional to the number of changed records, and not to the
// size of the DB.
type DB struct {
	// Occluded allows records that a delegation hides, as name servers do. If it is false, they are errors, and so
	// are delegations that would hide records. It must be set before the first use.
	Occluded bool

	mu      sync.RWMutex
	root    node          // its zone is nil until the first use
	changes atomic.Uint64 // the number of times that it was locked for a change, which numbers the changes

	overUDP, overTCP [Authoritative + 1]memory // by mode
}

// zone is the data of a node that is the apex of a zone.
type zone struct {
	soa      *dns.SOA // the SOA record, a record of the node as well
	negative dns.RR   // soa as negative answers carry it: TTL is min(TTL, minimum) (RFC 2308 §3)
	nsGiven  bool     // the NS records are not, or no longer, the synthesized one
	implicit bool     // the root zone, if it was not made on purpose
	registry bool     // made by Secure above a registrable domain: names beneath get zones of their own
	signer   *signer  // of a secure zone
	server   string   // of the root: the name server of zones that have none of their own; or ""

	networks []Network // of a blocklist, in order; the slice is never changed

	touched  uint64 // the last change of the zone
	numbered bool   // that change has set the serial number
}

// RecordError is the error for a record that cannot be added.
type RecordError struct {
	RR  dns.RR // as it was given; nil if that was nil
	Err error
}

// Error returns the reason and the record.
func (e *RecordError) Error() string {
	if e.RR == nil {
		return "zone: " + e.Err.Error()
	}
	h := e.RR.Header()
	return fmt.Sprintf("zone: %s %s: %v", h.Name, dns.Type(h.Rrtype), e.Err)
}

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// Ensure makes a zone with the given apex, unless there is one. Its SOA names ns.<apex> and hostmaster.<apex>, has
// the serial number 1, and lets negative answers live [DefaultTTL] seconds; its NS record names ns.<apex>, which
// has no address unless one is added. It returns an error if apex is not a domain name, or is an alias.
func (db *DB) Ensure(apex string) error {
	return db.change(func(c *change) error { return c.ensure(apex) })
}

// Serve makes a host the name server of all present and future zones without given NS records. The root is one of
// them, and is served from then on. Serve returns an error if the name is not a domain name.
func (db *DB) Serve(host string) error {
	if _, err := parseName(host); err != nil {
		return err
	}
	db.lock()
	defer db.mu.Unlock()
	db.root.zone.implicit, db.root.zone.server = false, dns.Fqdn(host)
	var walk func(at *node)
	walk = func(at *node) {
		if at.zone != nil && !at.zone.nsGiven {
			at.replace(dns.TypeNS)
			at.synthesize(at.zone.soa.Hdr.Name)
			at.changed(false)
		}
		for child := range at.children.all() {
			walk(child)
		}
	}
	walk(&db.root)
	return nil
}

// Add adds records: all of them, or none and an error, a [*RecordError]. It creates zones as needed. An SOA record
// creates the zone of its owner, or replaces the SOA that is there; the first NS record given for an apex replaces
// the synthesized one. A record that exists already is not added again.
//
// Records that contradict others are errors: a CNAME beside other data (RFC 1034 §3.6.2, RFC 2181 §10.1), two CNAME
// or DNAME records at one name, data beneath a DNAME (RFC 6672 §2.4), NS or DNAME at a wildcard, where servers
// disagree (RFC 4592 §4.2, RFC 6672 §3.3), data that a delegation hides (RFC 2181 §6.1, but see Occluded). Records
// that no zone can hold are errors too: records of another class than IN, of types that exist only in messages or
// questions, with a TTL of 2³¹ or more (RFC 2181 §8), or with data that does not fit the type.
func (db *DB) Add(rrs ...dns.RR) error {
	recs, err := prepare(rrs)
	if err != nil {
		return err
	}
	db.lock()
	defer db.mu.Unlock()
	c := db.begin()
	if err := c.add(recs); err != nil {
		c.rollback()
		return err
	}
	c.commit()
	return nil
}

// Replace replaces the whole content of the zone with the given apex by rrs, and creates the zone if necessary. If
// it returns an error, as [DB.Add] does, nothing was changed. Records that do not belong to the zone are errors. If
// rrs has no SOA, the zone keeps its SOA; if rrs has no NS records at the apex, the zone gets the synthesized one.
// A secure zone stays secure. Zones beneath stay unchanged, except for the DS records of those that are not secure
// themselves.
func (db *DB) Replace(apex string, rrs ...dns.RR) error {
	n, err := parseName(apex)
	if err != nil {
		return err
	}
	recs, err := prepare(rrs)
	if err != nil {
		return err
	}
	db.lock()
	defer db.mu.Unlock()
	for i := range recs {
		if own := recs[i].name(); !own.within(&n) || recs[i].typ == dns.TypeSOA && own.len() != n.len() {
			return &RecordError{rrs[i], fmt.Errorf("not in zone %s", dns.Fqdn(apex))}
		}
	}
	c := db.begin()
	at := db.root.make(&n)
	c.clear(at, dns.Fqdn(apex))
	if err := c.add(recs); err != nil {
		c.rollback()
		return err
	}
	c.commit()
	return nil
}

// Set replaces all records of the given name and type by rrs, which have that name and type. If it returns an
// error, as [DB.Add] does, nothing was changed. No answer is made from a state in between.
func (db *DB) Set(name string, typ uint16, rrs ...dns.RR) error {
	return db.change(func(c *change) error { return c.set(RRSet{name, typ, rrs}) })
}

// RRSet has all the records of a name and a type.
type RRSet struct {
	Name    string
	Type    uint16
	Records []dns.RR
}

// SetAll is [DB.Ensure] and then [DB.Set] for several sets. If it returns an error, nothing was changed.
func (db *DB) SetAll(apex string, sets ...RRSet) error {
	return db.change(func(c *change) error {
		if err := c.ensure(apex); err != nil {
			return err
		}
		for _, s := range sets {
			if err := c.set(s); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove removes the records of one name and type, or of all types for [dns.TypeANY], and returns how many there
// were. The SOA of a zone and the keys of a secure zone stay; only [DB.RemoveZone] removes them.
func (db *DB) Remove(name string, typ uint16) int {
	n, err := parseName(name)
	if err != nil {
		return 0
	}
	db.lock()
	defer db.mu.Unlock()
	at := db.root.get(&n)
	if at == nil {
		return 0
	}
	c := db.begin()
	removed := c.remove(at, typ)
	c.commit()
	return removed
}

// Own returns the records of one name and type, as they were added. Aliases and wildcards do not matter. The records
// are shared and must not be changed.
func (db *DB) Own(name string, typ uint16) []dns.RR {
	n, err := parseName(name)
	if err != nil {
		return nil
	}
	var rrs []dns.RR
	db.read(func() {
		if at := db.root.get(&n); at != nil {
			rrs = slices.Clip(at.set(typ))
		}
	})
	return rrs
}

// Records returns all records of all zones, those of a name and type together, in no particular
// order of names. It costs time in proportion to the size of the DB. The records are shared and
// must not be changed.
func (db *DB) Records() []dns.RR {
	var all []dns.RR
	var walk func(at *node)
	walk = func(at *node) {
		for i := range at.sets {
			all = append(all, at.sets[i].rrs...)
		}
		for child := range at.children.all() {
			walk(child)
		}
	}
	db.read(func() { walk(&db.root) })
	return all
}

// RemoveZone removes a zone and its records, and reports whether there was one. Zones beneath stay,
// and so does a DS record, which is the parent's (RFC 4035 §2.4), unless the zone was secure. The root zone
// becomes empty, and is not secure any more.
func (db *DB) RemoveZone(apex string) bool {
	n, err := parseName(apex)
	if err != nil {
		return false
	}
	db.lock()
	defer db.mu.Unlock()
	at := db.root.get(&n)
	if at == nil || at.zone == nil {
		return false
	}
	c := db.begin()
	c.clear(at, dns.Fqdn(apex))
	wasSecure := at.zone.signer != nil
	at.zone = nil
	at.sets = slices.DeleteFunc(at.sets, func(s rrset) bool { return s.typ != dns.TypeDS || wasSecure })
	db.init()
	c.commit()
	return true
}
