package mxmock

// MTA-STS policies (RFC 8461): how a domain publishes one, well or badly.

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// policy is what the policy host of a domain answers.
type policy struct {
	mode     string // if the policy is to be made of the MX records
	text     string // or the policy itself
	status   int    // or an HTTP status
	location string // and where it leads
}

// parsePolicy reads what [Records.MTASTS] may be.
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

// setPolicy publishes an MTA-STS policy.
func (n *Internet) setPolicy(apex, text string) error {
	p, err := parsePolicy(text)
	if err != nil {
		return err
	}
	if mxs := n.records(apex, dns.TypeMX); p.mode != "" && len(mxs) == 1 && mxs[0].(*dns.MX).Mx == "." {
		return errors.New("the domain takes no mail, its MX is null (RFC 7505): there is nobody for a policy to name")
	}
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

// policyText is a policy that agrees with the MX records of a domain.
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
