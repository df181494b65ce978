package mxmock

// The records of the DNS: adding, replacing and removing them.

import (
	"fmt"
	"iter"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// AddZone adds the records of a master file (RFC 1035 §5), such as
//
//	$ORIGIN example.com.
//	@       MX   10 mx1
//	mx1     A    203.0.113.25
//	@       TXT  "v=spf1 mx -all"
//
// The text may be indented as a whole: white space that begins every non-empty line is ignored.
// After that, a line that begins with white space has the owner of the previous record.
//
// Names that do not end in a dot are relative to $ORIGIN, or to the root if there is none. A zone
// is made at each SOA record, and otherwise at the registrable domain. NS records at any other name
// are a delegation if the text has nothing else at or below that name except addresses of name
// servers and DS records; the servers need not exist. Otherwise a zone is made there. Records
// that a delegation of an earlier text hides are an error, and so is a delegation that would hide
// earlier records. If AddZone returns an error, it names the line and column, or the record, and
// nothing was added.
//
// A name at which a zone begins, such as qq.com, can't be an alias (RFC 1034 §3.6.2). A [DNSRule]
// can answer as if it were one.
//
// A zone that is already signed is an error, since its signatures would not be served: omit RRSIG,
// NSEC, NSEC3 and NSEC3PARAM records, and sign it by [Internet.Secure].
//
// Adding records does not create hosts. Dialing such an address fails with EHOSTUNREACH until [Internet.Host] is
// called, which takes the addresses that the DNS has for the name.
//
// Every change of records adds one to the serial number of the zone. A look-up sees either all of a
// change or none of it.
func (n *Internet) AddZone(text string) error {
	rrs, err := zone.Parse(text, ".", "zone")
	if err != nil {
		return fmt.Errorf("mxmock: %w", err)
	}
	if err := checkUnsigned(rrs); err != nil {
		return fmt.Errorf("mxmock: add the records of a zone: %w", err)
	}
	if err := n.db.Add(append(n.apexes(rrs), rrs...)...); err != nil {
		return fmt.Errorf("mxmock: add the records of a zone: %w", err)
	}
	n.mention(rrs)
	return nil
}

// checkUnsigned returns an error if there are records of a zone that is signed already.
func checkUnsigned(rrs []dns.RR) error {
	for _, rr := range rrs {
		switch h := rr.Header(); h.Rrtype {
		case dns.TypeRRSIG, dns.TypeNSEC, dns.TypeNSEC3, dns.TypeNSEC3PARAM:
			return fmt.Errorf("%s %s: a zone that is signed already can't be served as it is; leave RRSIG, NSEC, NSEC3 and "+
				"NSEC3PARAM records out, and have Secure sign it", h.Name, dns.Type(h.Rrtype))
		}
	}
	return nil
}

// apexes returns SOA records for the names with NS records that can't be delegations, since a delegation would hide
// other records of the same text.
func (n *Internet) apexes(rrs []dns.RR) []dns.RR {
	type cut struct {
		owner   string
		servers map[string]bool
		hides   bool // there are other records at or beneath it
		apex    bool // it has an SOA record
	}
	var cuts []*cut
	byOwner := make(map[string]*cut)
	for _, rr := range rrs {
		ns, ok := rr.(*dns.NS)
		if !ok {
			continue
		}
		owner := strings.ToLower(ns.Hdr.Name)
		c := byOwner[owner]
		if c == nil {
			c = &cut{owner: owner, servers: make(map[string]bool)}
			cuts, byOwner[owner] = append(cuts, c), c
		}
		c.servers[strings.ToLower(ns.Ns)] = true
	}
	for _, rr := range rrs {
		name := strings.ToLower(rr.Header().Name)
		for owner := range atAndAbove(name) {
			c := byOwner[owner]
			if c == nil {
				continue
			}
			switch rr.Header().Rrtype {
			case dns.TypeA, dns.TypeAAAA:
				c.hides = c.hides || !c.servers[name]
			case dns.TypeNS, dns.TypeDS:
				c.hides = c.hides || name != owner
			case dns.TypeSOA:
				c.apex, c.hides = c.apex || name == owner, true
			default:
				c.hides = true
			}
		}
	}
	var soas []dns.RR
	for _, c := range cuts {
		if n.isApex(c.owner) || c.apex || !c.hides {
			continue
		}
		under := strings.TrimPrefix(c.owner, ".") // "" for the root
		soas = append(soas, &dns.SOA{
			Hdr: header(c.owner, dns.TypeSOA), Ns: "ns." + under, Mbox: "hostmaster." + under,
			Serial: 1, Refresh: 3600, Retry: 600, Expire: 7 * 86400, Minttl: zone.DefaultTTL,
		})
	}
	return soas
}

// atAndAbove yields a name and the names above it, up to the root.
func atAndAbove(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at, end := 0, name == "."; !end; at, end = dns.NextLabel(name, at) {
			if !yield(name[at:]) {
				return
			}
		}
		yield(".")
	}
}

// ReplaceZone replaces all records in the zone of a domain by those of a master file, written as
// for [Internet.AddZone]. Names that do not end in a dot are relative to the domain. If the text
// has no SOA record, the zone keeps its own. If ReplaceZone returns an error, it names the line and
// column, or the record that is outside of the domain, and nothing was changed.
func (n *Internet) ReplaceZone(domain, text string) error {
	apex, err := question.ASCII(domain)
	if err != nil {
		return fmt.Errorf("mxmock: replace a zone: %w", err)
	}
	rrs, err := zone.Parse(text, apex, "zone")
	if err != nil {
		return fmt.Errorf("mxmock: %w", err)
	}
	if err := checkUnsigned(rrs); err != nil {
		return fmt.Errorf("mxmock: replace the zone %s: %w", domain, err)
	}
	if err := n.db.Replace(apex, rrs...); err != nil {
		return fmt.Errorf("mxmock: replace the zone %s: %w", domain, err)
	}
	n.mention(rrs)
	return nil
}

// RemoveRecords removes the records that answer a question, such as "mx qq.com", or "any qq.com" for all records of
// the name, and returns how many there were. The SOA record of a zone stays. RemoveRecords panics if the argument
// is not a question about one name.
func (n *Internet) RemoveRecords(what string) int {
	q := mustQuestion(what)
	if q.Below {
		panic(fmt.Sprintf("mxmock: remove %q: name one name", what))
	}
	return n.db.Remove(q.Name, q.Type)
}

// RemoveZone removes the zone of a domain with all its records, and reports whether there was one.
// Zones below it stay, and so do hosts. RemoveZone panics if the domain is not a domain name.
func (n *Internet) RemoveZone(domain string) bool { return n.db.RemoveZone(mustName(domain)) }

// mention notes the addresses in records, so hosts do not get them as free addresses.
func (n *Internet) mention(rrs []dns.RR) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, rr := range rrs {
		if addr := addrOf(rr); addr.IsValid() {
			if n.mentioned == nil {
				n.mentioned = make(map[netip.Addr]bool)
			}
			n.mentioned[addr] = true
		}
	}
}

// addrOf returns the address in an A or AAAA record, or the zero Addr for any other record.
func addrOf(rr dns.RR) netip.Addr {
	var addr netip.Addr
	switch rr := rr.(type) {
	case *dns.A:
		addr, _ = netip.AddrFromSlice(rr.A)
		addr = addr.Unmap()
	case *dns.AAAA:
		addr, _ = netip.AddrFromSlice(rr.AAAA)
	}
	return addr
}

// mustQuestion is [question.Parse] for a question in the code of a test. It panics if that is wrong.
func mustQuestion(text string) question.Question {
	q, err := question.Parse(text)
	if err != nil {
		panic("mxmock: " + err.Error())
	}
	return q
}

// mustName is [question.ASCII] for a name in the code of a test. It panics if that is wrong.
func mustName(name string) string {
	fqdn, err := question.ASCII(name)
	if err == nil && strings.ContainsAny(name, "@:") { // legal in the DNS, but the sign of an address, a port or a URL; RFC 2317 uses "/"
		err = fmt.Errorf("%q is not a domain name", name)
	}
	if err != nil {
		panic("mxmock: " + err.Error())
	}
	return fqdn
}
