package zone

// Denial of existence: NSEC (RFC 4034 §4, RFC 4035 §3.1.3) and NSEC3 (RFC 5155 §7.2).

import (
	"bytes"
	"crypto/sha1"
	"encoding/base32"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// link is a name in the chain of a zone.
type link struct {
	key  string // what the chain is ordered by: see signer.key
	node *node
}

func (l link) compare(key string) int { return strings.Compare(l.key, key) }

// key returns the key by which a name is sorted. The name is in wire form without its root label. The key is its
// hash (RFC 5155 §5), or its labels from right to left, each with an end that sorts before all other bytes (RFC
// 4034 §6.1).
func (s *signer) key(wire []byte) string {
	if s.NSEC3 {
		hash := sha1.Sum(append(bytes.Clone(wire), 0))
		return string(hash[:])
	}
	var starts []int
	for at := 0; at < len(wire); at += 1 + int(wire[at]) {
		starts = append(starts, at)
	}
	key := make([]byte, 0, 2*len(wire))
	for _, at := range slices.Backward(starts) {
		for _, c := range wire[at+1 : at+1+int(wire[at])] {
			if c <= 1 {
				key = append(key, 1)
				c++
			}
			key = append(key, c)
		}
		key = append(key, 0)
	}
	return string(key)
}

// chain returns the names of the zone that have an NSEC or NSEC3 record, in order: all but those beneath
// delegations, with NSEC but empty non-terminals, and with opt-out but insecure delegations.
func (s *signer) chain() []link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links == nil {
		s.links = s.allLinks()
	}
	for _, at := range s.stale {
		s.relink(at)
	}
	s.stale = nil
	return s.links
}

// allLinks returns the chain as it is now.
func (s *signer) allLinks() (links []link) {
	var walk func(at *node, wire []byte)
	walk = func(at *node, wire []byte) {
		if s.has(at) {
			links = append(links, link{s.key(wire), at})
		}
		if s.cuts(at) {
			return
		}
		for child := range at.children.all() {
			walk(child, slices.Concat([]byte{byte(len(child.label))}, []byte(child.label), wire))
		}
	}
	walk(s.apex, s.apex.wire())
	slices.SortFunc(links, func(a, b link) int { return strings.Compare(a.key, b.key) })
	return links
}

// relink brings the chain up to date with a node that has changed, and with those above it, which may have come or gone with it.
func (s *signer) relink(at *node) {
	var path []*node
	for ; at != s.apex; at = at.parent {
		path = append(path, at)
	}
	hidden := false // by a delegation
	for _, at := range slices.Backward(path) {
		key := s.key(at.wire())
		i, found := slices.BinarySearchFunc(s.links, key, link.compare)
		there := !hidden && at.parent.children.get([]byte(at.label)) == at
		switch {
		case there && s.has(at) && found:
			s.links[i].node = at
		case there && s.has(at):
			s.links = slices.Insert(s.links, i, link{key, at})
		case found && (there || s.links[i].node == at):
			s.links = slices.Delete(s.links, i, i+1)
		}
		hidden = hidden || s.cuts(at)
	}
}

// has reports whether the chain has a record for a name that is not beneath a delegation.
func (s *signer) has(at *node) bool { return !s.omits(at) && (s.NSEC3 || len(at.sets) > 0) }

// cuts reports whether the names beneath a node are not in the zone.
func (s *signer) cuts(at *node) bool { return at != s.apex && at.delegated() }

// omits reports whether the chain has no record for a name because the name is an insecure delegation (RFC 5155
// §6). The empty non-terminals above it have records.
func (s *signer) omits(at *node) bool {
	return s.OptOut && s.cuts(at) && at.set(dns.TypeDS) == nil
}

// delegated reports whether a node that is no apex of the zone is where another zone begins.
func (at *node) delegated() bool { return at.zone != nil || at.set(dns.TypeNS) != nil }

// wire returns the name of a node in wire form without its root label.
func (at *node) wire() []byte {
	var wire []byte
	for ; at.parent != nil; at = at.parent {
		wire = append(append(wire, byte(len(at.label))), at.label...)
	}
	return wire
}

// text returns the presentation form of a name in wire form without its root label.
func text(wire []byte) string {
	name, _, err := dns.UnpackDomainName(append(bytes.Clone(wire), 0), 0)
	if err != nil {
		return "." // no name of the tree is too long
	}
	return name
}

// changed notes in the zones that know a node that their chains are no longer right. If a delegation at the node has come or gone,
// and with it the names beneath, or if much has changed, the chains are made anew.
func (at *node) changed(beneath bool) {
	for _, apex := range []*node{at.enclosing(dns.TypeNone), at.enclosing(dns.TypeDS)} {
		s := apex.zone.signer
		switch {
		case s == nil || s.links == nil:
		case beneath || len(s.stale) > len(s.links)/8:
			s.links, s.stale = nil, nil
		default:
			s.stale = append(s.stale, at)
		}
	}
}

// denial returns the record that matches or covers a name: that of the last name of the chain that is not after it.
// So the same function denies names and types.
func (s *signer) denial(wire []byte) dns.RR {
	if len(s.apex.zone.networks) > 0 {
		if rr := s.narrowDenial(wire); rr != nil {
			return rr
		}
	}
	chain := s.chain()
	i, found := slices.BinarySearchFunc(chain, s.key(wire), link.compare)
	if !found {
		i = (i - 1 + len(chain)) % len(chain)
	}
	at, next := chain[i], chain[(i+1)%len(chain)]
	if s.NSEC3 {
		return s.nsec3(at.key, next.key, at.node.types(s))
	}
	return s.nsec(text(at.node.wire()), text(next.node.wire()), at.node.types(s))
}

// wrongDenial returns a record that proves nothing: that the apex has a type, and that there is no
// name directly after it.
func (s *signer) wrongDenial(qtype uint16) dns.RR {
	types := slices.Compact(slices.Sorted(slices.Values(append(s.apex.types(s), qtype))))
	if !s.NSEC3 {
		return s.nsec(s.name, `\000.`+strings.TrimPrefix(s.name, "."), types)
	}
	key := s.key(s.apex.wire())
	return s.nsec3(key, neighbor(key, 1), types)
}

func (s *signer) nsec(owner, next string, types []uint16) dns.RR {
	return &dns.NSEC{Hdr: s.denialHeader(owner, dns.TypeNSEC), NextDomain: next, TypeBitMap: types}
}

func (s *signer) nsec3(hash, next string, types []uint16) dns.RR {
	encode := func(hash string) string { return base32.HexEncoding.EncodeToString([]byte(hash)) }
	owner := strings.ToLower(encode(hash)) + "." + strings.TrimPrefix(s.name, ".")
	var flags uint8
	if s.OptOut {
		flags = 1
	}
	return &dns.NSEC3{
		Hdr:  s.denialHeader(owner, dns.TypeNSEC3),
		Hash: dns.SHA1, Flags: flags, HashLength: sha1.Size, NextDomain: encode(next), TypeBitMap: types,
	}
}

// denialHeader begins a record that lives as long as any negative answer (RFC 9077 §3).
func (s *signer) denialHeader(owner string, typ uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: typ, Class: dns.ClassINET, Ttl: s.apex.zone.negative.Header().Ttl}
}

// types returns the types of the records that a zone has at a node, in order, signatures and denials
// included.
func (at *node) types(s *signer) []uint16 {
	var types []uint16
	cut := s.cuts(at)
	for i := range at.sets {
		switch typ := at.sets[i].typ; {
		case at == s.apex && typ == dns.TypeDS: // the parent's
		case cut && typ != dns.TypeDS: // not ours (RFC 4035 §2.3)
		default:
			types = append(types, typ)
		}
	}
	signed := len(types) > 0
	if cut {
		types = append(types, dns.TypeNS)
	}
	if !s.NSEC3 {
		types = append(types, dns.TypeNSEC)
		signed = true
	}
	if signed {
		types = append(types, dns.TypeRRSIG)
	}
	slices.Sort(types)
	return types
}

// deny proves a negative answer about a name: that it has no such records, or does not exist, or exists only by a
// wildcard, which has answered or has no such records either.
func (a *answerer) deny(p place, n *name, answered bool) {
	s := p.apex.zone.signing()
	if s == nil {
		return
	}
	validates := a.mode == Recursive && (s.OptOut || s.deniesBadly()) && p.apex.verdict(a.now()) == secure
	if !a.signed && !validates {
		return
	}
	whole := n.wire[:n.len()]
	var encloser, next []byte // which has a record, and which is covered by one
	switch {
	case p.node != nil && !s.omits(p.node):
	case p.node != nil:
		encloser, next = whole[1+int(whole[0]):], whole
	default:
		skip := n.labels
		for up := p.encloser; up.parent != nil; up = up.parent {
			skip--
		}
		encloser, next = n.wire[n.starts[skip]:n.len()], n.wire[n.starts[skip-1]:n.len()]
	}
	if validates {
		switch {
		case s.deniesBadly():
			a.verdict, a.blamed = bogus, p.apex
		case next != nil: // what is covered may be a delegation (RFC 5155 §9.2)
			a.verdict = max(a.verdict, insecure)
		}
	}
	if !a.signed {
		return
	}
	wildcard := append([]byte{1, '*'}, encloser...)
	switch {
	case next == nil:
		a.prove(s, whole)
	case s.NSEC3 && answered:
		a.prove(s, next)
	case s.NSEC3 && p.node != nil:
		a.prove(s, encloser, next)
	case s.NSEC3:
		a.prove(s, encloser, next, wildcard)
	case answered:
		a.prove(s, next)
	default:
		a.prove(s, next, wildcard)
	}
}

// prove adds the records that match or cover some names, each once.
func (a *answerer) prove(s *signer, names ...[]byte) {
	if s.Flaw == NoDenial {
		return
	}
	for _, wire := range names {
		rr := s.denial(wire)
		if s.Flaw == WrongDenial {
			rr = s.wrongDenial(a.question.Qtype)
		}
		if slices.ContainsFunc(a.msg.Ns, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) }) {
			continue
		}
		a.msg.Ns = append(a.msg.Ns, rr)
		a.sign(&a.msg.Ns, s.apex, []dns.RR{rr})
	}
}
