package mailtest_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/smtp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// Rules may come before the settings: giving a rule is no use of the server.
func TestSettingsBehindRules(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.AddRules(mailtest.Rule{At: mailtest.Noop, Reply: "250 2.0.0 Still here"})
	srv.Name, srv.StartTLS = "mx1.qq.com", true
	c, err := smtp.Dial(srv.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(srv.ClientTLS()); err != nil {
		t.Errorf("STARTTLS: %v", err)
	}
}

// A client's certificate is on the session, and one is required where a rule says so.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	srv := mailtest.New(t)
	srv.StartTLS = true
	srv.AddRules(mailtest.Rule{At: mailtest.Handshake, ClientCertificate: true})
	greet := func(cfg *tls.Config) error {
		c, err := smtp.Dial(srv.Addr())
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.StartTLS(cfg); err != nil {
			return err
		}
		return c.Quit()
	}
	cfg := srv.ClientTLS()
	if err := greet(cfg); err == nil {
		t.Error("a client without a certificate got through")
	}
	cfg.Certificates = []tls.Certificate{srv.ClientCertificate("shop.example.com")}
	if err := greet(cfg); err != nil {
		t.Errorf("a client with a certificate: %v", err)
	}
	s := srv.WaitSession(t, 2)
	if s.TLS == nil || len(s.TLS.ClientCertificates) == 0 {
		t.Fatalf("TLS = %+v, want the client's certificate", s.TLS)
	}
	cert, err := x509.ParseCertificate(s.TLS.ClientCertificates[0])
	if err != nil || cert.Subject.CommonName != "shop.example.com" {
		t.Errorf("certificate of %q, %v, want shop.example.com", cert.Subject.CommonName, err)
	}
	if s.Ending != "QUIT" {
		t.Errorf("ending = %q, want QUIT", s.Ending)
	}
}

// The wait for a session lasts until it has come and gone.
func TestWaitSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := mailtest.New(t)
		go func() {
			time.Sleep(time.Hour)
			conn, err := srv.Dial(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Hour)
			conn.Close()
		}()
		start := time.Now()
		s := srv.WaitSession(t, 1)
		if got, want := time.Since(start), 2*time.Hour; got != want || !s.End.Equal(time.Now()) {
			t.Errorf("the wait took %v, the session ended at %v, want %v and now", got, s.End, want)
		}
	})
}

// The wait for a session that can't be had any more ends at once; one that is still to come is waited for.
func TestWaitForgottenSession(t *testing.T) {
	t.Parallel()
	for number, test := range []struct {
		lasts   time.Duration
		failure string
	}{
		0: {0, "mailtest: there is no session 0, the first has the number 1"},
		1: {0, "mailtest: session 1 has ended, and Reset has forgotten it; wait for it before Reset"},
		2: {time.Minute, ""},
	} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := mailtest.New(t)
				send(t, srv, "a@b.example", "c@d.example", "1")
				srv.WaitSession(t, 1)
				srv.Reset()
				later := time.AfterFunc(time.Minute, func() { send(t, srv, "a@b.example", "c@d.example", "2") })
				defer later.Stop()
				start := time.Now()
				tb := &bubbleTB{T: t}
				tb.fake.run(func() { srv.WaitSession(tb, number) })
				if got := time.Since(start); got != test.lasts {
					t.Errorf("the wait took %v, want %v", got, test.lasts)
				}
				if got := strings.Join(tb.fake.fatal, "\n"); got != test.failure {
					t.Errorf("the test was told %q, want %q", got, test.failure)
				}
			})
		})
	}
}
