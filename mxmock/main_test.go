package mxmock_test

// What the tests share: a simple sender, and how to ask.

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

func TestMain(m *testing.M) {
	machine.CollectRarely()
	goleak.VerifyTestMain(m)
}

// dialFunc is DialContext.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// app is code under test: it sends by MX, and tries the hosts in order.
type app struct {
	resolver *net.Resolver
	dial     dialFunc
}

func newApp(r *net.Resolver, dial dialFunc) *app { return &app{r, dial} }

// Send sends a message with the given recipient to the first host that takes it.
func (a *app) Send(ctx context.Context, to string) error {
	_, domain, _ := cut(to)
	mxs, err := a.resolver.LookupMX(ctx, domain)
	if err != nil {
		return err
	}
	var errs error
	for _, mx := range mxs {
		if err := a.offer(ctx, mx.Host, to); err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		return nil
	}
	return errs
}

func (a *app) offer(ctx context.Context, host, to string) error {
	conn, err := a.dial(ctx, "tcp", net.JoinHostPort(host, "25"))
	if err != nil {
		return err
	}
	defer conn.Close()
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if err := errors.Join(c.Hello("app.example.com"), c.Mail("alice@example.com")); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "From: alice@example.com\r\nTo: %s\r\nSubject: Hello\r\n\r\nHello Bob\r\n", to)
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

// cut cuts an address at its last @.
func cut(address string) (local, domain string, ok bool) {
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == '@' {
			return address[:i], address[i+1:], true
		}
	}
	return address, "", false
}

// mxOf returns the answer to LookupMX as text.
func mxOf(tb testing.TB, r *net.Resolver, domain string) string {
	tb.Helper()
	mxs, err := r.LookupMX(tb.Context(), domain)
	if err != nil {
		tb.Fatal(err)
	}
	text := ""
	for _, mx := range mxs {
		text += fmt.Sprintf("%d %s;", mx.Pref, mx.Host)
	}
	return text
}

// zoneOf adds zone text or ends the test.
func zoneOf(tb testing.TB, inet *mxmock.Internet, text string) {
	tb.Helper()
	if err := inet.AddZone(text); err != nil {
		tb.Fatal(err)
	}
}

// isNotFound tells how package net sees an error.
func isNotFound(err error) bool {
	var d *net.DNSError
	return errors.As(err, &d) && d.IsNotFound
}

// redirected dials one address, whatever is asked for.
type redirected struct{ addr string }

func (r *redirected) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, r.addr)
}

// dialogue connects to a mail server of a host, by TLS on port 465, by STARTTLS where it is
// offered, and returns the greeting and the lines of the last EHLO reply.
func dialogue(tb testing.TB, inet *mxmock.Internet, host, port string) (greeting, extensions string) {
	tb.Helper()
	conn, err := inet.DialContext(tb.Context(), "tcp", net.JoinHostPort(host, port))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	cfg := inet.ClientTLS()
	cfg.ServerName = host
	if port == "465" {
		conn = tls.Client(conn, cfg)
	}
	text := textproto.NewConn(conn)
	ehlo := func() string {
		if err := text.PrintfLine("EHLO client.example.com"); err != nil {
			tb.Fatal(err)
		}
		_, lines, err := text.ReadResponse(250)
		if err != nil {
			tb.Fatal(err)
		}
		return lines
	}
	if _, greeting, err = text.ReadResponse(220); err != nil {
		tb.Fatal(err)
	}
	if extensions = ehlo(); strings.Contains(extensions, "STARTTLS") {
		if err := text.PrintfLine("STARTTLS"); err != nil {
			tb.Fatal(err)
		}
		if _, _, err := text.ReadResponse(220); err != nil {
			tb.Fatal(err)
		}
		text = textproto.NewConn(tls.Client(conn, cfg))
		extensions = ehlo()
	}
	return greeting, extensions
}

// startTLS greets a mail server and begins TLS.
func startTLS(tb testing.TB, conn net.Conn, cfg *tls.Config) *tls.Conn {
	tb.Helper()
	text := textproto.NewConn(conn)
	for _, step := range []struct {
		say  string
		want int
	}{{"", 220}, {"EHLO client.example.com", 250}, {"STARTTLS", 220}} {
		if step.say != "" {
			if err := text.PrintfLine("%s", step.say); err != nil {
				tb.Fatal(err)
			}
		}
		if _, _, err := text.ReadResponse(step.want); err != nil {
			tb.Fatal(err)
		}
	}
	c := tls.Client(conn, cfg)
	if err := c.HandshakeContext(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return c
}

// selfSigned returns a certificate and its key that nobody has signed, as PEM.
func selfSigned(tb testing.TB, name string) (cert, key []byte) {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}
