package testca

// The changes that a rule of a test makes to a TLS handshake.

import (
	"crypto/tls"
	"errors"
)

// Handshake has changes to the server's side of a TLS handshake. The zero Handshake changes nothing.
type Handshake struct {
	Fault             Fault  // the fault of the certificate
	MaxTLS            uint16 // the newest version; 0 means that of the configuration
	ClientCertificate bool   // the client must have one of the test CA
}

// Config returns a changed copy of a configuration for a server.
func (h Handshake) Config(base *tls.Config) *tls.Config {
	cfg := base.Clone()
	if h.MaxTLS != 0 {
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, h.MaxTLS
	}
	if h.ClientCertificate {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, Pool()
	}
	if h.Fault != 0 {
		cfg.Certificates, cfg.GetConfigForClient = nil, nil
		cfg.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			good, err := presented(base, hello)
			if err != nil {
				return nil, err
			}
			return Faulty(h.Fault, good)
		}
	}
	return cfg
}

// presented returns the certificate that a configuration presents to a client.
func presented(cfg *tls.Config, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if cfg.GetConfigForClient != nil {
		if own, err := cfg.GetConfigForClient(hello); err != nil {
			return nil, err
		} else if own != nil {
			cfg = own
		}
	}
	if cfg.GetCertificate != nil && (len(cfg.Certificates) == 0 || hello.ServerName != "") {
		if cert, err := cfg.GetCertificate(hello); cert != nil || err != nil {
			return cert, err
		}
	}
	if len(cfg.Certificates) == 0 {
		return nil, errors.New("testca: the server has no certificate")
	}
	for i := range cfg.Certificates {
		if hello.SupportsCertificate(&cfg.Certificates[i]) == nil {
			return &cfg.Certificates[i], nil
		}
	}
	return &cfg.Certificates[0], nil
}
