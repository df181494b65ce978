package mxmock

// The faults of the world, and the hosts, addresses, ports and questions that have them.

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// Fault is something that is wrong with a host, an address or a question. The zero Fault means that
// nothing is wrong. The text of a Fault is the name of its constant.
type Fault uint8

// The faults. Refused, Silent, Unreachable and Aborted apply to hosts, addresses and questions. Mute and
// BadCertificate apply to hosts and addresses. The others apply to questions.
const (
	// Refused: a connection is refused (ECONNREFUSED), and a question is answered with REFUSED.
	Refused Fault = iota + 1

	// Silent: there is no answer at all. A client without a deadline gets ETIMEDOUT after 127
	// seconds, as on Linux.
	Silent

	// Unreachable: there is no route to the host (EHOSTUNREACH). A question over UDP gets the ICMP
	// error "port unreachable" (over a real socket, no answer), and over TCP the connection is
	// closed.
	Unreachable

	// Aborted: a connection is accepted and reset at once. A question over TCP gets a reset, and
	// over UDP no answer.
	Aborted

	// ServFail: the question is answered with SERVFAIL.
	ServFail

	// NXDomain: the name does not exist.
	NXDomain

	// NoData: the name exists, but has no records of that type.
	NoData

	// NotImp: the question is answered with NOTIMP.
	NotImp

	// FormErr: the question is answered with FORMERR.
	FormErr

	// Truncate: over UDP the answer is empty and truncated; over TCP it is whole.
	Truncate

	// Lame: the answer is empty and comes from a server that neither knows the name nor asks
	// others: neither AA nor RA is set.
	Lame

	// WrongID: the ID of the answer is not that of the question. A careful client waits for a better answer.
	WrongID

	// WrongQuestion: the answer repeats a question that was not asked.
	WrongQuestion

	// Garbage: the answer is not a DNS message.
	Garbage

	// Partial: the second half of the data after the question is missing, and over TCP the connection is closed
	// there.
	Partial

	// Bogus: the signatures in the answer are wrong. The resolvers of the internet validate, and
	// answer with SERVFAIL unless the query has the CD bit. Bogus is meant for domains signed by
	// [Internet.Secure]. For other domains these resolvers answer SERVFAIL, and resolvers that
	// validate themselves notice nothing.
	Bogus

	// Mute: a connection is accepted and its data is read, but the server never sends anything.
	Mute

	// BadCertificate: connections work, but services that use [Host.TLSConfig], as mail servers do,
	// present the certificate of another machine, with another name and another key. For mail
	// servers, rules at [mailtest.Handshake] offer more faults, which keep the key.
	BadCertificate
)

// faultNames are the names of the faults, by fault.
var faultNames = enum.Names{
	Refused: "Refused", Silent: "Silent", Unreachable: "Unreachable", Aborted: "Aborted", ServFail: "ServFail",
	NXDomain: "NXDomain", NoData: "NoData", NotImp: "NotImp", FormErr: "FormErr", Truncate: "Truncate", Lame: "Lame",
	WrongID: "WrongID", WrongQuestion: "WrongQuestion", Garbage: "Garbage", Partial: "Partial", Bogus: "Bogus",
	Mute: "Mute", BadCertificate: "BadCertificate",
}

// String returns the name of the constant.
func (f Fault) String() string { return faultNames.String("Fault", "no fault", uint8(f)) }

// MarshalText returns the name of the constant, or an empty text for the zero Fault. It returns an
// error if there is no such fault.
func (f Fault) MarshalText() ([]byte, error) { return faultNames.Marshal("mxmock: fault", uint8(f)) }

// UnmarshalText parses what MarshalText returns, in any letter case. Its error lists the names.
func (f *Fault) UnmarshalText(text []byte) error {
	return faultNames.Unmarshal("mxmock: fault", text, (*uint8)(f))
}

// ofHosts reports whether the fault applies to a host or an address.
func (f Fault) ofHosts() bool {
	return 0 < f && f <= Aborted || f == Mute || f == BadCertificate
}

// ofQuestions reports whether the fault applies to a question.
func (f Fault) ofQuestions() bool { return 0 < f && f <= Bogus }

// Break breaks a question, an address or a port, until [Internet.Mend] or another Break.
//
// A question is a type and a name: "mx qq.com", or "any qq.com" for all types. "mx *.qq.com" means all names below
// qq.com, and "any *" means every question. "ptr 192.0.2.1" asks for the name of an address. The fault applies each
// time that the question is asked, also with a suffix of a search list appended to the name.
//
// An address such as "203.0.113.99" need not belong to a host; if it does, only this address of the
// host is broken. An address with a port, "203.0.113.9:25" or "[2001:db8::9]:25", breaks only that
// port of the address. "mx1.qq.com:25" is the port on all addresses of a host, and ":25" is the
// port of every machine, as if a network provider blocked that port for its customers. The most
// specific fault applies, in this order: an address and port, a host and port, an address,
// [Host.Break], a port alone.
//
// Break panics if the argument what is not of these forms, if there is no such host, or if the fault does not
// apply.
func (n *Internet) Break(what string, f Fault) {
	n.lockSettled()
	defer n.mu.Unlock()
	if p, ok := n.mustPlace(what); ok {
		if !f.ofHosts() {
			panic(fmt.Sprintf("mxmock: %v does not apply to %s", f, what))
		}
		if n.broken == nil {
			n.broken = make(map[place]Fault)
		}
		n.broken[p] = f
		n.syncPlace(p)
		return
	}
	q := mustBeBreakable(what)
	if !f.ofQuestions() {
		panic(fmt.Sprintf("mxmock: %v does not apply to the question %q", f, what))
	}
	n.mendQuestion(q)
	if q.Below {
		n.patterns = append(n.patterns, brokenPattern{q, f})
		return
	}
	if n.questions == nil {
		n.questions = make(map[question.Question]Fault)
	}
	n.questions[q] = f
}

// brokenPattern is a pattern of questions that Break was given.
type brokenPattern struct {
	question question.Question
	fault    Fault
}

// Mend undoes [Internet.Break], and removes the rules that were added by [Internet.AddDNSRules] for
// that question. It leaves everything else as it is.
func (n *Internet) Mend(what string) {
	n.lockSettled()
	defer n.mu.Unlock()
	if p, ok := n.mustPlace(what); ok {
		delete(n.broken, p)
		n.syncPlace(p)
		return
	}
	q := mustBeBreakable(what)
	n.mendQuestion(q)
	n.rules.remove(q)
	n.pending = nil // from now on, a repeated question is a new look-up
}

// mustBeBreakable is mustQuestion for an argument of Break that is not a place.
func mustBeBreakable(what string) question.Question {
	q, err := question.Parse(what)
	if err != nil {
		if len(strings.Fields(what)) == 1 {
			err = fmt.Errorf("%w, nor an address or a port; for a whole host, there is Host.Break", err)
		}
		panic(fmt.Sprintf("mxmock: %v", err))
	}
	return q
}

// mendQuestion takes back a Break. The internet is locked.
func (n *Internet) mendQuestion(q question.Question) {
	delete(n.questions, q)
	n.patterns = slices.DeleteFunc(n.patterns, func(p brokenPattern) bool { return p.question == q })
}

// brokenQuestion returns the fault that Break has set for a question. The name itself takes precedence over
// patterns, the type over "any", and a later pattern over an earlier one. The internet is locked.
func (n *Internet) brokenQuestion(name string, typ uint16) Fault {
	if f, ok := n.questions[question.Question{Type: typ, Name: name}]; ok {
		return f
	}
	if f, ok := n.questions[question.Question{Type: dns.TypeANY, Name: name}]; ok {
		return f
	}
	for _, p := range slices.Backward(n.patterns) {
		if p.question.Matches(name, typ) {
			return p.fault
		}
	}
	return 0
}

// place is an address, a host, a port, or a port of one of them. The other fields are zero.
type place struct {
	addr netip.Addr
	host *Host
	port int
}

// mustPlace reads "203.0.113.9", "203.0.113.9:25", "[2001:db8::9]:25", "mx1.qq.com:25" or ":25". It reports whether
// the text has the form of a place, and panics if there can't be such a place. The internet is locked.
func (n *Internet) mustPlace(text string) (place, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return place{addr: addr.Unmap()}, true
	}
	name, service, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(text, " \t") {
		return place{}, false
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 {
		panic(fmt.Sprintf("mxmock: %q: %q is not a port; want a number from 1 to 65535", text, service))
	}
	p := place{port: int(port)}
	if name == "" {
		return p, true
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		p.addr = addr.Unmap()
		return p, true
	}
	if p.host = n.hosts[strings.ToLower(mustName(name))]; p.host == nil {
		panic(fmt.Sprintf("mxmock: %q: there is no host %s; make it first, by MX or Host", text, name))
	}
	return p, true
}

// syncPlace is syncSockets for the hosts at a place. The internet is locked.
func (n *Internet) syncPlace(p place) {
	switch {
	case p.addr.IsValid() && n.byAddr[p.addr] == nil:
		must(n.reroute(p.addr))
	case p.addr.IsValid():
		must(n.syncSockets(n.byAddr[p.addr]))
	case p.host != nil:
		must(n.syncSockets(p.host))
	default:
		for _, h := range n.order {
			must(n.syncSockets(h))
		}
	}
}

// faultAt returns the fault of a port of an address. If h is nil, no host has the address. The narrowest place
// decides. The internet is locked.
func (n *Internet) faultAt(h *Host, addr netip.Addr, port int) Fault {
	var whole Fault // of the host
	if h != nil {
		whole = h.broken
	}
	if len(n.broken) == 0 {
		return whole
	}
	if f := n.broken[place{addr: addr, port: port}]; f != 0 {
		return f
	}
	if h != nil {
		if f := n.broken[place{host: h, port: port}]; f != 0 {
			return f
		}
	}
	if f := n.broken[place{addr: addr}]; f != 0 {
		return f
	}
	if whole != 0 {
		return whole
	}
	return n.broken[place{port: port}]
}
