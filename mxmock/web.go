package mxmock

// Web servers of the simulated internet: MTA-STS policies and autoconfiguration.

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/miekg/dns"
)

// serveWeb serves the pages of a handler on a port of the host with a name, with TLS on port 443.
// If the internet serves there already, it does nothing; if somebody else does, that is an error.
func (n *Internet) serveWeb(name string, port int, pages http.Handler) error {
	h := n.Host(name)
	key := fmt.Sprint(h.fqdn, port)
	n.mu.Lock()
	served := n.webs[key]
	if n.webs == nil {
		n.webs = make(map[string]bool)
	}
	n.webs[key] = true
	n.mu.Unlock()
	if served {
		return nil
	}
	l, err := h.Listen(port)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pages, TLSConfig: h.TLS(), ErrorLog: log.New(io.Discard, "", 0)}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errors.Join(l.Close(), server.Close())
	}
	n.register(server)
	n.running.Go(func() {
		if port == 443 {
			server.ServeTLS(l, "", "")
		} else {
			server.Serve(l)
		}
	})
	return nil
}

// policyHandler serves the MTA-STS policy of a domain (RFC 8461 §3.2).
func (n *Internet) policyHandler(apex string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/mta-sts.txt", func(w http.ResponseWriter, _ *http.Request) {
		n.mu.Lock()
		mode := n.modes[strings.ToLower(apex)]
		n.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "version: STSv1\r\nmode: %s\r\n", mode)
		for _, rr := range n.records(apex, dns.TypeMX) {
			fmt.Fprintf(w, "mx: %s\r\n", strings.TrimSuffix(rr.(*dns.MX).Mx, "."))
		}
		fmt.Fprint(w, "max_age: 604800\r\n")
	})
	return mux
}

// serveAutoconfig makes the host that tells mail programs of a domain's services.
func (n *Internet) serveAutoconfig(apex string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /mail/config-v1.1.xml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		io.WriteString(w, xml.Header)
		xml.NewEncoder(w).Encode(n.clientConfig(apex))
	})
	return errors.Join(n.serveWeb("autoconfig."+apex, 80, mux), n.serveWeb("autoconfig."+apex, 443, mux))
}

// clientConfig is a document of Thunderbird's autoconfiguration, version 1.1.
type clientConfig struct {
	XMLName  xml.Name `xml:"clientConfig"`
	Version  string   `xml:"version,attr"`
	Provider struct {
		ID       string         `xml:"id,attr"`
		Domain   string         `xml:"domain"`
		Name     string         `xml:"displayName"`
		Incoming []clientServer `xml:"incomingServer"`
		Outgoing []clientServer `xml:"outgoingServer"`
	} `xml:"emailProvider"`
}

type clientServer struct {
	Type           string `xml:"type,attr"`
	Host           string `xml:"hostname"`
	Port           uint16 `xml:"port"`
	Socket         string `xml:"socketType"`
	User           string `xml:"username"`
	Authentication string `xml:"authentication"`
}

// clientConfig makes the document of the SRV records that the domain has now, those with TLS from
// the first byte first.
func (n *Internet) clientConfig(apex string) *clientConfig {
	c := &clientConfig{Version: "1.1"}
	p := &c.Provider
	p.ID = strings.TrimSuffix(apex, ".")
	p.Domain, p.Name = p.ID, p.ID
	for _, s := range []struct{ service, typ, socket string }{
		{"imaps", "imap", "SSL"}, {"imap", "imap", "STARTTLS"}, {"pop3s", "pop3", "SSL"}, {"pop3", "pop3", "STARTTLS"},
		{"submissions", "smtp", "SSL"}, {"submission", "smtp", "STARTTLS"},
	} {
		for _, rr := range n.records("_"+s.service+"._tcp."+apex, dns.TypeSRV) {
			srv := rr.(*dns.SRV)
			if srv.Target == "." {
				continue
			}
			server := clientServer{s.typ, strings.TrimSuffix(srv.Target, "."), srv.Port, s.socket, "%EMAILADDRESS%", "password-cleartext"}
			if s.typ == "smtp" {
				p.Outgoing = append(p.Outgoing, server)
			} else {
				p.Incoming = append(p.Incoming, server)
			}
		}
	}
	return c
}
