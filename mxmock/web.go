package mxmock

// The web servers of the internet: MTA-STS policies, good and bad (RFC 8461), and autoconfiguration.

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// serveWeb makes the web server of the internet listen on a port of the host with a name, with TLS on
// port 443. If it does already, serveWeb does nothing; if something else does, that is an error.
func (n *Internet) serveWeb(name string, port int) error {
	h := n.Host(name)
	key := place{host: h, port: port}
	n.mu.Lock()
	served := n.webs[key]
	n.mu.Unlock()
	if served {
		return nil
	}
	l, err := h.Listen(port)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: n.pages(), TLSConfig: h.TLSConfig(), ErrorLog: log.New(io.Discard, "", 0), ConnState: n.countWeb}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errors.Join(l.Close(), server.Close())
	}
	if n.webs == nil {
		n.webs = make(map[place]bool)
	}
	n.webs[key] = true
	n.register(server)
	n.running.Go(func() {
		if port == 443 {
			server.ServeTLS(l, "", "")
		} else {
			server.Serve(l)
		}
		server.Close() // again, since an earlier Close may have missed a connection that was accepted meanwhile
		n.forget(server)
	})
	return nil
}

// countWeb lets Close wait for the connections of a web server, which its own Close does not. A connection is
// new while the server's goroutine, for which Close waits as well, accepts it.
func (n *Internet) countWeb(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		n.running.Add(1)
	case http.StateClosed:
		n.running.Done()
	}
}

// pages returns the pages of all domains, since one host may have the names of many.
func (n *Internet) pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/mta-sts.txt", n.servePolicy)
	mux.HandleFunc("GET /mail/config-v1.1.xml", n.serveConfig)
	return mux
}

// domainOf returns the domain whose host a request is for, in lower case with a final dot. The name
// of the host begins with prefix; otherwise the domain is "".
func domainOf(r *http.Request, prefix string) string {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	domain, ok := strings.CutPrefix(strings.ToLower(host), prefix)
	if !ok {
		return ""
	}
	return dns.Fqdn(domain)
}

// serveAutoconfig makes the host that tells mail programs about the services of a domain.
func (n *Internet) serveAutoconfig(apex string) error {
	n.mu.Lock()
	if n.configured == nil {
		n.configured = make(map[string]bool)
	}
	n.configured[strings.ToLower(apex)] = true
	n.mu.Unlock()
	return errors.Join(n.serveWeb("autoconfig."+apex, 80), n.serveWeb("autoconfig."+apex, 443))
}

// serveConfig answers for the autoconfig hosts of all domains.
func (n *Internet) serveConfig(w http.ResponseWriter, r *http.Request) {
	apex := domainOf(r, "autoconfig.")
	n.mu.Lock()
	ok := n.configured[apex]
	n.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	io.WriteString(w, xml.Header)
	xml.NewEncoder(w).Encode(n.clientConfig(apex))
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

// clientConfig returns the document for the SRV records that the domain has now. Services with TLS from the first
// byte come first.
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

// policy is the answer of the policy host of a domain.
type policy struct {
	mode     string // the mode of a policy that is made of the MX records
	text     string // or the policy itself
	status   int    // or an HTTP status
	location string // and the target of a redirect
}

// parsePolicy reads a value of [Records.MTASTS].
func parsePolicy(text string) (policy, error) {
	word, rest, _ := strings.Cut(text, " ")
	status, err := strconv.Atoi(word)
	redirect := status >= 300 && status <= 399
	switch {
	case slices.Contains([]string{"enforce", "testing", "none"}, text):
		return policy{mode: text}, nil
	case err == nil && (status < 200 || status > 599):
		return policy{}, fmt.Errorf("HTTP has no final status %d", status)
	case err == nil && redirect && !strings.Contains(rest, "://"):
		return policy{}, fmt.Errorf("a redirect needs a URL: \"%d https://www.example.com/\"", status)
	case err == nil && redirect:
		return policy{status: status, location: rest}, nil
	case err == nil:
		return policy{status: status}, nil
	case !strings.ContainsAny(text, ":\n"):
		return policy{}, fmt.Errorf("there is no mode %q; use enforce, testing or none, or a whole policy, or an HTTP status", text)
	}
	return policy{text: text}, nil
}

// read returns the mode of a policy and its patterns of MX hosts, if it has any (RFC 8461 §3.2). It has no mode if it is not a
// policy at all.
func (p policy) read() (mode string, patterns []string) {
	mode = p.mode
	for line := range strings.Lines(p.text) {
		key, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "mode":
			mode = cmp.Or(mode, value) // the first counts
		case "mx":
			patterns = append(patterns, value)
		}
	}
	return mode, patterns
}

// policyOf returns the policy of a domain, which is the zero policy if it has none.
func (n *Internet) policyOf(domain string) policy {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.policies[strings.ToLower(dns.Fqdn(domain))]
}

// policyFor reads a value of [Records.MTASTS] for a domain.
func (n *Internet) policyFor(apex, text string) (policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return p, err
	}
	if mxs := n.records(apex, dns.TypeMX); p.mode != "" && len(mxs) == 1 && mxs[0].(*dns.MX).Mx == "." {
		return p, errors.New("the domain takes no mail, its MX is null (RFC 7505): there is nobody for a policy to name")
	}
	return p, nil
}

// setPolicy publishes an MTA-STS policy.
func (n *Internet) setPolicy(apex string, p policy) error {
	n.mu.Lock()
	n.lastPolicy++
	id := fmt.Sprintf("%s%d", time.Now().UTC().Format("20060102150405"), n.lastPolicy)
	if n.policies == nil {
		n.policies = make(map[string]policy)
	}
	n.policies[strings.ToLower(apex)] = p
	n.mu.Unlock()
	if err := n.serveWeb("mta-sts."+apex, 443); err != nil {
		return err
	}
	return n.setTXT("_mta-sts."+apex, "v=STSv1;", "v=STSv1; id="+id+";")
}

// servePolicy answers for the policy hosts of all domains (RFC 8461 §3.3).
func (n *Internet) servePolicy(w http.ResponseWriter, r *http.Request) {
	apex := domainOf(r, "mta-sts.")
	n.mu.Lock()
	p, ok := n.policies[apex]
	n.mu.Unlock()
	switch {
	case !ok:
		http.NotFound(w, r)
		return
	case p.status != 0:
		if p.location != "" {
			w.Header().Set("Location", p.location)
		}
		http.Error(w, http.StatusText(p.status), p.status)
		return
	case p.mode != "":
		p.text = n.policyText(apex, p.mode)
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, p.text)
}

// policyText returns a policy that agrees with the MX records of a domain.
func (n *Internet) policyText(apex, mode string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: STSv1\r\nmode: %s\r\n", mode)
	exchangers := n.records(apex, dns.TypeMX)
	for _, rr := range exchangers {
		fmt.Fprintf(&b, "mx: %s\r\n", strings.TrimSuffix(rr.(*dns.MX).Mx, "."))
	}
	if len(exchangers) == 0 { // the domain is its own mail host, RFC 5321 §5.1
		fmt.Fprintf(&b, "mx: %s\r\n", strings.TrimSuffix(apex, "."))
	}
	b.WriteString("max_age: 604800\r\n")
	return b.String()
}
