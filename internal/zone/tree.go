package zone

// The tree of names, which holds the records. Zones are regions of the tree between apexes, so a new zone moves no
// records.

import (
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"
)

// node is a name that exists: it has records, or is the apex of a zone, or something beneath it is. A node without
// records is an empty non-terminal (RFC 4592 §2.2.2). Other nodes do not stay in the tree.
type node struct {
	parent   *node // nil for the root
	label    string
	children children
	next     *node   // another child of the parent, see children
	sets     []rrset // in the order in which the types came
	zone     *zone   // set if this is an apex
	saved    uint64  // the last change that has saved it
}

// rrset has the records of one name and type. The slice may grow, but its elements never change.
type rrset struct {
	typ uint16
	rrs []dns.RR

	// known has the texts of the records, if there are many. A record whose text is not known is not in the set. It
	// is nil otherwise, and after the set was made anew.
	known map[string]bool
}

// set returns the records of a type, or nil.
func (at *node) set(typ uint16) []dns.RR {
	for i := range at.sets {
		if at.sets[i].typ == typ {
			return at.sets[i].rrs
		}
	}
	return nil
}

// any returns the records of one type, the first that came, or nil. It leaves out DS records at an apex, which
// belong to the parent.
func (at *node) any() []dns.RR {
	for i := range at.sets {
		if at.zone == nil || at.sets[i].typ != dns.TypeDS {
			return at.sets[i].rrs
		}
	}
	return nil
}

// get returns the node of a name, or nil.
func (root *node) get(n *name) *node {
	at := root
	for i := n.labels - 1; i >= 0 && at != nil; i-- {
		at = at.children.get(n.label(i))
	}
	return at
}

// make returns the node of a name, and creates it if necessary.
func (root *node) make(n *name) *node { return root.grow(n, 0) }

// grow is make for the name without its first skip labels.
func (root *node) grow(n *name, skip int) *node {
	at := root
	for i := n.labels - 1; i >= skip; i-- {
		label := n.label(i)
		next := at.children.get(label)
		if next == nil {
			next = &node{parent: at, label: string(label)}
			at.children.add(next)
		}
		at = next
	}
	return at
}

// prune removes the node from the tree if it is empty, and then its empty ancestors.
func (at *node) prune() {
	for at.parent != nil && at.zone == nil && len(at.sets) == 0 && at.children.count() == 0 {
		at.parent.children.remove(at)
		at = at.parent
	}
}

// enclosing returns the apex of the zone that records of this type at this node belong to. A DS record
// at an apex is the parent's (RFC 4035 §2.4).
func (at *node) enclosing(typ uint16) *node {
	if typ == dns.TypeDS && at.parent != nil {
		at = at.parent
	}
	for at.zone == nil && at.parent != nil {
		at = at.parent
	}
	return at
}

// place is the place in the tree where a name is, or would be.
type place struct {
	apex     *node // of the zone that knows
	node     *node // the name itself; nil if it does not exist
	encloser *node // its closest ancestor that exists (RFC 4592 §3.3.1), if it does not
	cut      *node // the delegation at or above the name, if any (RFC 1034 §4.2)
	dname    *node // the ancestor with a DNAME record, if any (RFC 6672 §2.2)
	below    int   // number of labels in front of dname
}

// find looks for a name in the closest enclosing zone, or in its parent zone for a DS record
// (RFC 4035 §3.1.4.1).
func (root *node) find(n *name, typ uint16) place {
	p := place{apex: root}
	at := root
	for i := n.labels - 1; i >= 0; i-- {
		if p.cut == nil && p.dname == nil && at.set(dns.TypeDNAME) != nil {
			p.dname, p.below = at, i+1
		}
		next := at.children.get(n.label(i))
		if next == nil {
			p.encloser = at
			return p
		}
		at = next
		parental := i == 0 && typ == dns.TypeDS
		switch {
		case parental:
		case at.zone != nil:
			p = place{apex: at}
		case p.cut == nil && p.dname == nil && at.set(dns.TypeNS) != nil:
			p.cut = at
		}
	}
	p.node = at
	return p
}

// registrable returns the number of labels to skip from a name to its registrable domain. If there is none, as for
// a public suffix, ok is false. Labels like _dmarc or * are not part of such a domain.
func (n *name) registrable() (skip int, ok bool) {
	first := n.labels
	for first > 0 {
		if l := n.label(first - 1); l[0] == '_' || l[0] == '*' {
			break
		}
		first--
	}
	labels := make([]string, 0, n.labels)
	for i := first; i < n.labels; i++ {
		labels = append(labels, strings.ReplaceAll(string(n.label(i)), ".", "-"))
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.Join(labels, "."))
	if err != nil {
		return 0, false
	}
	return n.labels - 1 - strings.Count(domain, "."), true
}
