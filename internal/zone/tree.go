package zone

// The tree of names that holds the records. Zones are regions of it: where a zone begins and ends
// follows from the apexes, so a new zone moves no records.

import (
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"
)

// node is a name that exists: it has records, or is the apex of a zone, or something beneath it is. A
// node without records is an empty non-terminal (RFC 4592 §2.2.2). No node that is none of these
// stays in the tree.
type node struct {
	parent   *node // nil for the root
	label    string
	children map[string]*node // by lower-case label
	sets     []rrset          // in the order in which the types came
	zone     *zone            // if this is an apex
	change   *change          // that is under way, and has saved it
}

// rrset is the records of one name and type. The slice may grow but what it holds never changes.
type rrset struct {
	typ uint16
	rrs []dns.RR

	// known has the texts of the records, if there are many: only one whose text is known can be there
	// already. It is nil otherwise, and when the set was made anew.
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

// any returns the records of one type, the first that came, or nil. A DS record at an apex is not
// among those of the zone.
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
		at = at.children[string(n.label(i))]
	}
	return at
}

// make returns the node of a name, which it creates if need be.
func (root *node) make(n *name) *node { return root.grow(n, 0) }

// grow is make for the name without its first skip labels.
func (root *node) grow(n *name, skip int) *node {
	at := root
	for i := n.labels - 1; i >= skip; i-- {
		label := n.label(i)
		next := at.children[string(label)]
		if next == nil {
			next = &node{parent: at, label: string(label)}
			if at.children == nil {
				at.children = make(map[string]*node)
			}
			at.children[next.label] = next
		}
		at = next
	}
	return at
}

// prune takes the node and its ancestors out of the tree as far as nothing keeps them in it.
func (at *node) prune() {
	for at.parent != nil && at.zone == nil && len(at.sets) == 0 && len(at.children) == 0 {
		delete(at.parent.children, at.label)
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

// place is where a name is found, or would be.
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
		next := at.children[string(n.label(i))]
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

// registrable returns how many labels to skip to get from a name to the registrable domain around it;
// ok is false if there is none, as for a public suffix itself. Labels like _dmarc or * are not part of
// such a domain.
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
