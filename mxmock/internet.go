package mxmock

// The internet: its settings, its start and its end.

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/artifact"
	"github.com/seed078e9d8c/maillab/internal/bubble"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/internal/addrpool"
	"github.com/seed078e9d8c/maillab/mxmock/internal/kernel"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// Internet is a simulated mail internet: domains with DNS records, and hosts with names, addresses
// and mail servers. Code under test reaches it through [Internet.Resolver] and
// [Internet.DialContext], in memory, and can't tell the difference.
//
// The zero value is an internet without hosts, ready to use. [New] makes one that is closed at the
// end of its test and reports what it saw if the test fails. All methods may be called from several
// goroutines at once.
//
// # Names
//
// A name that the test has not defined does not exist: the answer is NXDOMAIN with an SOA record.
// For a name that has no records of the type asked for, the answer is NODATA. International names
// may be given in Unicode or as A-labels.
//
// # Addresses
//
// Unless Networks says otherwise, hosts get addresses from the ranges reserved for documentation
// and benchmarks: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 and then 198.18.0.0/15, in that
// order, and 2001:db8::/32 (RFC 5737, RFC 2544, RFC 3849). The addresses are virtual: nothing
// leaves the process. The code under test has the addresses 192.0.2.1 and 2001:db8::1, and the DNS
// has 192.0.2.53. An address that belongs to no host is unreachable.
//
// # Virtual time
//
// An internet made inside a synctest bubble runs in the bubble's virtual time. One made outside can't be used
// inside: look-ups and dialing fail with an error that says so, and waits end the test.
//
// # Messages
//
// The embedded [mailtest.Inbox] holds the messages of all hosts, in the order in which they were
// accepted. A [Host] has the messages of its own port 25.
type Internet struct {
	// Inbox holds the messages of all hosts, and waits for them. The server of a host takes over its Patience when it
	// is made.
	mailtest.Inbox

	// Networks are the address ranges of the hosts, such as "127.80.0.0/16". Nil means the ranges
	// for documentation. Networks must be set before the first host is made: a call that makes a
	// host panics if Networks was changed after that, if one of them is not a range, or if no
	// address is left.
	Networks []string

	db zone.DB

	mu          sync.Mutex
	settled     bool             // whether made is known
	made        bubble.Place     // whether the internet was made inside a synctest bubble
	hosts       map[string]*Host // by name in lower case, with a final dot
	order       []*Host
	byAddr      map[netip.Addr]*Host
	mentioned   map[netip.Addr]bool // addresses in the records of zones
	pools       *addrpool.Pools
	broken      map[place]Fault
	questions   map[question.Question]Fault // the broken questions, without patterns
	patterns    []brokenPattern
	rules       dnsRules
	lastRule    int
	pending     map[lookupKey]*lookup // the look-ups that may be repeated
	events      events                // the journal
	lastPort    uint16
	ports       func(int) int // of real sockets, see ListenHosts; nil if there are none
	kernel      kernel.Kernel // the namespace of the real sockets, if it is not that of the process
	nameservers []netip.AddrPort
	policies    map[string]policy // of MTA-STS, by domain in lower case
	lastPolicy  int
	webs        map[place]bool  // web servers, by host and port
	configured  map[string]bool // domains with autoconfiguration, in lower case
	closing     map[closer]bool
	relays      map[*relay]bool                   // connections through a SOCKS proxy
	redirected  map[netip.AddrPort]netip.AddrPort // the addresses that clients at real addresses have dialed by Dialer
	closed      bool
	end         chan struct{} // closed by Close; see done

	running sync.WaitGroup // DNS servers and their connections
}

// errOtherBubble reports that an internet is used elsewhere than where it was made.
var errOtherBubble = errors.New("mxmock: an Internet that was made outside of a synctest bubble can't be used inside, nor the other " +
	"way round; make it with New inside the bubble")

// settle notes at the first use whether the internet is in a bubble. The internet is locked, or not yet shared.
func (n *Internet) settle() {
	if !n.settled {
		n.settled, n.made = true, bubble.Here()
	}
}

// closer is something that Close has to close.
type closer interface{ Close() error }

// New returns an Internet that is closed at the end of the test tb. The test fails if a rule marked with Must never
// acted, as reported by [Internet.CheckRules]. If the test fails, the Internet logs its messages and its journal,
// once; otherwise it logs nothing.
func New(tb testing.TB) *Internet {
	tb.Helper()
	n := &Internet{}
	n.settle()
	tb.Cleanup(func() {
		tb.Helper()
		if tb.Failed() {
			artifact.Hold(tb, n)
		}
		if err := errors.Join(n.close(), n.CheckRules()); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Log(n.Report())
			if place := artifact.Write(tb, n, n.artifacts()); place != "" {
				tb.Log("mxmock: " + place)
			}
		}
	})
	return n
}

// Close closes all servers, listeners and connections of the internet, and waits until their
// goroutines have ended. An attempt to connect that is under way fails with EHOSTUNREACH. Messages,
// sessions and the journal remain available. A second call does nothing.
//
// After everything is closed, Close panics if Networks was set too late, or if
// [mailtest.Server.Close] of one of the mail servers panicked. An Internet made by [New] reports an
// error of its test instead.
func (n *Internet) Close() {
	if err := n.close(); err != nil {
		panic(err)
	}
}

// close is Close, except that it returns mistakes of the test as an error.
func (n *Internet) close() error {
	n.mu.Lock()
	err := n.checkNetworks()
	if !n.closed {
		n.closed = true
		close(n.done())
	}
	all := make([]closer, 0, len(n.closing))
	for c := range n.closing {
		all = append(all, c)
	}
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
	for _, h := range hosts {
		err = errors.Join(err, h.close())
	}
	n.endRelays()
	n.running.Wait()
	n.Inbox.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events.ended = true
	n.events.listening.Send()
	return err
}

// done returns a channel that Close closes. The internet is locked.
func (n *Internet) done() chan struct{} {
	if n.end == nil {
		n.end = make(chan struct{})
	}
	return n.end
}

// register makes Close close c. The internet is locked and not closed.
func (n *Internet) register(c closer) {
	if n.closing == nil {
		n.closing = make(map[closer]bool)
	}
	n.closing[c] = true
}

// forget undoes register.
func (n *Internet) forget(c closer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.closing, c)
}

// Reset forgets the messages, the sessions that have ended, and the journal. It also removes the rules of all
// servers and of the DNS, and the faults set by Break. Records, hosts and services stay.
func (n *Internet) Reset() {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.events.forget(len(n.events.entries))
	n.rules = dnsRules{}
	n.questions, n.patterns, n.broken, n.pending = nil, nil, nil, nil
	for _, h := range hosts {
		h.broken = 0
		must(n.syncSockets(h))
	}
	n.mu.Unlock()
	n.Inbox.Reset()
	for _, h := range hosts {
		for _, s := range h.servers() {
			s.Reset()
		}
	}
}

// Sessions returns the transcripts of all mail servers, grouped by host, in the order in which the
// hosts were made.
func (n *Internet) Sessions() []*mailtest.Session {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.mu.Unlock()
	var all []*mailtest.Session
	for _, h := range hosts {
		for _, s := range h.servers() {
			all = append(all, s.Sessions()...)
		}
	}
	return all
}

// RootCAs returns a pool with the certificate authority of this process, which signs the
// certificates of all hosts.
func (n *Internet) RootCAs() *x509.CertPool { return testca.Pool() }

// RootPEM returns the certificate authority of [Internet.RootCAs] in PEM, for programs that read
// their trusted authorities from a file. Each process has an authority of its own.
func (n *Internet) RootPEM() []byte { return testca.RootPEM() }

// ClientTLS returns a new configuration for clients, which trusts [Internet.RootCAs]. The caller
// may change it, and must set ServerName unless a dialer does so.
func (n *Internet) ClientTLS() *tls.Config { return &tls.Config{RootCAs: n.RootCAs()} }
