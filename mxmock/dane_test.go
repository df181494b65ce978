package mxmock_test

// Tests of what a sender that uses DANE (RFC 7672) finds.

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// TestDANESecurity has the domain, or its mail host, or both signed: DANE applies only where all three answers are secure
// (RFC 7672 §2.2, §2.2.1), and a sender asks for TLSA records only after a secure address.
func TestDANESecurity(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		signed []string
		want   string // whether the answers about MX, A and TLSA are secure
	}{
		{nil, "false false false"},
		{[]string{"shop.example"}, "true false false"},
		{[]string{"host.example"}, "false true true"},
		{[]string{"shop.example", "host.example"}, "true true true"},
	} {
		inet := mxmock.New(t)
		inet.MX("shop.example", "mx.host.example")[0].Server(25).StartTLS = true
		inet.Publish("shop.example", mxmock.Records{DANE: true})
		for _, domain := range test.signed {
			inet.Secure(domain)
		}
		addr := listenDNS(t, inet)
		var got []string
		for _, question := range []string{"mx shop.example", "a mx.host.example", "tlsa _25._tcp.mx.host.example"} {
			r := ask(t, "udp", addr, question, func(q *dns.Msg) { q.AuthenticatedData = true })
			if len(r.Answer) != 1 {
				t.Errorf("signed %v, %s: %v, want one record", test.signed, question, r)
			}
			got = append(got, fmt.Sprint(r.AuthenticatedData))
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("signed %v: secure %v, want %s", test.signed, got, test.want)
		}
	}
}

// TestDANEAuthority has a record 2 0 1: the mail server presents its authority too, whose certificate the record can name, and
// the client checks the name and the date (RFC 7672 §3.1.2).
func TestDANEAuthority(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	mx.Server(25).StartTLS = true
	for _, test := range []struct {
		fault mailtest.CertificateFault
		valid bool
	}{{0, true}, {mailtest.Expired, false}, {mailtest.OtherName, false}, {mailtest.UnknownCA, false}} {
		mx.Server(25).RemoveRules()
		if test.fault != 0 {
			mx.AddRules(mailtest.Rule{At: mailtest.Handshake, Certificate: test.fault})
		}
		chain := chainOf(t, inet, "mx1.qq.com")
		authority := chain[len(chain)-1]
		if !authority.IsCA {
			t.Fatalf("%v: the last of %d certificates is not that of an authority", test.fault, len(chain))
		}
		if test.fault == 0 { // the record of the good authority stays
			hash := sha256.Sum256(authority.Raw)
			zoneOf(t, inet, "_25._tcp.mx1.qq.com. TLSA 2 0 1 "+hex.EncodeToString(hash[:]))
		}
		r := ask(t, "udp", listenDNS(t, inet), "tlsa _25._tcp.mx1.qq.com", nil)
		if len(r.Answer) != 1 {
			t.Fatalf("TLSA: %v, want one record", r)
		}
		trusted := x509.NewCertPool()
		if r.Answer[0].(*dns.TLSA).Verify(authority) == nil {
			trusted.AddCert(authority)
		}
		if _, err := chain[0].Verify(x509.VerifyOptions{Roots: trusted, DNSName: "mx1.qq.com"}); (err == nil) != test.valid {
			t.Errorf("%v: %v, want valid: %v", test.fault, err, test.valid)
		}
	}
	if err := inet.Check(); err != nil {
		t.Error(err)
	}
}

// chainOf returns the certificates that the mail server of a host presents after STARTTLS, its own first.
func chainOf(tb testing.TB, inet *mxmock.Internet, host string) []*x509.Certificate {
	tb.Helper()
	conn, err := inet.DialContext(tb.Context(), "tcp", net.JoinHostPort(host, "25"))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	cfg := inet.ClientTLS()
	cfg.ServerName, cfg.InsecureSkipVerify = host, true // the caller verifies
	c := startTLS(tb, conn, cfg)
	return c.ConnectionState().PeerCertificates
}
