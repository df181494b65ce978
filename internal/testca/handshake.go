package testca

// What a rule of a test changes about a TLS handshake.

import "crypto/tls"

// Handshake is what is special about the server's side of a TLS handshake. The zero Handshake is nothing.
type Handshake struct {
	Fault             Fault  // of the certificate
	MaxTLS            uint16 // newest version; 0: as configured
	ClientCertificate bool   // the client must have one of the test CA
}

// Config returns a copy of a configuration that is changed accordingly, for a server with the given names. The error says that
// the certificate can't be made.
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
