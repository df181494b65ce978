package testca

// Certificates with a fault.

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Fault is a fault of a certificate. The zero Fault is that of a good certificate.
type Fault uint8

// The faults.
const (
	Expired     Fault = iota + 1 // it was valid until 1971
	NotYetValid                  // it will be valid from 9998 on
	SelfSigned                   // it is its own issuer
	OtherName                    // it is for other.invalid
	UnknownCA                    // its issuer is an authority that is not in [Pool]
)

// Faulty returns a certificate for the names and with the key of a good one, but with the given fault. TLSA records
// for the key match both (RFC 7672 §3.1.1).
func Faulty(f Fault, good *tls.Certificate) (*tls.Certificate, error) {
	key, ok := good.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("testca: a private key of type %T can't sign", good.PrivateKey)
	}
	leaf := good.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(good.Certificate[0]); err != nil {
			return nil, fmt.Errorf("testca: %w", err)
		}
	}
	spec := Spec{Names: leaf.DNSNames, CommonName: leaf.Subject.CommonName, Key: key}
	for _, ip := range leaf.IPAddresses {
		spec.Names = append(spec.Names, ip.String())
	}
	switch f {
	case Expired:
		spec.NotAfter = time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	case NotYetValid:
		spec.NotBefore = time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)
	case SelfSigned:
		spec.SelfSigned = true
	case OtherName:
		spec.Names, spec.CommonName = []string{"other.invalid"}, ""
	case UnknownCA:
		spec.UnknownCA = true
	}
	return Issue(spec)
}
