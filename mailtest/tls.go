package mailtest

// TLS: the certificates of the server, their faults, and the authority that clients have to trust.

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/seed078e9d8c/maillab/internal/enum"
	"github.com/seed078e9d8c/maillab/internal/testca"
)

// serverTLS returns the configuration for the server's end of TLS.
func (s *Server) serverTLS() (*tls.Config, error) {
	s.certs.once.Do(func() { s.certs.cfg, s.certs.err = s.newTLS() })
	return s.certs.cfg, s.certs.err
}

func (s *Server) newTLS() (*tls.Config, error) {
	cfg := s.certs.own.Clone()
	if cfg == nil {
		cfg = &tls.Config{ClientAuth: tls.RequestClientCert}
	}
	if len(cfg.Certificates) == 0 && cfg.GetCertificate == nil && cfg.GetConfigForClient == nil {
		cert, err := testca.Certificate(s.certificateNames()...)
		if err != nil {
			return nil, fmt.Errorf("mailtest: certificate for %s: %w", s.name(), err)
		}
		cfg.Certificates = []tls.Certificate{*cert}
	}
	return cfg, nil
}

// certificateNames returns the names for which a certificate of the server is valid.
func (s *Server) certificateNames() []string {
	return []string{s.name(), "localhost", "127.0.0.1", "::1"}
}

// RootCAs returns a pool with the certificate authority of this process, which has signed the certificates
// of all its servers.
func (s *Server) RootCAs() *x509.CertPool { return testca.Pool() }

// RootPEM returns the certificate authority of [Server.RootCAs] as PEM, for programs that read what they trust
// from a file. Each process has an authority of its own.
func (s *Server) RootPEM() []byte { return testca.RootPEM() }

// ClientTLS returns a configuration with which a client can connect: it trusts [Server.RootCAs], and expects
// the server's name at any address, so its ServerName is that name. The caller may change it. If [Server.TLS]
// has a certificate, clients need a configuration that fits it instead.
func (s *Server) ClientTLS() *tls.Config {
	if !s.used.Load() {
		name := s.Name
		s.named.CompareAndSwap(nil, &name)
		return &tls.Config{RootCAs: testca.Pool(), ServerName: cmp.Or(name, defaultName)}
	}
	return &tls.Config{RootCAs: testca.Pool(), ServerName: s.name()}
}

// ClientCertificate returns a certificate for a client with the given name, signed by the
// certificate authority of [Server.RootCAs], as [Rule.ClientCertificate] requires. Put it into the
// Certificates of a [tls.Config]. ClientCertificate panics if the name is empty.
func (s *Server) ClientCertificate(commonName string) tls.Certificate {
	cert, err := testca.Issue(testca.Spec{CommonName: commonName, Client: true})
	if err != nil {
		panic(fmt.Sprintf("mailtest: certificate for client %q: %v", commonName, err))
	}
	return *cert
}

// CertificateFault is a fault of a certificate. The zero CertificateFault means that the certificate is good. A
// certificate with a fault has the same key as the good one, so DANE records of the key match both (RFC 7672 §3.1.1).
type CertificateFault uint8

// The faults of a certificate.
const (
	Expired     CertificateFault = CertificateFault(testca.Expired)     // it was valid until 1971
	NotYetValid CertificateFault = CertificateFault(testca.NotYetValid) // it will be valid from 9998 on
	SelfSigned  CertificateFault = CertificateFault(testca.SelfSigned)  // it is its own issuer
	OtherName   CertificateFault = CertificateFault(testca.OtherName)   // it is for other.invalid
	UnknownCA   CertificateFault = CertificateFault(testca.UnknownCA)   // its issuer is an unknown authority
)

// certificateFaultNames are the names of the faults.
var certificateFaultNames = enum.Names{
	Expired: "Expired", NotYetValid: "NotYetValid", SelfSigned: "SelfSigned", OtherName: "OtherName", UnknownCA: "UnknownCA",
}

// String returns the name of the fault, such as "Expired".
func (f CertificateFault) String() string {
	return certificateFaultNames.String("CertificateFault", "no CertificateFault", uint8(f))
}

// MarshalText returns the name of the fault, or an empty text for the zero CertificateFault. It returns an error if there
// is no such fault.
func (f CertificateFault) MarshalText() ([]byte, error) {
	return certificateFaultNames.Marshal("mailtest: certificate fault", uint8(f))
}

// UnmarshalText reads what MarshalText returns, in any letter case. Its error lists the valid names.
func (f *CertificateFault) UnmarshalText(text []byte) error {
	return certificateFaultNames.Unmarshal("mailtest: certificate fault", text, (*uint8)(f))
}
