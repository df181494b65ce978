package mailtest_test

// What can be wrong with TLS, after STARTTLS and from the first byte.

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/dialogue"
)

// as reports whether an error is one of type E, and of which test holds.
func as[E error](test func(E) bool) func(error) bool {
	return func(err error) bool {
		var e E
		return errors.As(err, &e) && test(e)
	}
}

func invalid(reason x509.InvalidReason) func(error) bool {
	return as(func(e x509.CertificateInvalidError) bool { return e.Reason == reason })
}

func always[E error](E) bool { return true }

// alert reports whether an error is one that the server has sent.
func alert(err error) bool {
	return as(func(e *net.OpError) bool { return e.Op == "remote error" })(err)
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	rule := func(r mailtest.Rule) mailtest.Rule { r.At, r.Must = mailtest.Handshake, true; return r }
	for _, test := range []struct {
		name   string
		rule   mailtest.Rule
		client func(*tls.Config)
		want   func(error) bool // nil: TLS works
	}{
		{"nothing", rule(mailtest.Rule{Delay: time.Millisecond}), nil, nil},
		{"expired", rule(mailtest.Rule{Certificate: mailtest.Expired}), nil, invalid(x509.Expired)},
		{"not yet valid", rule(mailtest.Rule{Certificate: mailtest.NotYetValid}), nil, invalid(x509.Expired)},
		{"self-signed", rule(mailtest.Rule{Certificate: mailtest.SelfSigned}), nil, as(always[x509.UnknownAuthorityError])},
		{"unknown CA", rule(mailtest.Rule{Certificate: mailtest.UnknownCA}), nil, as(always[x509.UnknownAuthorityError])},
		{"other name", rule(mailtest.Rule{Certificate: mailtest.OtherName}), nil, as(always[x509.HostnameError])},
		{"expired, the client does not look", rule(mailtest.Rule{Certificate: mailtest.Expired}), func(c *tls.Config) { c.InsecureSkipVerify = true }, nil},
		{"TLS 1.1 only", rule(mailtest.Rule{MaxTLS: tls.VersionTLS11}), nil, alert},
		{"TLS 1.1 only, as the client", rule(mailtest.Rule{MaxTLS: tls.VersionTLS11}), func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }, nil},
		{"TLS 1.0 only", rule(mailtest.Rule{MaxTLS: tls.VersionTLS10}), func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }, alert},
		{"TLS 1.2 only", rule(mailtest.Rule{MaxTLS: tls.VersionTLS12}), nil, nil},
		{"client certificate", rule(mailtest.Rule{ClientCertificate: true}), nil, alert},
		{"client certificate, TLS 1.2", rule(mailtest.Rule{ClientCertificate: true, MaxTLS: tls.VersionTLS12}), nil, alert},
		{"garbage", rule(mailtest.Rule{Reply: "500 5.5.1 What?"}), nil, as(always[tls.RecordHeaderError])},
		{"closed", rule(mailtest.Rule{Drop: mailtest.Close}), nil, func(err error) bool { return err != nil }},
		{"reset", rule(mailtest.Rule{Drop: mailtest.Reset}), nil, func(err error) bool { return err != nil }},
		{"silent", rule(mailtest.Rule{Drop: mailtest.Silence}), nil, as(func(e net.Error) bool { return e.Timeout() })},
		{"stalled", rule(mailtest.Rule{Delay: time.Hour}), nil, as(func(e net.Error) bool { return e.Timeout() })},
	} {
		for _, implicit := range []bool{false, true} {
			for _, c := range connections[:2] {
				name := test.name + "/STARTTLS/" + c.name
				if implicit {
					name = test.name + "/implicit/" + c.name
				}
				run := func(t *testing.T) {
					err := handshake(t, c, implicit, test.rule, test.client)
					if (test.want == nil) != (err == nil) || err != nil && !test.want(err) {
						t.Errorf("got %v (%T)", err, err)
					}
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					if c.name == "memory" {
						synctest.Test(t, run)
					} else {
						run(t)
					}
				})
			}
		}
	}
}

// handshake makes TLS with a server that follows the rule, and exchanges a word behind it.
func handshake(t *testing.T, c connect, implicit bool, rule mailtest.Rule, client func(*tls.Config)) error {
	srv := mailtest.New(t)
	srv.StartTLS, srv.ImplicitTLS = true, implicit
	srv.AddRules(rule)
	conn, err := c.dial(t.Context(), srv)
	if err != nil {
		return err // on a real socket, a reset can be as early as that
	}
	defer conn.Close()
	if !implicit {
		if err := dialogue.Play(conn, begun("@ehlo\nc -> STARTTLS\ns <= 220 2.0.0 Ready to start TLS\\r\\n\n")); err != nil {
			t.Fatal(err)
		}
	}
	cfg := srv.ClientTLS()
	if client != nil {
		client(cfg)
	}
	patience := guard
	if rule.Drop == mailtest.Silence || rule.Delay > guard {
		patience = 200 * time.Millisecond // which will pass
	}
	encrypted := tls.Client(conn, cfg)
	encrypted.SetDeadline(time.Now().Add(patience))
	if err := encrypted.Handshake(); err != nil {
		return err
	}
	word := []byte("NOOP\r\n")
	if _, err := encrypted.Write(word); err != nil {
		return err
	}
	_, err = encrypted.Read(word) // in TLS 1.3, a refused certificate is news of now
	return err
}
