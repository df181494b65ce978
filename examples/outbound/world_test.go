package outbound

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// A world for the tests of this package alone: a resolver with a table, and servers that read their lines from a
// script.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zone is a Resolver. Names have no last dot; those that are asked for must have one.
type zone struct {
	mx    map[string][]*net.MX
	addrs map[string][]string
	errs  map[string]error // by question: "mx qq.com", "ip mx1.qq.com", "ip4 …", "ip6 …"

	mu    sync.Mutex
	asked []string // guarded by mu
}

func (z *zone) ask(question string) error {
	z.mu.Lock()
	z.asked = append(z.asked, question)
	z.mu.Unlock()
	return z.errs[question]
}

func (z *zone) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	name, rooted := strings.CutSuffix(name, ".")
	if err := z.ask("mx " + name); err != nil || !rooted {
		return z.mx[name], err
	}
	if z.mx[name] == nil {
		return nil, nxdomain
	}
	return z.mx[name], nil
}

func (z *zone) LookupNetIP(ctx context.Context, network, name string) ([]netip.Addr, error) {
	name, rooted := strings.CutSuffix(name, ".")
	if err := z.ask(network + " " + name); err != nil {
		return nil, err
	}
	var addrs []netip.Addr
	for _, s := range z.addrs[name] {
		addr := netip.MustParseAddr(s)
		if rooted && (network == "ip" || network == "ip4" && addr.Is4() || network == "ip6" && addr.Is6()) {
			addrs = append(addrs, addr)
		}
	}
	if addrs == nil {
		return nil, nxdomain
	}
	return addrs, nil
}

var (
	nxdomain = &net.DNSError{Err: "no such host", IsNotFound: true}
	servfail = &net.DNSError{Err: "server misbehaving", IsTemporary: true}
	refusedQ = &net.DNSError{Err: "server misbehaving"} // what package net makes of REFUSED
)

// mxs makes records of lines such as "10 mx1.qq.com".
func mxs(lines ...string) []*net.MX {
	records := []*net.MX{}
	for _, line := range lines {
		pref, name, _ := strings.Cut(line, " ")
		n, err := strconv.ParseUint(pref, 10, 16)
		if err != nil {
			panic(err)
		}
		records = append(records, &net.MX{Host: name, Pref: uint16(n)})
	}
	return records
}

// network connects to scripts: one for each connection to an address, in order.
type network struct {
	t       testing.TB
	scripts map[string][]*script // by "address:port"
	servers sync.WaitGroup
	mu      sync.Mutex
	dialled []string // guarded by mu
}

// script is what a server does on one connection: text in the language of package dialogue, or a way in which
// there is no connection.
type script struct {
	line int    // in its file
	addr string // "address:port"
	how  string // "", "refused", "silent", or "tls=1.0" for an old server
	text string
	used bool
}

func (n *network) DialContext(ctx context.Context, netw, addr string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: netw, Err: err}
	}
	n.mu.Lock()
	n.dialled = append(n.dialled, addr)
	if len(n.scripts[addr]) == 0 {
		n.mu.Unlock()
		n.t.Errorf("unexpected connection to %s", addr)
		return fail(syscall.EHOSTUNREACH)
	}
	s := n.scripts[addr][0]
	n.scripts[addr] = n.scripts[addr][1:]
	s.used = true
	n.mu.Unlock()
	switch s.how {
	case "refused":
		return fail(syscall.ECONNREFUSED)
	case "silent":
		<-ctx.Done()
		return fail(os.ErrDeadlineExceeded)
	}
	client, server := net.Pipe()
	n.servers.Go(func() {
		config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
		if s.how == "tls=1.0" {
			config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
		}
		if err := (&dialogue.Player{Conn: server, TLS: config, Patience: time.Hour}).Serve(s.text); err != nil {
			n.t.Errorf("the script after line %d, %s: %v", s.line, s.addr, err)
		}
	})
	return client, nil
}

// certificate is self-signed, for mx1.qq.com, and valid inside of synctest bubbles too.
var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "mx1.qq.com"},
		DNSNames:              []string{"mx1.qq.com"},
		NotBefore:             time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})
