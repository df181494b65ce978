package testca

// The changes that a rule of a test makes to a TLS handshake.

import "crypto/tls"

// Handshake has changes to the server's side of a TLS handshake. The zero Handshake changes nothing.
type Handshake struct {
	Fault             Fault  // the fault of the certificate
	MaxTLS            uint16 // the newest version; 0 means that of the configuration
	ClientCertificate bool   // the client must have one of the test CA
}

// Config returns a changed copy of a configuration, for a server with the given names. It returns an error if the
// certificate can't be made.
func (h Handshake) Config(base *tls.Config, names ...string) (*tls.Config, error) {
	cfg := base.Clone()
	if h.MaxTLS != 0 {
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, h.MaxTLS
	}
	if h.ClientCertificate {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, Pool()
	}
	if h.Fault != 0 {
		cert, err := IssueFaulty(h.Fault, names...)
		if err != nil {
			return nil, err
		}
		cfg.Certificates, cfg.GetCertificate, cfg.GetConfigForClient = []tls.Certificate{*cert}, nil, nil
	}
	return cfg, nil
}
