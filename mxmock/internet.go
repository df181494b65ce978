package mxmock

// The internet: its domains, its hosts, its life.

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
	"github.com/seed078e9d8c/maillab/mxmock/internal/kernel"
)

// Internet is a simulated mail internet: domains with DNS records, and hosts with names, addresses
// and mail servers. Code under test meets it through [Internet.Resolver] and
// [Internet.DialContext], in memory, and can't tell the difference.
//
// The zero value is an internet without hosts, ready to use. [New] makes one that ends with its
// test and reports what it saw if the test fails. All methods may be called from several goroutines
// at once.
//
// # Names
//
// Whatever nobody defined does not exist: the answer is NXDOMAIN with an SOA record. A name that
// exists without records of the type asked for is answered with NODATA. International names may be
// given in Unicode or as A-labels.
//
// # Addresses
//
// Hosts get addresses of the ranges for documentation, 192.0.2.0/24, 198.51.100.0/24,
// 203.0.113.0/24 and then 198.18.0.0/15, in that order, and of 2001:db8::/32 (RFC 5737, RFC 2544,
// RFC 3849), unless Networks says otherwise. They are virtual: nothing leaves the process. The code
// under test is at 192.0.2.1 and 2001:db8::1, the DNS at 192.0.2.53. An address that no host has is
// unreachable.
//
// # Virtual time
//
// An internet that was made inside a synctest bubble works there in virtual time. One that was made
// outside can't be used inside: look-ups and dialling fail with an error that says so, and the
// waits end the test.
//
// # Messages
//
// The embedded [mailtest.Inbox] spans the mail servers of all hosts, in the order in which messages
// were accepted. A [Host] has the messages of its own port 25.
type Internet struct {
	// Inbox has the messages of all hosts, and waits for them.
	mailtest.Inbox

	// Networks are the address ranges of the hosts, such as "127.80.0.0/16"; nil means those for
	// documentation. They must be set before the first address is taken of them: a call that
	// makes a host panics if they were set later, if one of them is not a range, or if no address is left.
	Networks []string

	db zone.DB

	mu          sync.Mutex
	settled     bool             // whether made is known
	made        bubble.Place     // whether the internet was made inside a synctest bubble
	hosts       map[string]*Host // by name in lower case, with a final dot
	order       []*Host
	byAddr      map[netip.Addr]*Host
	mentioned   map[netip.Addr]bool // in the records of zones
	pools       *pools
	broken      map[place]Fault
	questions   map[question]Fault // broken ones, without patterns
	patterns    []brokenPattern
	rules       []*dnsRuleState
	lastRule    int
	pending     map[lookupKey]*lookup // that may be repeated
	events      events                // the journal
	lastPort    uint16
	ports       func(int) int // of real sockets, see ListenHosts; nil if there are none
	kernel      kernel.Kernel // where they are, if that is not this process
	nameservers []netip.AddrPort
	policies    map[string]policy // of MTA-STS, by domain in lower case
	lastPolicy  int
	webs        map[place]bool  // web servers, by host and port
	configured  map[string]bool // domains with autoconfiguration, in lower case
	closing     map[closer]bool
	relays      map[*relay]bool // connections through a SOCKS proxy
	closed      bool
	end         chan struct{} // closed by Close; see done

	running sync.WaitGroup // DNS servers and their connections
}

// errOtherBubble reports that an internet is used elsewhere than where it was made.
var errOtherBubble = errors.New("mxmock: an Internet that was made outside of a synctest bubble can't be used inside, nor the other " +
	"way round; make it with New inside the bubble")

// settle notes whether the internet is in a bubble, the first time that this matters. The internet
// is locked, or not yet known to anyone.
func (n *Internet) settle() {
	if !n.settled {
		n.settled, n.made = true, bubble.Here()
	}
}

// closer is whatever Close has to close.
type closer interface{ Close() error }

// New returns an Internet that is closed at the end of the test tb. The test fails if a rule that
// must act never did, as [Internet.CheckRules] tells. If the test fails, the Internet writes to its log which questions were asked and what was said to the mail servers, once;
// otherwise it is silent.
func New(tb testing.TB) *Internet {
	tb.Helper()
	n := &Internet{}
	n.settle()
	tb.Cleanup(func() {
		tb.Helper()
		if err := errors.Join(n.close(), n.CheckRules()); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Log(n.Report())
			if place := artifact.Write(tb, n.artifacts()); place != "" {
				tb.Log("mxmock: " + place)
			}
		}
	})
	return n
}

// Close ends all servers, listeners and connections of the internet, and waits until their
// goroutines have ended. An attempt to connect that is under way fails with EHOSTUNREACH. Messages,
// sessions and the journal stay. A second call does nothing.
//
// Close panics, when all that is done, if Networks was set too late, or where
// [mailtest.Server.Close] of one of the mail servers does; an Internet made by [New] has an error of
// its test in place of that.
func (n *Internet) Close() {
	if err := n.close(); err != nil {
		panic(err)
	}
}

// close is Close; the error is about what the test has done wrong.
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
	n.events.wake()
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

// forget takes back register.
func (n *Internet) forget(c closer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.closing, c)
}

// Reset forgets what happened: the messages, the sessions that have ended, and the journal. It also
// takes back what goes wrong: the rules of all servers, those of the DNS, and all that is broken.
// Records, hosts and services stay.
func (n *Internet) Reset() {
	n.mu.Lock()
	hosts := slices.Clone(n.order)
	n.events.forget(len(n.events.entries))
	n.rules, n.questions, n.patterns, n.broken, n.pending = nil, nil, nil, nil, nil
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

// Sessions returns the transcripts of all mail servers, host by host in the order in which the
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

// RootCAs returns a pool with the certificate authority of this process, which has signed the
// certificates of all hosts.
func (n *Internet) RootCAs() *x509.CertPool { return testca.Pool() }

// RootPEM returns the certificate authority of [Internet.RootCAs] as PEM, for programs that read what they
// trust from a file. It is another one in each process.
func (n *Internet) RootPEM() []byte { return testca.RootPEM() }

// ClientTLS returns a configuration with which a client can connect to any host: it trusts
// [Internet.RootCAs]. It is the caller's own to change; who does not let a dialer set the name of
// the server must set it.
func (n *Internet) ClientTLS() *tls.Config { return &tls.Config{RootCAs: n.RootCAs()} }
