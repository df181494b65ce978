package zone

// The answer to a question, by the algorithm of RFC 1034 §4.3.2, with wildcards (RFC 4592) and DNAME (RFC 6672).

import (
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Mode is the role in which a DB answers.
type Mode uint8

const (
	// Recursive answers as a resolver for the whole simulated internet: RA is set and AA is clear, all aliases are
	// followed, and secure zones are validated. The answer is SERVFAIL if a real resolver could not find one,
	// because a delegation leads nowhere or aliases form a loop.
	Recursive Mode = iota

	// Authoritative answers as a name server that serves all the zones of the DB and no others: AA is set, there are
	// referrals for delegations to zones that are not in the DB, aliases are followed within their zone, and names
	// in no zone are answered with REFUSED. The root counts as a zone of the server only if it was made on purpose,
	// by [DB.Ensure], [DB.Replace], [DB.Secure] or an SOA record.
	Authoritative
)

// The number of CNAME records that one answer follows. A resolver gives up where BIND and Unbound do by default,
// since they can't resolve a name after more of them.
const (
	maxAliasesResolved = 11
	maxAliasesServed   = 16
)

// Answer answers a query. It returns nil for a message that must not be answered, one that is itself a
// response. The answer has no size limit yet; [Pack] sets it. Its records are shared with the DB and
// must not be changed; its slices are its own.
//
// Queries other than one question of class IN are answered as servers do: FORMERR unless there is exactly one
// question (RFC 9619), NOTIMP for other operations than QUERY, REFUSED for other classes and for zone transfers,
// BADVERS for another EDNS version than 0 (RFC 6891 §6.1.3). ANY is answered with one RRset of the name, the first
// that was added (RFC 8482 §4.1).
//
// A query with EDNS is answered with EDNS: our size [MaxUDP], version 0, the DO bit as in the query, no
// options.
func (db *DB) Answer(q *dns.Msg, m Mode) *dns.Msg {
	if q.Response {
		return nil
	}
	r, _ := db.answer(q, m)
	return r
}

// LookUp answers a question as a resolver that does not validate, so the answer can have bogus data. It is
// [DB.Answer] for callers that have no query and need the content of the zones.
func (db *DB) LookUp(name string, typ uint16) *dns.Msg {
	a := answerer{
		mode: Recursive, question: dns.Question{Name: name, Qtype: typ, Qclass: dns.ClassINET},
		msg: &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, RecursionAvailable: true, CheckingDisabled: true}},
	}
	a.ask(db)
	return a.msg
}

// answer answers a query, and reports whether the answer stays the same until a zone changes.
func (db *DB) answer(q *dns.Msg, m Mode) (r *dns.Msg, lasting bool) {
	r = reply(q, m)
	if rcode := check(q); rcode != dns.RcodeSuccess {
		r.Rcode = rcode
		return r, true
	}
	a := answerer{mode: m, question: q.Question[0], msg: r}
	if opt := q.IsEdns0(); opt != nil {
		a.signed = opt.Do()
	}
	opts := r.Extra // OPT is the last record, after the addresses
	r.Extra = nil
	a.ask(db)
	if a.validated {
		a.conclude(a.signed || q.AuthenticatedData)
	}
	r.Extra = append(r.Extra, opts...)
	a.explain()
	return r, a.time.IsZero() && !a.validated
}

// read calls f while nothing changes.
func (db *DB) read(f func()) {
	db.mu.RLock()
	if db.root.zone == nil {
		db.mu.RUnlock()
		db.lock() // makes the root zone
		db.mu.Unlock()
		db.mu.RLock()
	}
	defer db.mu.RUnlock()
	f()
}

// answerer makes one answer.
type answerer struct {
	mode     Mode
	question dns.Question
	msg      *dns.Msg
	apex     *node // of the zone that the question is about

	signed    bool      // the client wants signatures and denials (RFC 3225)
	validated bool      // there is a root to trust, and this resolver validates
	verdict   verdict   // if validated, on all so far
	blamed    *node     // the apex whose data is bogus
	time      time.Time // of the answer, once it matters
	circling  bool      // there are too many aliases
}

// ask answers the question from the zones.
func (a *answerer) ask(db *DB) {
	var n name
	if err := n.parse(a.question.Name); err != nil {
		a.msg.Rcode = dns.RcodeFormatError
		return
	}
	db.read(func() { a.resolve(&db.root, &n) })
}

// resolve answers the question about a name, and follows the aliases from the name to the end.
func (a *answerer) resolve(root *node, n *name) {
	owner := a.question.Name
	a.validated = a.mode == Recursive && root.zone.signer != nil
	for {
		p := root.find(n, a.question.Qtype)
		if a.question.Qtype == dns.TypeDS && a.mode == Authoritative && p.apex.zone.implicit {
			p = root.find(n, dns.TypeNone) // a server of the child only (RFC 4035 §3.1.4.1)
		}
		switch {
		case a.validated:
			a.judge(p.apex)
		case a.mode == Recursive:
		case a.apex == nil && p.apex.zone.implicit:
			a.msg.Rcode = dns.RcodeRefused
			return
		case a.apex == nil:
			a.apex = p.apex
			a.msg.Authoritative = p.cut == nil
		case a.apex != p.apex:
			return // the resolver will ask there
		}
		p.listed(n, owner)
		target := a.step(root, p, n, owner)
		if target == "" {
			return
		}
		if a.looping(target) {
			a.circling = true
			if a.mode == Recursive {
				a.msg.Rcode = dns.RcodeServerFailure
			}
			return
		}
		if err := n.parse(target); err != nil {
			a.msg.Rcode = dns.RcodeServerFailure
			return
		}
		owner = target
	}
}

// step adds the records of one name to the answer. If the name is an alias, and the question is not about that, it
// returns the target.
func (a *answerer) step(root *node, p place, n *name, owner string) (target string) {
	switch {
	case p.dname != nil:
		return a.rewrite(p, owner)
	case p.cut != nil:
		a.refer(root, p)
	case p.node != nil:
		return a.data(root, p, n, p.node, "")
	default:
		star := p.encloser.children.get([]byte{'*'})
		if star == nil || star.zone != nil {
			a.msg.Rcode = dns.RcodeNameError
			a.negative(p, n)
			return ""
		}
		return a.data(root, p, n, star, owner)
	}
	return ""
}

// data answers from the records of a node about the name n; from a wildcard, as records of the name as.
func (a *answerer) data(root *node, p place, n *name, at *node, as string) (target string) {
	qtype := a.question.Qtype
	signing := p.apex.zone.signing()
	var rrs []dns.RR
	switch alias := at.set(dns.TypeCNAME); {
	case signing != nil && qtype == dns.TypeRRSIG:
		rrs = a.signatures(p.apex, at)
	case signing != nil && qtype == dns.TypeNSEC && !signing.NSEC3 && (len(at.sets) > 0 || len(p.apex.zone.networks) > 0):
		rrs = []dns.RR{signing.denial(at.wire())}
	case qtype == dns.TypeANY:
		rrs = at.any()
	case alias != nil && qtype != dns.TypeCNAME && at.set(qtype) == nil:
		rrs = alias
		target = alias[0].(*dns.CNAME).Target
	default:
		rrs = at.set(qtype)
	}
	if rrs == nil {
		a.negative(p, n)
		return ""
	}
	from := len(a.msg.Answer)
	a.msg.Answer = append(a.msg.Answer, rrs...)
	a.sign(&a.msg.Answer, p.apex, rrs)
	if as != "" {
		for i, rr := range a.msg.Answer[from:] {
			rr = dns.Copy(rr)
			rr.Header().Name = as
			a.msg.Answer[from+i] = rr
		}
		a.deny(p, n, true)
	}
	if target == "" {
		a.addresses(root, rrs)
	}
	return target
}

// negative makes the answer NXDOMAIN or NODATA, and adds the SOA, which says how long the answer holds (RFC 2308
// §3).
func (a *answerer) negative(p place, n *name) {
	z := p.apex.zone
	a.msg.Ns = append(a.msg.Ns, z.negative)
	if sig := a.sign(&a.msg.Ns, p.apex, p.apex.set(dns.TypeSOA)); sig != nil {
		sig.Hdr.Ttl = z.negative.Header().Ttl
	}
	a.deny(p, n, false)
}

// rewrite answers with a DNAME and the CNAME that follows from it (RFC 6672 §3.1).
func (a *answerer) rewrite(p place, owner string) (target string) {
	dname := p.dname.set(dns.TypeDNAME)[0].(*dns.DNAME)
	if !slices.Contains(a.msg.Answer, dns.RR(dname)) {
		a.msg.Answer = append(a.msg.Answer, dname)
		a.sign(&a.msg.Answer, p.apex, []dns.RR{dname})
	}
	end := 0
	for range p.below {
		end, _ = dns.NextLabel(owner, end)
	}
	target = owner[:end]
	if dname.Target != "." {
		target += dname.Target
	}
	if _, err := parseName(target); err != nil {
		a.msg.Rcode = dns.RcodeYXDomain
		return ""
	}
	a.msg.Answer = append(a.msg.Answer, &dns.CNAME{
		Hdr:    dns.RR_Header{Name: owner, Rrtype: dns.TypeCNAME, Class: dns.ClassINET, Ttl: dname.Hdr.Ttl},
		Target: target,
	})
	if a.question.Qtype == dns.TypeCNAME {
		return ""
	}
	return target
}

// looping reports whether the answer has followed enough aliases, or has been at target before.
func (a *answerer) looping(target string) bool {
	aliases := 0
	for _, rr := range a.msg.Answer {
		if h := rr.Header(); h.Rrtype == dns.TypeCNAME {
			aliases++
			if strings.EqualFold(h.Name, target) {
				return true
			}
		}
	}
	if a.mode == Recursive {
		return aliases > maxAliasesResolved
	}
	return aliases > maxAliasesServed
}

// refer answers with a delegation to servers that a resolver would have to ask (RFC 1034 §4.3.2 step 3b), and that
// do not exist.
func (a *answerer) refer(root *node, p place) {
	if a.mode == Recursive {
		a.msg.Rcode = dns.RcodeServerFailure
		return
	}
	servers := p.cut.set(dns.TypeNS)
	a.msg.Ns = append(a.msg.Ns, servers...)
	if s := p.apex.zone.signing(); s != nil && a.signed { // RFC 4035 §3.1.4
		if ds := p.cut.set(dns.TypeDS); ds != nil {
			a.msg.Ns = append(a.msg.Ns, ds...)
			a.sign(&a.msg.Ns, p.apex, ds)
		} else {
			wire := p.cut.wire()
			if s.omits(p.cut) {
				a.prove(s, wire[1+int(wire[0]):])
			}
			a.prove(s, wire)
		}
	}
	a.addresses(root, servers)
}

// addresses adds the addresses of the hosts that records name (RFC 1034 §4.3.2 step 6, RFC 1035 §3.3.9,
// §3.3.11, RFC 2782), as far as they are known without following an alias.
func (a *answerer) addresses(root *node, rrs []dns.RR) {
	var n name
	var seen []*node
	for _, rr := range rrs {
		host := hostOf(rr)
		if host == "" {
			continue
		}
		if err := n.parse(host); err != nil {
			continue
		}
		p := root.find(&n, dns.TypeA)
		if p.node == nil || p.dname != nil || slices.Contains(seen, p.node) {
			continue
		}
		seen = append(seen, p.node)
		for _, typ := range [...]uint16{dns.TypeA, dns.TypeAAAA} {
			rrs := p.node.set(typ)
			a.msg.Extra = append(a.msg.Extra, rrs...)
			if p.cut == nil { // no glue
				a.sign(&a.msg.Extra, p.apex, rrs)
			}
		}
	}
}

// hostOf returns the host whose addresses the reader of a record will want next, or "".
func hostOf(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.MX:
		return rr.Mx
	case *dns.NS:
		return rr.Ns
	case *dns.SRV:
		return rr.Target
	case *dns.SVCB:
		return rr.Target
	case *dns.HTTPS:
		return rr.Target
	case *dns.NAPTR:
		return rr.Replacement
	case *dns.AFSDB:
		return rr.Hostname
	case *dns.KX:
		return rr.Exchanger
	}
	return ""
}
