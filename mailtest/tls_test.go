package mailtest_test

// TLS: every way to connect with it, and what the session says about it.

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/smtp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/testca"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/internal/endings"
)

// quickTLS is for servers of which a test needs many: all have the same certificate, and the cheapest key exchange.
var quickTLS = sync.OnceValue(func() *tls.Config {
	cert, err := testca.Certificate("localhost", "127.0.0.1", "::1")
	if err != nil {
		panic(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{*cert}, ClientAuth: tls.RequestClientCert, CurvePreferences: []tls.CurveID{tls.CurveP256}}
})

// clientTLS returns the configuration for clients of a server. If the server has quickTLS, they have a key only for its
// own key exchange, and trust its certificate itself, of which they need not verify the signature.
func clientTLS(srv *mailtest.Server) *tls.Config {
	cfg := srv.ClientTLS()
	if srv.TLS != nil && srv.TLS == quickTLS() {
		cfg.CurvePreferences, cfg.RootCAs = srv.TLS.CurvePreferences, quickRoots()
	}
	return cfg
}

var quickRoots = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(quickTLS().Certificates[0].Leaf)
	return pool
})

// ClientTLS works whatever the address; RootCAs for each name in the certificate.
func TestClientTLS(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "mx1.qq.com", "xn--fsqu00a.example"} {
		for _, host := range []string{"", "localhost", "127.0.0.1", "::1", "name"} {
			t.Run(name+" as "+host, func(t *testing.T) {
				t.Parallel()
				srv := mailtest.New(t)
				srv.Name = name
				srv.ImplicitTLS = true
				cfg := srv.ClientTLS()
				want := cfg.ServerName
				switch host {
				case "":
				case "name":
					cfg = &tls.Config{RootCAs: srv.RootCAs(), ServerName: want}
				default:
					cfg = &tls.Config{RootCAs: srv.RootCAs(), ServerName: host}
					want = host
				}
				if ip := net.ParseIP(want); ip != nil {
					want = "" // no SNI for addresses (RFC 6066 §3)
				}
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				client := tls.Client(conn, cfg)
				defer client.Close()
				if err := client.HandshakeContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				c, err := smtp.NewClient(client, "localhost")
				if err != nil {
					t.Fatal(err)
				}
				if err := deliver(c, "a@b.example", "c@d.example", "hi\n"); err != nil {
					t.Fatal(err)
				}
				wantTLS := &mailtest.TLSState{Version: "TLS 1.3", Cipher: tls.CipherSuiteName(client.ConnectionState().CipherSuite),
					ServerName: want, Implicit: true}
				if diff := cmp.Diff(wantTLS, srv.Next(t).Envelope.TLS); diff != "" {
					t.Errorf("envelope (-want, +got):\n%s", diff)
				}
				if diff := cmp.Diff(wantTLS, srv.Sessions()[0].TLS); diff != "" {
					t.Errorf("session (-want, +got):\n%s", diff)
				}
			})
		}
	}
}

func TestNoHandshake(t *testing.T) {
	t.Parallel()
	endings.NoHandshake(t, func(t *testing.T) endings.Server {
		srv := mailtest.New(t)
		srv.ImplicitTLS = true
		return srv
	})
}

// A client that has completed the handshake may then be silent.
func TestSilentAfterHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		srv.ImplicitTLS = true
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := smtp.NewClient(tls.Client(conn, srv.ClientTLS()), "localhost")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(24 * time.Hour)
		if err := c.Noop(); err != nil {
			t.Error(err)
		}
	})
}

// A client that does not trust the authority, or expects another name, fails, and that is seen.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]*tls.Config{
		"authority": {ServerName: "localhost", RootCAs: x509.NewCertPool()},
		"name":      {ServerName: "other.example", RootCAs: testca.Pool()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				srv.ImplicitTLS = true
				conn, err := srv.Dial(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := tls.Client(conn, cfg).HandshakeContext(t.Context()); err == nil {
					t.Fatal("got no error")
				}
				conn.Close()
				synctest.Wait()
				s := srv.Sessions()[0]
				if len(s.Turns) != 1 || s.Turns[0].Stage != mailtest.Handshake || len(s.Turns[0].Notes) != 1 || s.End.IsZero() {
					t.Errorf("got the transcript\n%swant a handshake that failed", s)
				}
			})
		})
	}
}

// A configuration of the caller's own: another certificate, client certificates, ALPN.
func TestOwnTLS(t *testing.T) {
	t.Parallel()
	serverCert, err := testca.Certificate("own.example")
	if err != nil {
		t.Fatal(err)
	}
	clientCert, err := testca.Certificate("client.example")
	if err != nil {
		t.Fatal(err)
	}
	srv := mailtest.New(t)
	srv.StartTLS = true
	own := &tls.Config{
		Certificates: []tls.Certificate{*serverCert}, ClientAuth: tls.RequireAnyClientCert,
		NextProtos: []string{"smtp"}, MaxVersion: tls.VersionTLS12,
	}
	srv.TLS = own
	for _, start := range []bool{true, false} {
		cfg := &tls.Config{
			RootCAs: srv.RootCAs(), ServerName: "own.example", Certificates: []tls.Certificate{*clientCert}, NextProtos: []string{"smtp"},
		}
		var c *smtp.Client
		if start {
			if c, err = smtp.Dial(srv.Addr()); err == nil {
				err = c.StartTLS(cfg)
			}
		} else {
			var conn net.Conn
			if conn, err = tls.Dial("tcp", srv.TLSAddr(), cfg); err == nil {
				c, err = smtp.NewClient(conn, "own.example")
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := deliver(c, "a@b.example", "c@d.example", "hi\n"); err != nil {
			t.Fatal(err)
		}
		state, _ := c.TLSConnectionState()
		if err := c.Quit(); err != nil {
			t.Error(err)
		}
		want := &mailtest.TLSState{
			Version: "TLS 1.2", Cipher: tls.CipherSuiteName(state.CipherSuite), ServerName: "own.example", ALPN: "smtp",
			Implicit: !start, ClientCertificates: clientCert.Certificate,
		}
		if diff := cmp.Diff(want, srv.Next(t).Envelope.TLS); diff != "" {
			t.Errorf("STARTTLS %v (-want, +got):\n%s", start, diff)
		}
	}
	if own.ClientAuth != tls.RequireAnyClientCert || len(own.Certificates) != 1 {
		t.Error("the caller's configuration was changed")
	}
}

// By default a client certificate is noted, and none is needed.
func TestClientCertificateByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cert, err := testca.Certificate("client.example")
		if err != nil {
			t.Fatal(err)
		}
		srv := mailtest.New(t)
		srv.ImplicitTLS = true
		cfg := srv.ClientTLS()
		cfg.Certificates = []tls.Certificate{*cert}
		conn, err := srv.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		client := tls.Client(conn, cfg)
		defer client.Close()
		c, err := smtp.NewClient(client, "localhost")
		if err != nil {
			t.Fatal(err)
		}
		if err := deliver(c, "a@b.example", "c@d.example", "hi\n"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(cert.Certificate, srv.Next(t).Envelope.TLS.ClientCertificates); diff != "" {
			t.Errorf("(-want, +got):\n%s", diff)
		}
	})
}

// Neither address needs the other, and the key for TLS is made when it is needed.
func TestAddresses(t *testing.T) {
	t.Parallel()
	machine.NeedIPv4(t)
	srv := mailtest.New(t)
	if srv.TLSAddr() == srv.Addr() || srv.Addr() != net.JoinHostPort(srv.Host(), portOf(t, srv.Addr())) {
		t.Errorf("got Addr %s, TLSAddr %s, Host %s, Port %d", srv.Addr(), srv.TLSAddr(), srv.Host(), srv.Port())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	c, err := smtp.Dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := deliver(c, "a@b.example", "c@d.example", "hi\n"); err != nil {
		t.Fatal(err)
	}
	m := srv.Next(t)
	if e := m.Envelope; e.Server != l.Addr().String() || e.Client == "" {
		t.Errorf("got %s to %s, want to %s", e.Client, e.Server, l.Addr())
	}
	c.Close()
	srv.Close()
	if err := <-served; err != nil {
		t.Errorf("Serve: got %v, want nil", err)
	}
	if _, err := srv.Dial(context.Background()); err == nil {
		t.Error("Dial after Close: got no error")
	}
	if err := srv.Start(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Start after Close: got %v, want %v", err, net.ErrClosed)
	}
	if err := srv.Serve(l); err == nil {
		t.Error("Serve after Close: got no error")
	}
}

func portOf(t *testing.T, addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
