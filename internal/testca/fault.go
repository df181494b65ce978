package testca

// Certificates with a fault.

import (
	"crypto/tls"
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

// IssueFaulty returns a new server certificate for the names with the given fault.
func IssueFaulty(f Fault, names ...string) (*tls.Certificate, error) {
	spec := Spec{Names: names}
	switch f {
	case Expired:
		spec.NotAfter = time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	case NotYetValid:
		spec.NotBefore = time.Date(9998, 1, 1, 0, 0, 0, 0, time.UTC)
	case SelfSigned:
		spec.SelfSigned = true
	case OtherName:
		spec.Names = []string{"other.invalid"}
	case UnknownCA:
		spec.UnknownCA = true
	}
	return Issue(spec)
}
