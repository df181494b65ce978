package zone

// The networks of a DNS blocklist (RFC 5782). The records at the names of their addresses are made for each answer,
// because a network has too many of them, and because a wildcard would also match names that are not of its addresses.

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strconv"

	"github.com/miekg/dns"
)

// Network is an entry of a DNS blocklist: a network, and the records at the names of its addresses.
type Network struct {
	Prefix  netip.Prefix
	Records []dns.RR // whose owner does not matter; no aliases and no delegations
}

// List adds networks to the zone with the given apex, which it creates if necessary. The name of an address is its
// reversed octets or nibbles in front of the apex (RFC 5782 §2.1, §2.4). It has the records of all networks that
// contain the address, besides those that were added to the name itself, unless that is an alias or is delegated.
//
// The networks stay until the zone is replaced or removed. They are not among the [DB.Records], and [DB.Remove] does
// not remove them.
func (db *DB) List(apex string, networks ...Network) error {
	return db.change(func(c *change) error {
		if err := c.ensure(apex); err != nil {
			return err
		}
		n, err := parseName(apex)
		if err != nil {
			return err
		}
		at := c.db.root.get(&n)
		all := slices.Clone(at.zone.networks) // the old ones may be needed to undo the change
		for _, network := range networks {
			if !network.Prefix.IsValid() {
				return fmt.Errorf("zone: %v is not a network", network.Prefix)
			}
			recs, err := prepare(network.Records)
			if err != nil {
				return err
			}
			one := Network{Prefix: network.Prefix.Masked()}
			for i := range recs {
				one.Records = append(one.Records, recs[i].rr)
			}
			all = append(all, one)
		}
		slices.SortStableFunc(all, func(a, b Network) int { return comparePrefixes(a.Prefix, b.Prefix) })
		at.zone.networks = all
		c.touch(at)
		return nil
	})
}

// comparePrefixes orders prefixes by their first address, the larger network first.
func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// networks returns the networks that the given number of labels, from the label first on, can stand for: none, one of
// IPv4 or of IPv6, or both, as "1.2" is part of the names of addresses in 2.1.0.0/16 and in 2100::/8.
func (n *name) networks(first, labels int) []netip.Prefix {
	var all []netip.Prefix
	var v4 [4]byte
	var v6 [16]byte
	is4, is6 := labels <= len(v4), labels <= 2*len(v6)
	for i := range min(labels, 2*len(v6)) {
		label := string(n.label(first + labels - 1 - i))
		if is4 {
			octet, err := strconv.ParseUint(label, 10, 8)
			v4[i] = byte(octet)
			is4 = err == nil && strconv.FormatUint(octet, 10) == label
		}
		if is6 {
			nibble, err := strconv.ParseUint(label, 16, 4)
			v6[i/2] |= byte(nibble) << (4 * (1 - i%2))
			is6 = err == nil && len(label) == 1
		}
	}
	if is4 {
		all = append(all, netip.PrefixFrom(netip.AddrFrom4(v4), 8*labels))
	}
	if is6 {
		all = append(all, netip.PrefixFrom(netip.AddrFrom16(v6), 4*labels))
	}
	return all
}

// listed adds to a place what the networks of the zone have at the name n, which is written as owner: records or, if no
// network contains the name, its closest ancestor that exists because of them.
func (p *place) listed(n *name, owner string) {
	known := p.apex.zone.networks
	if len(known) == 0 || p.cut != nil || p.dname != nil || p.node != nil && p.node.set(dns.TypeCNAME) != nil {
		return
	}
	labels := n.labels - p.apex.depth() // beneath the apex
	if own := p.node; own != nil && labels > 0 {
		at := &node{parent: own.parent, label: own.label, children: own.children, zone: own.zone, sets: slices.Clone(own.sets)}
		at.sets, _ = addListed(at.sets, known, n.networks(0, labels), owner)
		p.node = at
	}
	if p.node != nil {
		return
	}
	beneath := n.labels - p.encloser.depth()
	first := sort.Search(beneath, func(first int) bool { // if a name exists, those above it do
		_, exists := addListed(nil, known, n.networks(first, labels-first), owner)
		return exists
	})
	for i := beneath - 1; i >= first; i-- {
		p.encloser = &node{parent: p.encloser, label: string(n.label(i))}
	}
	if first == 0 {
		p.node, p.encloser = p.encloser, nil
		p.node.sets, _ = addListed(nil, known, n.networks(0, labels), owner)
	}
}

// depth returns the number of labels of a node.
func (at *node) depth() (labels int) {
	for ; at.parent != nil; at = at.parent {
		labels++
	}
	return labels
}

// addListed adds to sets the records of a name that stands for some networks, and reports whether the name exists:
// because it is that of an address in a known network, or because such a name is beneath it.
func addListed(sets []rrset, known []Network, asked []netip.Prefix, owner string) (_ []rrset, exists bool) {
	for _, a := range asked {
		for bits := range a.Bits() + 1 {
			around, _ := a.Addr().Prefix(bits) // bits are not too many
			i, found := slices.BinarySearchFunc(known, around, func(k Network, p netip.Prefix) int { return comparePrefixes(k.Prefix, p) })
			exists = exists || found || bits == a.Bits() && i < len(known) && a.Overlaps(known[i].Prefix)
			for ; a.IsSingleIP() && i < len(known) && known[i].Prefix == around; i++ {
				sets = merge(sets, known[i].Records, owner)
			}
		}
	}
	return sets, exists
}

// merge adds records to sets, each once, as records of the owner. Sets that it was given are not changed.
func merge(sets []rrset, rrs []dns.RR, owner string) []rrset {
	for _, rr := range rrs {
		rr = dns.Copy(rr)
		h := rr.Header()
		h.Name = owner
		i := slices.IndexFunc(sets, func(s rrset) bool { return s.typ == h.Rrtype })
		switch {
		case i < 0:
			sets = append(sets, rrset{typ: h.Rrtype, rrs: []dns.RR{rr}})
		case !slices.ContainsFunc(sets[i].rrs, func(have dns.RR) bool { return dns.IsDuplicate(have, rr) }):
			s := &sets[i]
			s.lowerTTL(h.Ttl)
			h.Ttl = s.rrs[0].Header().Ttl
			s.rrs = append(slices.Clip(s.rrs), rr)
		}
	}
	return sets
}

// narrowDenial returns a record that matches or covers one name and nothing else, because the names of the networks
// are not in the chain (RFC 4470, RFC 7129 §5.6 for NSEC3). It returns nil for a name without such a record: one that
// is too long, or that ends in a way in which no address does.
func (s *signer) narrowDenial(wire []byte) dns.RR {
	var n name
	copy(n.wire[:], wire)
	if !n.index(len(wire) + 1) {
		return nil
	}
	root := s.apex
	for root.parent != nil {
		root = root.parent
	}
	p := root.find(&n, dns.TypeNone)
	p.listed(&n, text(wire))
	exists := p.node != nil && !s.omits(p.node)
	types := (&node{}).types(s)
	if exists {
		types = p.node.types(s)
	}
	if s.NSEC3 {
		key := s.key(wire)
		if exists {
			return s.nsec3(key, neighbor(key, 1), types)
		}
		return s.nsec3(neighbor(key, -1), neighbor(key, 1), types)
	}
	if exists {
		if len(wire)+2 >= len(n.wire) {
			return nil
		}
		return s.nsec(text(wire), text(append([]byte{1, 0}, wire...)), types)
	}
	label, rest := n.label(0), wire[n.starts[1]:]
	last := label[len(label)-1]
	if len(label) >= 63 || last == 0 || len(wire)+1 >= len(n.wire) {
		return nil
	}
	if last--; 'A' <= last && last <= 'Z' {
		last = 'A' - 1 // names are compared in lower case
	}
	before := slices.Concat([]byte{wire[0] + 1}, label[:len(label)-1], []byte{last, 255}, rest)
	after := slices.Concat([]byte{wire[0] + 1}, label, []byte{0}, rest)
	return s.nsec(text(before), text(after), types)
}

// neighbor returns the hash that is by one more or less than another.
func neighbor(hash string, step int) string {
	next := []byte(hash)
	for i := len(next) - 1; i >= 0; i-- {
		next[i] += byte(step)
		if step > 0 && next[i] != 0 || step < 0 && next[i] != 255 {
			break
		}
	}
	return string(next)
}
