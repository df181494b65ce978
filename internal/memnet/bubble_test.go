package memnet_test

// This file tests connections under a virtual clock, and TLS and SMTP on top of them.

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net/smtp"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// Deadlines pass at their very time, whether set before the operation waits or while it does.
func TestDeadlineIsExact(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		begin func(c *memnet.Conn) error
		set   func(c *memnet.Conn, t time.Time) error
	}{
		{"Read", func(c *memnet.Conn) error { _, err := c.Read(make([]byte, 1)); return err }, (*memnet.Conn).SetReadDeadline},
		{"Write", func(c *memnet.Conn) error { _, err := c.Write(make([]byte, full+1)); return err }, (*memnet.Conn).SetWriteDeadline},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _ := pipe(t)
				start := time.Now()
				check := func(err error, want time.Duration) {
					t.Helper()
					if got := time.Since(start); got != want || !errors.Is(err, os.ErrDeadlineExceeded) {
						t.Errorf("got %v after %v, want %v after %v", err, got, os.ErrDeadlineExceeded, want)
					}
				}
				test.set(a, start.Add(5*time.Minute))
				check(test.begin(a), 5*time.Minute)
				check(test.begin(a), 5*time.Minute)

				test.set(a, time.Time{})
				done := make(chan error)
				for range 2 {
					go func() { done <- test.begin(a) }()
				}
				time.Sleep(time.Hour)
				test.set(a, start.Add(48*time.Hour))
				time.Sleep(time.Hour)
				test.set(a, start.Add(24*time.Hour))
				check(<-done, 24*time.Hour)
				check(<-done, 24*time.Hour)
			})
		})
	}
}

// While one Read waits, so does another, whose deadline holds when the first gets its bytes.
func TestReadersShareDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe(t)
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Minute))
		done := make(chan string)
		for range 3 {
			go func() { done <- outcome(perform(a, "reads")) }()
		}
		for _, want := range []string{"1", "2"} {
			synctest.Wait()
			b.Write([]byte(want))
			if got := <-done; got != want {
				t.Errorf("Read = %s, want %s", got, want)
			}
		}
		if got, want := <-done, "timeout"; got != want || time.Since(start) != time.Minute {
			t.Errorf("Read = %s after %v, want %s after %v", got, time.Since(start), want, time.Minute)
		}
	})
}

// A Read lets the virtual clock run while it waits, and ends with Close.
func TestReadEndsAtClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe(t)
		a.SetReadDeadline(time.Now().Add(24 * time.Hour))
		start := time.Now()
		go func() {
			time.Sleep(time.Hour)
			b.Write([]byte("x"))
			time.Sleep(time.Hour)
			a.Close()
		}()
		for i, want := range []string{"x", "ErrClosed"} {
			got := outcome(perform(a, "reads"))
			if at, wantAt := time.Since(start), time.Duration(i+1)*time.Hour; got != want || at != wantAt {
				t.Errorf("Read = %s after %v, want %s after %v", got, at, want, wantAt)
			}
		}
	})
}

// A session of net/smtp over TLS that ends with QUIT succeeds though the server closes first, and takes
// no time.
func TestQuitOverTLS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		config, roots := certificate(t, "mx1.qq.com")
		a, b := pipe(t)
		served := make(chan error, 1)
		go func() { served <- serveQuit(tls.Server(b, config)) }()
		client, err := smtp.NewClient(tls.Client(a, &tls.Config{ServerName: "mx1.qq.com", RootCAs: roots}), "mx1.qq.com")
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Quit(); err != nil {
			t.Errorf("Quit = %v, want <nil>", err)
		}
		if err := <-served; err != nil {
			t.Errorf("server = %v, want <nil>", err)
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("the session took %v, want no time", got)
		}
	})
}

// serveQuit is an SMTP server for a client that does nothing but quit.
func serveQuit(c *tls.Conn) error {
	commands := bufio.NewReader(c)
	io.WriteString(c, "220 mx1.qq.com\r\n")
	for _, reply := range []string{"250 mx1.qq.com\r\n", "221 Bye\r\n"} {
		if _, err := commands.ReadString('\n'); err != nil {
			return err
		}
		io.WriteString(c, reply)
	}
	return c.Close()
}

// Close of either end of TLS neither waits nor fails when the other is gone, in whatever manner.
func TestTLSCloseAfterPeer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		close func(c *tls.Conn) error
		read  string // what the other end then reads
	}{
		{"close_notify", (*tls.Conn).Close, "EOF"},
		{"FIN", func(c *tls.Conn) error { return c.NetConn().Close() }, "EOF"},
		{"RST", func(c *tls.Conn) error {
			return errors.Join(c.NetConn().(*memnet.Conn).SetLinger(0), c.NetConn().Close())
		}, "ECONNRESET"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				config, roots := certificate(t, "mx1.qq.com")
				a, b := pipe(t)
				client := tls.Client(a, &tls.Config{ServerName: "mx1.qq.com", RootCAs: roots})
				server := tls.Server(b, config)
				go client.Handshake()
				if err := server.Handshake(); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if err := test.close(server); err != nil {
					t.Errorf("first Close = %v, want <nil>", err)
				}
				_, err := client.Read(make([]byte, 1))
				if got := outcome("", err); got != test.read {
					t.Errorf("Read = %s, want %s", got, test.read)
				}
				if err := client.Close(); err != nil && test.name != "RST" {
					t.Errorf("second Close = %v, want <nil>", err)
				}
				if got := time.Since(start); got != 0 {
					t.Errorf("closing took %v, want no time", got)
				}
			})
		})
	}
}

// certificate returns the configuration of a server of the given name, and who trusts it.
func certificate(t *testing.T, name string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{name},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Now().AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}
