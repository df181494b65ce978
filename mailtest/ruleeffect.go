package mailtest

// What rules do beyond a reply: EHLO lines and TLS.

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed078e9d8c/maillab/internal/testca"
)

// edit changes the lines of an EHLO reply.
func (r *ruleState) edit(lines []string) []string {
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(r.Hide, func(hide string) bool { return strings.EqualFold(hide, firstWord(line)) })
	})
	for _, add := range r.Add {
		same := func(line string) bool { return strings.EqualFold(firstWord(line), firstWord(add)) }
		if i := slices.IndexFunc(lines, same); i >= 0 {
			lines[i] = add
		} else {
			lines = append(lines, add)
		}
	}
	return lines
}

// changesTLS tells whether the rule has something to say about the handshake.
func (r *ruleState) changesTLS() bool {
	return r.Certificate != 0 || r.MaxTLS != 0 || r.ClientCertificate
}

// tlsConfig returns the configuration for a handshake of which the rule decides.
func (r *ruleState) tlsConfig(s *Server) (*tls.Config, error) {
	cfg, err := s.serverTLS()
	if err != nil {
		return nil, err
	}
	cfg = cfg.Clone()
	if r.MaxTLS != 0 {
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, r.MaxTLS
	}
	if r.ClientCertificate {
		cfg.ClientAuth, cfg.ClientCAs = tls.RequireAndVerifyClientCert, testca.Pool()
	}
	if r.Certificate != 0 {
		cert, err := r.Certificate.issue(s.name())
		if err != nil {
			return nil, err
		}
		cfg.Certificates, cfg.GetCertificate, cfg.GetConfigForClient = []tls.Certificate{*cert}, nil, nil
	}
	return cfg, nil
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
