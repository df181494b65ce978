package outbound

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
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
)

// This file is a world for the tests of this package alone: a resolver with a
// table, and servers that read their lines from a script.

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

// script is what a server does, line by line:
//
//	S: 250 ok        sends a line
//	raw "250 ok\n"   sends a Go string
//	C: QUIT          wants a line
//	dot              reads up to the final dot
//	wait 5m          waits
//	tls              makes the handshake of a server; "tls 1.0" that of an old one
//	close            closes
//	gone             wants the client to close without a word
//
// At its end it answers a QUIT and closes. A script that begins with "refused"
// or "silent" has no connection.
type script struct {
	line  int    // in its file
	addr  string // "address:port"
	lines []string
	used  bool
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
	switch s.lines[0] {
	case "refused":
		return fail(syscall.ECONNREFUSED)
	case "silent":
		<-ctx.Done()
		return fail(os.ErrDeadlineExceeded)
	}
	client, server := net.Pipe()
	n.servers.Go(func() {
		defer server.Close()
		if err := s.serve(server); err != nil {
			n.t.Errorf("line %d, %s: %v", s.line, s.addr, err)
		}
	})
	return client, nil
}

func (s *script) serve(conn net.Conn) error {
	br := bufio.NewReaderSize(conn, 64<<10)
	for _, line := range s.lines {
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "S:":
			if _, err := io.WriteString(conn, rest+"\r\n"); err != nil {
				return fmt.Errorf("sending %q: %w", rest, err)
			}
		case "raw":
			raw, err := strconv.Unquote(rest)
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			// The client may have good reason not to read all of it.
			io.WriteString(conn, raw)
		case "C:":
			got, err := br.ReadString('\n')
			if err != nil {
				return fmt.Errorf("got %q and %w, want %q", got, err, rest)
			}
			if want := rest + "\r\n"; got != want {
				return fmt.Errorf("got %q, want %q", got, want)
			}
		case "dot":
			for got := ""; got != ".\r\n"; {
				var err error
				if got, err = br.ReadString('\n'); err != nil {
					return fmt.Errorf("reading up to the dot: %w", err)
				}
			}
		case "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				return err
			}
			<-time.After(d)
		case "tls":
			config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
			if rest == "1.0" {
				config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
			}
			tc := tls.Server(conn, config)
			if err := tc.Handshake(); err != nil {
				return err
			}
			conn, br = tc, bufio.NewReader(tc)
		case "close":
			return nil
		case "gone":
			if rest, err := io.ReadAll(br); len(rest) > 0 || err != nil {
				return fmt.Errorf("got %.80q and %v, want the client to close", rest, err)
			}
			return nil
		default:
			return fmt.Errorf("script has a line %q", line)
		}
	}
	got, err := br.ReadString('\n')
	if err != nil {
		return nil // a client may also just close
	}
	if got != "QUIT\r\n" {
		return fmt.Errorf("got %q at the end of the script, want QUIT", got)
	}
	io.WriteString(conn, "221 Bye\r\n")
	io.Copy(io.Discard, br)
	return nil
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
