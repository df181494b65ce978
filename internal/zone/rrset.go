package zone

// Records that are being added to a zone, and sets of records.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxRecords bounds the records of one name and type: no message of 65535 bytes could carry more, as
// each takes at least 2 (compressed owner) + 10 + 1 bytes.
const maxRecords = 5000

// record is a record ready to be added.
type record struct {
	rr    dns.RR // a copy of our own
	given dns.RR
	typ   uint16
	at    *node // of its owner, once it is added
}

// name returns the owner of the record, which is a name since it has been on the wire.
func (r *record) name() name {
	n, _ := parseName(r.rr.Header().Name)
	return n
}

// prepare checks each record by itself, and copies it by its wire form. Records in the DB can therefore be sent,
// and are the same as those that a receiver reads.
func prepare(rrs []dns.RR) ([]record, error) {
	recs := make([]record, len(rrs))
	for i, given := range rrs {
		rr, err := onWire(given)
		if err != nil {
			return nil, &RecordError{given, err}
		}
		recs[i] = record{rr: rr, given: given, typ: rr.Header().Rrtype}
	}
	levelTTLs(recs)
	return recs, nil
}

// levelTTLs gives all records of an RRset the lowest of their TTLs (RFC 2181 §5.2), so an existing set is copied
// only once for all of them.
func levelTTLs(recs []record) {
	level := true
	for i := range recs {
		level = level && recs[i].rr.Header().Ttl == recs[0].rr.Header().Ttl
	}
	if level {
		return
	}
	type set struct {
		name string
		typ  uint16
	}
	lowest := make(map[set]uint32)
	of := func(r *record) set { return set{strings.ToLower(r.rr.Header().Name), r.typ} }
	for i := range recs {
		r := &recs[i]
		if ttl, ok := lowest[of(r)]; !ok || r.rr.Header().Ttl < ttl {
			lowest[of(r)] = r.rr.Header().Ttl
		}
	}
	for i := range recs {
		recs[i].rr.Header().Ttl = lowest[of(&recs[i])]
	}
}

// onWire returns the copy of a record that its receiver would get.
func onWire(rr dns.RR) (dns.RR, error) {
	if rr == nil {
		return nil, errors.New("nil record")
	}
	h := rr.Header()
	switch {
	case h.Name == "":
		return nil, errors.New("no owner name")
	case h.Class != dns.ClassINET:
		return nil, fmt.Errorf("class is %s, want IN", dns.Class(h.Class))
	case h.Ttl > 1<<31-1:
		return nil, fmt.Errorf("TTL is %d, want at most 2147483647 (RFC 2181 §8)", h.Ttl)
	case !storable(h.Rrtype):
		return nil, errors.New("no zone holds records of this type")
	}
	packet := make([]byte, dns.Len(rr)+1)
	length, err := dns.PackRR(rr, packet, 0, nil, false)
	if err != nil {
		return nil, err
	}
	sent, end, err := dns.UnpackRR(packet[:length], 0)
	if err == nil && end != length {
		err = errors.New("data of the wrong length")
	}
	if err != nil {
		return nil, err
	}
	if sent.Header().Rdlength == 0 && !emptyData(h.Rrtype) {
		return nil, errors.New("no data")
	}
	return sent, nil
}

// storable reports whether records of a type can be in zones, and not only in questions or messages (RFC 6895
// §3.1).
func storable(typ uint16) bool {
	return typ != 0 && typ != dns.TypeOPT && (typ < 128 || typ > 255)
}

// emptyData reports whether records of a type may have no data at all.
func emptyData(typ uint16) bool {
	_, known := dns.TypeToRR[typ]
	return !known || typ == dns.TypeNULL || typ == dns.TypeAPL
}

// add adds a record to its set, and reports whether that changed the set.
func (s *rrset) add(rr dns.RR) (bool, error) {
	if s.has(rr) {
		return s.lowerTTL(rr.Header().Ttl), nil
	}
	if len(s.rrs) == maxRecords {
		return false, fmt.Errorf("more than %d records, which no message could carry", maxRecords)
	}
	s.lowerTTL(rr.Header().Ttl)
	first := s.rrs[0].Header()
	rr.Header().Ttl, rr.Header().Name = first.Ttl, first.Name // one RRset, one spelling
	s.rrs = append(s.rrs, rr)
	return true, nil
}

// has reports whether a record is in its set, and remembers that it will be.
func (s *rrset) has(rr dns.RR) bool {
	const many = 64 // the number of records from which on it pays to keep the texts
	if len(s.rrs) >= many {
		if s.known == nil {
			s.known = make(map[string]bool)
			for _, have := range s.rrs {
				s.known[textOf(have)] = true
			}
		}
		text := textOf(rr)
		if !s.known[text] {
			s.known[text] = true
			return false
		}
	}
	return slices.ContainsFunc(s.rrs, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) })
}

// textOf returns the data of a record as text, which is the same for two records that are duplicates.
func textOf(rr dns.RR) string {
	text := strings.TrimPrefix(rr.String(), rr.Header().String())
	switch rr.(type) {
	case *dns.TXT, *dns.SPF, *dns.CAA, *dns.HINFO: // in which letter case matters
		return text
	}
	return strings.ToLower(text)
}

// lowerTTL gives the whole set a lower TTL, in copies, and reports whether it had to.
func (s *rrset) lowerTTL(ttl uint32) bool {
	if ttl >= s.rrs[0].Header().Ttl {
		return false
	}
	rrs := make([]dns.RR, len(s.rrs), cap(s.rrs))
	for i, rr := range s.rrs {
		rrs[i] = dns.Copy(rr)
		rrs[i].Header().Ttl = ttl
	}
	s.rrs = rrs
	return true
}

// besideCNAME reports whether records of a type may stand beside a CNAME (RFC 4035 §2.5).
func besideCNAME(typ uint16) bool { return typ == dns.TypeRRSIG || typ == dns.TypeNSEC }
