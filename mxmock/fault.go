package mxmock

// Faults: what is wrong with the world. What goes wrong in a conversation is said by mailtest.Rule.

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// Fault is something that is wrong with a host, an address or a question. The zero Fault is none.
type Fault uint8

// What can be wrong. Refused and Silent apply to hosts, addresses and questions; Unreachable and Aborted
// to hosts and addresses; the others to questions.
const (
	// Refused: a connection is refused (ECONNREFUSED), a question is answered with REFUSED.
	Refused Fault = iota + 1

	// Silent: there is no answer at all, until the client gives up. A client without a deadline gets ETIMEDOUT after
	// 127 seconds, as on Linux.
	Silent

	// Unreachable: there is no route to the host (EHOSTUNREACH).
	Unreachable

	// Aborted: a connection is accepted and reset at once.
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
)

// String returns the name of the fault as it is in this package.
func (f Fault) String() string {
	names := [...]string{
		0: "no fault", Refused: "Refused", Silent: "Silent", Unreachable: "Unreachable", Aborted: "Aborted", ServFail: "ServFail",
		NXDomain: "NXDomain", NoData: "NoData", NotImp: "NotImp", FormErr: "FormErr", Truncate: "Truncate",
	}
	if int(f) >= len(names) {
		return fmt.Sprintf("Fault(%d)", f)
	}
	return names[f]
}

// ofHosts tells whether the fault can befall a host, and ofQuestions whether a question.
func (f Fault) ofHosts() bool { return f <= Aborted }
func (f Fault) ofQuestions() bool {
	return f == 0 || f == Refused || f == Silent || f > Aborted && f <= Truncate
}

// question is a question of the DNS: a name in lower case with a final dot, and a type, ANY for all.
type question struct {
	name string
	typ  uint16
}

// Break makes a fault befall a question or an address, until it is mended or broken otherwise. A question is a type
// and a name, "mx qq.com", or "any qq.com" for all types; it stays broken however often it is repeated. An address,
// "203.0.113.99", need not be that of a host; if it is, only this address of the host is broken.
// Break panics if what it is given is neither, or if the fault is not one of it.
func (n *Internet) Break(what string, f Fault) {
	if addr, err := netip.ParseAddr(what); err == nil {
		if f == 0 || !f.ofHosts() {
			panic(fmt.Sprintf("mxmock: %v can't befall the address %s", f, what))
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.broken == nil {
			n.broken = make(map[netip.Addr]Fault)
		}
		n.broken[addr.Unmap()] = f
		return
	}
	q := mustQuestion(what)
	if f == 0 || !f.ofQuestions() {
		panic(fmt.Sprintf("mxmock: %v can't befall the question %q", f, what))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.questions == nil {
		n.questions = make(map[question]Fault)
	}
	n.questions[q] = f
}

// Mend ends what [Internet.Break] has begun. What was not broken stays as it is.
func (n *Internet) Mend(what string) {
	if addr, err := netip.ParseAddr(what); err == nil {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.broken, addr.Unmap())
		return
	}
	q := mustQuestion(what)
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.questions, q)
}

// mustQuestion reads "mx qq.com".
func mustQuestion(text string) question {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		panic(fmt.Sprintf("mxmock: %q is neither an address nor a question such as \"mx qq.com\"", text))
	}
	typ, ok := dns.StringToType[strings.ToUpper(fields[0])]
	if !ok {
		panic(fmt.Sprintf("mxmock: question %q: there is no record type %q", text, fields[0]))
	}
	return question{strings.ToLower(mustName(fields[1])), typ}
}

// faultOf returns what is wrong with a question.
func (n *Internet) faultOf(q dns.Question) Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.questions) == 0 {
		return 0
	}
	name := strings.ToLower(q.Name)
	if f := n.questions[question{name, q.Qtype}]; f != 0 {
		return f
	}
	return n.questions[question{name, dns.TypeANY}]
}
