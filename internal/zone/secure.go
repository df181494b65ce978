package zone

// Secure zones (RFC 4033–4035): their keys, the chain of trust above them, and their flaws.

import (
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Security says how a zone is signed, and with which flaw. The zero value is a sound zone with keys for ECDSA P-256
// (RFC 6605) that denies by NSEC records.
type Security struct {
	// Algorithm is the algorithm of the keys: dns.ECDSAP256SHA256, for which 0 stands, dns.ECDSAP384SHA384,
	// dns.ED25519, or dns.RSASHA256, whose keys have 2048 bits and take long to make.
	Algorithm uint8

	// NSEC3 makes the zone deny by hashed names (RFC 5155), with no salt and no additional
	// iterations (RFC 9276 §3.1).
	NSEC3 bool

	// OptOut leaves delegations without a DS record out of the hashed names (RFC 5155 §6). The denial of names that
	// do not exist is therefore insecure. It implies NSEC3.
	OptOut bool

	// Flaw is the flaw of the zone, or 0.
	Flaw Flaw
}

// Flaw is a flaw of a secure zone.
type Flaw uint8

// The flaws. Unless a comment says otherwise, validators find everything in the zone bogus, and everything in zones
// beneath.
const (
	// BadSignatures: all signatures are false.
	BadSignatures Flaw = iota + 1

	// Expired: the signatures have expired a week ago.
	Expired

	// NotYetValid: the signatures become valid in a week.
	NotYetValid

	// Unrenewed: the signatures were made when [DB.Secure] was called, and expire [Validity] later.
	Unrenewed

	// Unsigned: the parent has a DS record, but the zone has neither keys nor signatures.
	Unsigned

	// WrongDS: the DS record of the parent fits no key of the zone.
	WrongDS

	// NoDS: the parent denies that there is a DS record. This makes the zone not bogus but insecure, as
	// if it was not signed (RFC 4035 §5.2).
	NoDS

	// NoDenial: negative answers and those from wildcards lack their proof. Only they are bogus, and zones beneath
	// without a DS record.
	NoDenial

	// WrongDenial is like NoDenial, but there are NSEC or NSEC3 records, with good signatures, that prove something
	// else.
	WrongDenial
)

// Validity is the time for which signatures are valid. Unless the zone has a flaw, each is made when it is asked
// for, and its validity begins an hour earlier.
const Validity = 14 * 24 * time.Hour

// signer makes the signatures of a secure zone, and the records that deny.
type signer struct {
	Security
	apex     *node
	name     string    // of the apex
	since    time.Time // of the last call of Secure
	ksk, zsk *key
	ds       *dns.DS // of the ksk, by SHA-256

	mu    sync.Mutex
	links []link  // the chain of names (see chain), nil until it is needed
	stale []*node // which have changed since
}

// key is a pair of keys.
type key struct {
	*dns.DNSKEY
	private crypto.Signer
	tag     uint16
}

// newKeys makes the two keys of a zone: one for the DNSKEY records, one for all others.
func newKeys(zone string, algorithm uint8) (ksk, zsk *key, err error) {
	if ksk, err = newKey(zone, algorithm, dns.ZONE|dns.SEP); err != nil {
		return nil, nil, err
	}
	for {
		zsk, err = newKey(zone, algorithm, dns.ZONE)
		if err != nil || zsk.tag != ksk.tag {
			return ksk, zsk, err
		}
	}
}

func newKey(zone string, algorithm uint8, flags uint16) (*key, error) {
	bits := map[uint8]int{dns.ECDSAP256SHA256: 256, dns.ECDSAP384SHA384: 384, dns.ED25519: 256, dns.RSASHA256: 2048}[algorithm]
	if bits == 0 {
		return nil, fmt.Errorf("no keys are made for algorithm %d", algorithm)
	}
	for {
		k := &key{DNSKEY: &dns.DNSKEY{
			Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: DefaultTTL},
			Flags: flags, Protocol: 3, Algorithm: algorithm,
		}}
		private, err := k.Generate(bits)
		if err != nil {
			return nil, err
		}
		k.private, k.tag = private.(crypto.Signer), k.KeyTag()
		if k.tag != 0 { // miekg/dns takes 0 for a missing tag
			return k, nil
		}
	}
}

// Secure makes the zone with the given apex secure, and creates it if necessary. The zone gets keys, and from then
// on its answers have signatures and denials if the query asks for them. The zones above become secure as well, so
// there is a chain of trust. For example, securing qq.com also secures com and the root, and creates them if
// necessary. New records beneath com then still make zones of their own, even if com itself was secured. These
// zones are insecure until they are secured themselves.
//
// The DNSKEY and NSEC3PARAM records at the apex, and the DS records in the parent zone, are records like others,
// but only the zone can change or remove the former. It is an error to add records that a secure zone makes itself:
// DNSKEY, RRSIG, NSEC, NSEC3, NSEC3PARAM. The DS records may be replaced by wrong ones.
//
// A zone that is secure already is signed anew. It keeps its keys if their algorithm stays the same.
func (db *DB) Secure(apex string, s Security) error {
	n, err := parseName(apex)
	if err != nil {
		return err
	}
	db.lock()
	defer db.mu.Unlock()
	c := db.begin()
	if err := c.secure(&n, dns.Fqdn(apex), s); err != nil {
		c.rollback()
		return fmt.Errorf("zone: secure %s: %w", apex, err)
	}
	c.commit()
	return nil
}

// TrustAnchor returns the DNSKEY record that validators must trust (RFC 4035 §4.4): that of the root, which is
// secured if it is not.
func (db *DB) TrustAnchor() (*dns.DNSKEY, error) {
	db.lock()
	defer db.mu.Unlock()
	if db.root.zone.signer == nil {
		c := db.begin()
		if err := c.secure(new(name), ".", Security{}); err != nil {
			c.rollback()
			return nil, fmt.Errorf("zone: secure the root: %w", err)
		}
		c.commit()
	}
	return dns.Copy(db.root.zone.signer.ksk.DNSKEY).(*dns.DNSKEY), nil
}

// secure secures the zone of a name and those above it. The parents of the registrable domain become zones if they
// are not.
func (c *change) secure(n *name, apex string, s Security) error {
	registrable, ok := n.registrable()
	if !ok {
		registrable = -1 // the name is a public suffix itself
	}
	for skip := n.labels; skip >= 0; skip-- {
		at := c.db.root.grow(n, skip)
		if at.zone == nil && 0 < skip && skip < registrable {
			continue
		}
		c.save(at)
		if at.zone == nil {
			if err := at.admits(&record{typ: dns.TypeSOA}); err != nil {
				return err
			}
			at.zone = &zone{registry: skip > registrable}
			at.synthesize(owner(apex, skip))
			c.keepSerial(at)
		}
		at.zone.implicit = false
		how := Security{}
		if skip == 0 {
			how = s
		} else if at.zone.signer != nil {
			continue
		}
		if err := c.sign(at, owner(apex, skip), how); err != nil {
			return err
		}
	}
	return nil
}

// sign gives a zone its keys, and its parent the DS record.
func (c *change) sign(at *node, apex string, how Security) error {
	if how.Algorithm == 0 {
		how.Algorithm = dns.ECDSAP256SHA256
	}
	how.NSEC3 = how.NSEC3 || how.OptOut
	const hash = 1 + 32 // octets, of the label that NSEC3 puts before the apex
	if len(at.wire())+hash+1 > 255 {
		return errors.New("the name is too long for NSEC3 records (RFC 5155 §3)")
	}
	s := &signer{Security: how, apex: at, name: apex, since: time.Now()}
	if was := at.zone.signer; was != nil && was.Algorithm == how.Algorithm {
		s.ksk, s.zsk = was.ksk, was.zsk
	} else {
		if typ, name := at.foreign(was != nil); typ != dns.TypeNone {
			return fmt.Errorf("the zone has %s records at %s already, and would make its own", dns.Type(typ), name)
		}
		var err error
		if s.ksk, s.zsk, err = newKeys(apex, how.Algorithm); err != nil {
			return err
		}
	}
	s.ds = s.ksk.ToDS(dns.SHA256)
	at.zone.signer = s
	c.touch(at)
	at.replace(dns.TypeDNSKEY)
	at.replace(dns.TypeNSEC3PARAM)
	if how.Flaw != Unsigned {
		at.replace(dns.TypeDNSKEY, s.ksk.DNSKEY, s.zsk.DNSKEY)
		if how.NSEC3 {
			at.replace(dns.TypeNSEC3PARAM, &dns.NSEC3PARAM{
				Hdr:  dns.RR_Header{Name: apex, Rrtype: dns.TypeNSEC3PARAM, Class: dns.ClassINET, Ttl: DefaultTTL},
				Hash: dns.SHA1,
			})
		}
	}
	if at.parent == nil {
		return nil
	}
	c.touch(at.enclosing(dns.TypeDS))
	at.replace(dns.TypeDS)
	if how.Flaw != NoDS {
		ds := *s.ds
		ds.Hdr.Ttl = DefaultTTL
		if how.Flaw == WrongDS {
			digest, err := hex.DecodeString(ds.Digest)
			if err != nil {
				return err
			}
			digest[0] ^= 1
			ds.Digest = hex.EncodeToString(digest)
		}
		at.replace(dns.TypeDS, &ds)
	}
	return nil
}

// foreign looks for added records of types that a secure zone makes itself. Records that it has made are at the
// apex, and are not foreign.
func (apex *node) foreign(signed bool) (typ uint16, name string) {
	var walk func(at *node)
	walk = func(at *node) {
		for i := range at.sets {
			if s := &at.sets[i]; made(s.typ) && !(signed && at == apex) {
				typ, name = s.typ, s.rrs[0].Header().Name
			}
		}
		for child := range at.children.all() {
			if child.zone == nil && typ == dns.TypeNone {
				walk(child)
			}
		}
	}
	walk(apex)
	return typ, name
}

// made reports whether a secure zone makes the records of a type itself.
func made(typ uint16) bool {
	switch typ {
	case dns.TypeDNSKEY, dns.TypeRRSIG, dns.TypeNSEC, dns.TypeNSEC3, dns.TypeNSEC3PARAM:
		return true
	}
	return false
}
