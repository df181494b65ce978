package zone

// Records that a delegation hides (RFC 2181 §6.1), which are mistakes of a test.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// errHidden is the advice in errors about such records.
var errHidden = errors.New("make a zone there, by an SOA record, or remove the NS records")

// visible returns an error if one of the records that were added is hidden by a delegation, or is one that
// hides others.
func (c *change) visible(recs []record) error {
	if c.db.Occluded {
		return nil
	}
	var last *node // the node whose subtree was checked last
	for i := range recs {
		r := &recs[i]
		at := r.at
		for up := at; up.zone == nil && up.parent != nil; up = up.parent {
			if up.hides(at, r.typ) {
				return &RecordError{r.given, fmt.Errorf("the delegation of %s hides it (RFC 2181 §6.1): %w", text(up.wire()), errHidden)}
			}
		}
		if r.typ != dns.TypeNS || at.zone != nil || at == last {
			continue
		}
		last = at
		if hidden, typ := at.hidden(at); hidden != nil {
			return &RecordError{r.given, fmt.Errorf("such a delegation would hide %s %s (RFC 2181 §6.1): %w", text(hidden.wire()), dns.Type(typ), errHidden)}
		}
	}
	return nil
}

// hides reports whether this node is a delegation that hides the records of a type at a node at or beneath it. It
// hides all records except its own and the addresses of its servers.
func (cut *node) hides(at *node, typ uint16) bool {
	servers := cut.set(dns.TypeNS)
	if servers == nil {
		return false
	}
	switch typ {
	case dns.TypeNS, dns.TypeDS:
		return at != cut
	case dns.TypeA, dns.TypeAAAA:
		host := text(at.wire())
		for _, rr := range servers {
			if strings.EqualFold(rr.(*dns.NS).Ns, host) {
				return false
			}
		}
	}
	return true
}

// hidden returns the first node, at or beneath another, with records that a delegation hides, and their type.
func (cut *node) hidden(at *node) (*node, uint16) {
	for i := range at.sets {
		if typ := at.sets[i].typ; cut.hides(at, typ) {
			return at, typ
		}
	}
	for child := range at.children.all() {
		if child.zone != nil {
			continue
		}
		if hidden, typ := cut.hidden(child); hidden != nil {
			return hidden, typ
		}
	}
	return nil, 0
}
