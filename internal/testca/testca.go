// Package testca is a certificate authority for tests. Each process has one, which is made from a random key at the
// first use and never changes. A server that never speaks TLS therefore costs no key generation, and nobody can
// trust the root for long.
//
// Its certificates are valid from 1970 to the end of 9999 unless a [Spec] says otherwise, and so also in the year
// 2000, in which the bubbles of testing/synctest begin. It may be used inside and outside bubbles in any order, by
// many goroutines at once.
package testca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
)

// Spec describes the certificate that [Issue] makes. Names or CommonName must be set. The zero value of every other
// field is the ordinary case.
type Spec struct {
	// Names are the subject alternative names: DNS names, in Unicode or as A-labels, with an
	// optional leading "*." and an optional trailing dot, and IP addresses without brackets.
	Names []string

	// CommonName is the subject. Empty means the first of Names, if that fits into the 64 bytes that X.509 allows.
	// No client compares it with the name of a host (RFC 9525 §6.3).
	CommonName string

	// NotBefore and NotAfter bound the validity, to the second. Zero means 1970 and 9999.
	NotBefore, NotAfter time.Time

	// SelfSigned makes the certificate its own issuer.
	SelfSigned bool

	// UnknownCA makes the issuer an authority that is not in [Pool].
	UnknownCA bool

	// Key is the key of the certificate. Nil means a new one.
	Key crypto.Signer

	// Client makes a certificate for a TLS client, which no client would accept from a server.
	Client bool
}

// Pool returns a new pool that holds only the root. The caller may add other roots. It serves as RootCAs and as
// ClientCAs of a [tls.Config].
func Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(known().cert)
	return pool
}

// RootPEM returns the root as a PEM block, for programs that read their trusted authorities from a file.
func RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: known().cert.Raw})
}

// Certificate returns a new server certificate for the names, which are those of [Spec.Names].
// It is [Issue] for the ordinary case.
func Certificate(names ...string) (*tls.Certificate, error) {
	return Issue(Spec{Names: names})
}

// Issue returns a new certificate. Unless a [Spec] has the key of another one, two certificates never share a key, so a
// TLSA record for the key of one does not match another (RFC 6698 §2.1.2).
//
// The chain that a server presents ends with the root, although clients have it already, because
// a TLSA record of usage DANE-TA may name it (RFC 7671 §5.2.2). Leaf is set.
//
// The error names the name that a certificate can't have, or the contradiction in spec.
func Issue(spec Spec) (*tls.Certificate, error) {
	template, err := spec.template()
	if err != nil {
		return nil, fmt.Errorf("testca: %w", err)
	}
	key := spec.Key
	if key == nil {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, fmt.Errorf("testca: %w", err)
		}
	}

	var chain [][]byte
	issuer := authority{cert: template, key: key}
	if !spec.SelfSigned {
		issuer = *known()
		if spec.UnknownCA {
			issuer = *unknown()
		}
		chain = append(chain, issuer.cert.Raw)
	}
	leaf, err := issuer.sign(template, key)
	if err != nil {
		return nil, fmt.Errorf("testca: %w", err)
	}
	return &tls.Certificate{
		Certificate: append([][]byte{leaf.Raw}, chain...),
		PrivateKey:  key,
		Leaf:        leaf,
	}, nil
}

// template returns the template to be signed. It has no serial number, so a random one is made for it.
func (s *Spec) template() (*x509.Certificate, error) {
	if len(s.Names) == 0 && s.CommonName == "" {
		return nil, errors.New("a certificate needs a name")
	}
	if s.SelfSigned && s.UnknownCA {
		return nil, errors.New("a certificate is signed by itself or by an unknown authority, not both")
	}
	cert := &x509.Certificate{
		Subject:               pkix.Name{CommonName: s.CommonName},
		NotBefore:             beginning(),
		NotAfter:              end(),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if s.Client {
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if !s.NotBefore.IsZero() {
		cert.NotBefore = s.NotBefore
	}
	if !s.NotAfter.IsZero() {
		cert.NotAfter = s.NotAfter
	}
	for _, name := range s.Names {
		ip, err := netip.ParseAddr(name)
		if err != nil || ip.Zone() != "" {
			dns, err := dnsName(name)
			if err != nil {
				return nil, err
			}
			if ip, err = netip.ParseAddr(dns); err != nil { // otherwise it was an address with a dot after it
				cert.DNSNames = append(cert.DNSNames, dns)
				continue
			}
		}
		cert.IPAddresses = append(cert.IPAddresses, net.IP(ip.Unmap().AsSlice()))
	}
	if s.CommonName == "" {
		const upperBound = 64 // ub-common-name of RFC 5280, appendix A.1
		first := s.Names[0]
		if len(cert.DNSNames) > 0 {
			first = cert.DNSNames[0]
		}
		if len(first) <= upperBound {
			cert.Subject.CommonName = first
		}
	}
	return cert, nil
}

// dnsName returns name as it stands in a certificate: in A-labels and lower case, without the
// trailing dot (RFC 5280 §7.2).
func dnsName(name string) (string, error) {
	host, wildcard := strings.CutPrefix(strings.TrimSuffix(name, "."), "*.")
	ascii, err := idna.New(
		idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true), idna.StrictDomainName(false),
	).ToASCII(host)
	if err == nil && strings.HasSuffix(ascii, ".") {
		err = errors.New("it has two dots at its end")
	}
	if err != nil {
		return "", fmt.Errorf("%q is no DNS name: %w", name, err)
	}
	// Besides letters, digits and hyphens, only the underscore occurs in the names of hosts.
	if i := strings.IndexFunc(ascii, func(r rune) bool {
		return r != '-' && r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}); i >= 0 {
		return "", fmt.Errorf("%q is no DNS name: it contains %q", name, ascii[i])
	}
	if wildcard {
		ascii = "*." + ascii
	}
	return ascii, nil
}

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// known and unknown return the authority in [Pool] and one that nobody trusts. Each is made at its first use. A
// sync.Once does not belong to a bubble, so the first call may be made anywhere.
var (
	known   = sync.OnceValue(func() *authority { return newAuthority("maillab test CA") })
	unknown = sync.OnceValue(func() *authority { return newAuthority("maillab unknown CA") })
)

// newAuthority returns an authority with a new key. It has no error to return, since its template
// is fixed and crypto/rand never fails.
func newAuthority(name string) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             beginning(),
		NotAfter:              end(),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	a := &authority{cert: template, key: key}
	if a.cert, err = a.sign(template, key); err != nil {
		panic(err)
	}
	return a
}

// sign returns template as a certificate for the public half of key.
func (a *authority) sign(template *x509.Certificate, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// beginning returns the first instant of Unix time, long before any clock of a test.
func beginning() time.Time { return time.Unix(0, 0).UTC() }

// end returns the last instant of X.509, which means "no well-defined expiration date" (RFC 5280 §4.1.2.5).
func end() time.Time { return time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }
