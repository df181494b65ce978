package mxmock

// The certificates of hosts. A host has one for each name, and chooses by SNI (RFC 6066 §3).

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/seed078e9d8c/maillab/internal/testca"
)

// certificates has the certificates that a host has presented so far, by name in lower case. The zero value has
// none.
type certificates struct {
	mu     sync.Mutex
	byName map[string]*tls.Certificate
}

// TLSConfig returns a new configuration for a service on this host, such as a web server, with the
// certificates of the host, which its mail servers present too. They are signed by the authority of
// [Internet.RootCAs]. A host with several names has a certificate for each, and presents the one
// that the client asks for by SNI, or else the one for its first name. The caller may change the
// configuration.
func (h *Host) TLSConfig() *tls.Config {
	return &tls.Config{ClientAuth: tls.RequestClientCert, GetCertificate: h.certificate}
}

// certificate returns the certificate to present to a client.
func (h *Host) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name, stranger := h.certificateName(hello)
	h.certs.mu.Lock()
	defer h.certs.mu.Unlock()
	if cert := h.certs.byName[name]; cert != nil {
		return cert, nil
	}
	names := []string{name, "localhost", "127.0.0.1", "::1"}
	if stranger {
		names = names[:1]
	}
	cert, err := testca.Certificate(names...)
	if err != nil {
		return nil, err
	}
	if h.certs.byName == nil {
		h.certs.byName = make(map[string]*tls.Certificate)
	}
	h.certs.byName[name] = cert
	return cert, nil
}

// certificateName returns the name for which to present a certificate, and reports whether it must be the
// certificate of another machine because [BadCertificate] breaks the host or its port.
func (h *Host) certificateName(hello *tls.ClientHelloInfo) (name string, stranger bool) {
	n := h.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	if hello.Conn != nil && n.presentsBadCertificate(h, hello.Conn) {
		return "bad-certificate.invalid", true
	}
	asked := strings.ToLower(strings.TrimSuffix(hello.ServerName, ".")) + "."
	if n.hosts[asked] == h {
		return strings.TrimSuffix(asked, "."), false
	}
	return strings.ToLower(h.name), false
}

// presentsBadCertificate reports whether the service of a host to which a client has connected is broken by
// [BadCertificate]. The internet is locked.
func (n *Internet) presentsBadCertificate(h *Host, conn net.Conn) bool {
	local, ok := conn.LocalAddr().(*net.TCPAddr)
	if !ok {
		return false
	}
	at := unmapped(local)
	if client, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		if dialled, ok := n.redirected[unmapped(client)]; ok && n.byAddr[dialled.Addr()] == h {
			at = dialled
		}
	}
	port := int(at.Port())
	if socket, ok := h.sockets[at]; ok {
		port = socket.port
	}
	return n.faultAt(h, at.Addr(), port) == BadCertificate
}

// unmapped returns an address and port. An IPv4 address that is mapped to IPv6 becomes IPv4.
func unmapped(a *net.TCPAddr) netip.AddrPort {
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
