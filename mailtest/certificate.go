package mailtest

// Certificates: what can be wrong with them.

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/testca"
)

// CertificateFault is something that is wrong with a certificate. The zero CertificateFault stands for a good
// one.
type CertificateFault uint8

// What can be wrong with a certificate.
const (
	Expired     CertificateFault = iota + 1 // it was valid until 1971
	NotYetValid                             // it will be valid from 9998 on
	SelfSigned                              // it is its own issuer
	OtherName                               // it is for other.invalid
	UnknownCA                               // its issuer is an authority that nobody knows
)

// certificateFaultNames are the names of what can be wrong with a certificate.
var certificateFaultNames = enum.Names{
	Expired: "Expired", NotYetValid: "NotYetValid", SelfSigned: "SelfSigned", OtherName: "OtherName", UnknownCA: "UnknownCA",
}

// String returns the name of the fault as it is in this package.
func (f CertificateFault) String() string {
	return certificateFaultNames.String("CertificateFault", "no CertificateFault", uint8(f))
}

// MarshalText returns the name of the fault, and nothing for the zero CertificateFault. The error
// says that there is no such fault.
func (f CertificateFault) MarshalText() ([]byte, error) {
	return certificateFaultNames.Marshal("mailtest: certificate fault", uint8(f))
}

// UnmarshalText reads what MarshalText returns, in any letter case. The error says which names there
// are.
func (f *CertificateFault) UnmarshalText(text []byte) error {
	return certificateFaultNames.Unmarshal("mailtest: certificate fault", text, (*uint8)(f))
}

// issue makes a certificate with the fault, for a server of the given name.
func (f CertificateFault) issue(name string) (*tls.Certificate, error) {
	spec := testca.Spec{Names: []string{name, "localhost", "127.0.0.1", "::1"}}
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
	cert, err := testca.Issue(spec)
	if err != nil {
		return nil, fmt.Errorf("mailtest: certificate for %s: %w", name, err)
	}
	return cert, nil
}
