package testca_test

// The certificates that servers present with a fault.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/testca"
)

// TestFaultsKeepTheKey: a certificate with a fault is the one that the configuration has for the client, with that
// fault and no other difference.
func TestFaultsKeepTheKey(t *testing.T) {
	t.Parallel()
	one := issue(t, testca.Spec{Names: []string{"mx1.qq.com", "127.0.0.1"}})
	two := issue(t, testca.Spec{Names: []string{"mx2.qq.com", "::1"}})
	unparsed := *two
	unparsed.Leaf = nil
	choose := func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName == "mx2.qq.com" {
			return two, nil
		}
		return nil, nil
	}
	bases := map[string]*tls.Config{
		"one certificate":  {Certificates: []tls.Certificate{*two}},
		"no parsed leaf":   {Certificates: []tls.Certificate{unparsed}},
		"several":          {Certificates: []tls.Certificate{*one, *two}},
		"a function":       {GetCertificate: choose},
		"a function first": {Certificates: []tls.Certificate{*one}, GetCertificate: choose},
		"a configuration": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{*two}}, nil
		}},
		"no configuration": {Certificates: []tls.Certificate{*two}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, nil
		}},
	}
	faults := map[testca.Fault]func(error) bool{
		testca.Expired:     isInvalid(x509.Expired),
		testca.NotYetValid: isInvalid(x509.Expired),
		testca.SelfSigned:  is[x509.UnknownAuthorityError],
		testca.OtherName:   is[x509.HostnameError],
		testca.UnknownCA:   is[x509.UnknownAuthorityError],
	}
	for name, base := range bases {
		for fault, want := range faults {
			t.Run(fmt.Sprint(name, " ", fault), func(t *testing.T) {
				t.Parallel()
				cfg := testca.Handshake{Fault: fault}.Config(base)
				cert, err := cfg.GetCertificate(&tls.ClientHelloInfo{
					ServerName: "mx2.qq.com", SupportedVersions: []uint16{tls.VersionTLS13},
					SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
				})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(cert.Leaf.RawSubjectPublicKeyInfo, two.Leaf.RawSubjectPublicKeyInfo) {
					t.Error("the certificate has another key than the good one")
				}
				for _, host := range []string{"mx2.qq.com", "::1"} {
					_, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: testca.Pool(), DNSName: host})
					if !want(err) {
						t.Errorf("certificate for %s: %T %v, want another error", host, err, err)
					}
				}
			})
		}
	}
}

// TestFaultsOfNoCertificate: what keeps a server from presenting a good certificate is an error here too.
func TestFaultsOfNoCertificate(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, base := range map[string]*tls.Config{
		"no certificate":       {},
		"not a certificate":    {Certificates: []tls.Certificate{{Certificate: [][]byte{{1}}, PrivateKey: key}}},
		"not a private key":    {Certificates: []tls.Certificate{{Certificate: [][]byte{{1}}, PrivateKey: "key"}}},
		"broken function":      {GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, broken }},
		"broken configuration": {GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, broken }},
	} {
		cfg := testca.Handshake{Fault: testca.Expired}.Config(base)
		if cert, err := cfg.GetCertificate(new(tls.ClientHelloInfo)); err == nil {
			t.Errorf("%s: got a certificate for %q, want an error", name, cert.Leaf.DNSNames)
		}
	}
}
