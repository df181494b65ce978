package mxmock

// The records that a domain publishes about its mail, which are easy to get wrong by hand.

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mxmock/internal/question"
)

// Records has the records that a domain publishes about its mail besides its MX records. It is plain data. A field
// with the zero value publishes nothing, and leaves existing records unchanged.
//
//	inet.Publish("qq.com", mxmock.Records{
//		SPF:    "mx -all",
//		DKIM:   map[string]crypto.PublicKey{"s1": key.Public()},
//		DMARC:  "p=reject; rua=mailto:dmarc@qq.com",
//		MTASTS: "enforce",
//	})
//
// Senders that enforce MTA-STS or use DANE deliver only to servers that offer STARTTLS, for which a
// test sets [mailtest.Server.StartTLS]. [Internet.Check] finds those that do not.
type Records struct {
	// SPF is the text after "v=spf1": "mx -all" (RFC 7208 §3).
	SPF string

	// DKIM has the public keys by selector (RFC 6376 §3.6.1, RFC 8463 §4): *[rsa.PublicKey] or
	// [ed25519.PublicKey]. A nil key means that the key was revoked.
	DKIM map[string]crypto.PublicKey

	// DMARC is the text after "v=DMARC1;" in the record at _dmarc: "p=reject" (RFC 9989 §4.7).
	DMARC string

	// MTASTS is the mode of the domain's MTA-STS policy: "enforce", "testing" or "none" (RFC 8461
	// §3). It publishes a record at _mta-sts, with a new id each time, and a web server at
	// https://mta-sts.qq.com/.well-known/mta-sts.txt. The policy there has the MX hosts that the
	// domain has when it is fetched, and a max_age of a week. If mta-sts.qq.com is an alias in the
	// DNS, the web server runs on the host that the alias leads to (RFC 8461 §8.2).
	//
	// To serve something else, set MTASTS to the policy as it is on the wire, which may be malformed, such as
	// "version: STSv1\nmode: enforce\nmx: *.qq.com\nmax_age: 86400\n", or to an HTTP status, such as "404", "500" or
	// "302 https://www.qq.com/". [Internet.Break] breaks the web server itself: "mta-sts.qq.com:443" with [Silent],
	// [Mute], [Refused] or [BadCertificate].
	MTASTS string

	// TLSRPT is the address for reports about TLS, such as "mailto:tls@qq.com" (RFC 8460 §3). It is published in the
	// record at _smtp._tls.
	TLSRPT string

	// DANE publishes a TLSA record 3 1 1 for port 25 of each MX host, or of the domain itself if it
	// has no MX records, made of the certificate that its server presents (RFC 7672 §3.1.1). For an
	// MX host that is an alias, there are records at both names (RFC 7672 §2.2.3).
	DANE bool

	// Services are the servers for mail programs, as host and port. Each is published in an SRV
	// record: "imaps": "imap.qq.com:993" at _imaps._tcp. The keys are submission, submissions,
	// imap, imaps, pop3 and pop3s (RFC 6186, RFC 8314 §5.1). The value "." says that the service is
	// not offered. Services does not create hosts.
	Services map[string]string

	// Autoconfig makes a host autoconfig.qq.com with a web server, which announces the Services to
	// mail programs at http://autoconfig.qq.com/mail/config-v1.1.xml, and by https too.
	Autoconfig bool
}

// Publish publishes records of a domain, replacing those of the same kind. The domain becomes a
// zone of its own, as by [Internet.MX], if it is not one already. A wildcard such as "*.qq.com" can
// have SPF and DANE only. Publish panics if a record is not valid, and says why; then it published
// no records.
func (n *Internet) Publish(domain string, r Records) {
	apex := mustName(domain)
	if err := n.publish(apex, r); err != nil {
		panic(fmt.Sprintf("mxmock: publish records of %s: %v", domain, err))
	}
}

func (n *Internet) publish(apex string, r Records) error {
	switch {
	case strings.HasPrefix(r.SPF, "v="):
		return fmt.Errorf("SPF is what follows v=spf1, not %q", r.SPF)
	case strings.HasPrefix(r.DMARC, "v="):
		return fmt.Errorf("DMARC is what follows v=DMARC1;, not %q", r.DMARC)
	case slices.ContainsFunc(strings.Split(r.DMARC, ";"), lacksValue):
		return fmt.Errorf("DMARC is a list of tags such as p=reject (RFC 9989 §4.7), not %q", r.DMARC)
	case r.TLSRPT != "" && !hasScheme(r.TLSRPT, "mailto") && !hasScheme(r.TLSRPT, "https"):
		return fmt.Errorf("TLSRPT is a URI such as mailto:tls@qq.com (RFC 8460 §3), not %q", r.TLSRPT)
	case zoneOf(apex) != apex && r.below():
		return errors.New("names below a wildcard match no other names (RFC 4592 §2.1.1), so it can have SPF and DANE only")
	}
	texts := []struct{ name, version, text string }{
		{apex, "v=spf1", prefixed("v=spf1 ", r.SPF)},
		{"_dmarc." + apex, "v=DMARC1;", prefixed("v=DMARC1; ", r.DMARC)},
		{"_smtp._tls." + apex, "v=TLSRPTv1;", prefixed("v=TLSRPTv1; rua=", r.TLSRPT)},
	}
	for _, selector := range slices.Sorted(maps.Keys(r.DKIM)) {
		text, err := dkimRecord(r.DKIM[selector])
		if err != nil {
			return fmt.Errorf("DKIM selector %s: %w", selector, err)
		}
		name, err := question.ASCII(selector + "._domainkey." + apex)
		if err != nil {
			return fmt.Errorf("DKIM selector %q: %w", selector, err)
		}
		texts = append(texts, struct{ name, version, text string }{name, "v=DKIM1;", text})
	}
	services, err := serviceRecords(apex, r.Services)
	if err != nil {
		return err
	}
	var mtaSTS policy
	if r.MTASTS != "" {
		if mtaSTS, err = n.policyFor(apex, r.MTASTS); err != nil {
			return fmt.Errorf("MTA-STS: %w", err)
		}
	}
	var sets []zone.RRSet
	if r.DANE {
		if sets, err = n.tlsaSets(apex); err != nil {
			return fmt.Errorf("DANE: %w", err)
		}
	}
	for _, t := range texts {
		if t.text != "" {
			sets = append(sets, n.textSet(t.name, t.version, t.text))
		}
	}
	for _, srv := range services {
		sets = append(sets, zone.RRSet{Name: srv.Hdr.Name, Type: dns.TypeSRV, Records: []dns.RR{srv}})
	}
	if err := n.db.SetAll(zoneOf(apex), sets...); err != nil { // after this, nothing can be wrong with the records
		return err
	}
	if r.MTASTS != "" {
		if err := n.setPolicy(apex, mtaSTS); err != nil {
			return fmt.Errorf("MTA-STS: %w", err)
		}
	}
	if r.Autoconfig {
		return n.serveAutoconfig(apex)
	}
	return nil
}

// lacksValue reports whether a tag of a list has no value.
func lacksValue(tag string) bool { return strings.TrimSpace(tag) != "" && !strings.Contains(tag, "=") }

// below reports whether some of the records are at names below the domain.
func (r Records) below() bool {
	return r.DMARC != "" || r.MTASTS != "" || r.TLSRPT != "" || r.Autoconfig || len(r.DKIM)+len(r.Services) > 0
}

// prefixed puts prefix before text, unless that is empty.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// textSet returns the TXT records of a name, with text as the only one that begins with a version. If text is
// empty, there is none with that version. Other records stay.
func (n *Internet) textSet(name, version, text string) zone.RRSet {
	set := zone.RRSet{Name: name, Type: dns.TypeTXT}
	if text != "" {
		set.Records = append(set.Records, textRecord(name, text))
	}
	for _, rr := range n.records(name, dns.TypeTXT) {
		if !isVersion(rr, version) {
			set.Records = append(set.Records, rr)
		}
	}
	return set
}

// setTXT publishes a textSet.
func (n *Internet) setTXT(name, version, text string) error {
	set := n.textSet(name, version, text)
	return n.db.Set(set.Name, set.Type, set.Records...)
}

// records returns the records that the DNS has for a name and type, without following aliases.
func (n *Internet) records(name string, typ uint16) []dns.RR {
	var rrs []dns.RR
	for _, rr := range n.db.LookUp(name, typ).Answer {
		if rr.Header().Rrtype == typ && strings.EqualFold(rr.Header().Name, name) {
			rrs = append(rrs, rr)
		}
	}
	return rrs
}

// textRecord returns a TXT record with a text of any length.
func textRecord(name, text string) *dns.TXT {
	return &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: dnstext.Strings(text)}
}

// isVersion reports whether a record is a TXT record that begins with a version tag, such as "v=spf1".
func isVersion(rr dns.RR, version string) bool {
	txt, ok := rr.(*dns.TXT)
	if !ok {
		return false
	}
	tag, _, _ := strings.Cut(strings.TrimSpace(strings.Join(txt.Txt, "")), " ")
	tag, _, _ = strings.Cut(tag, ";")
	return strings.EqualFold(tag, strings.TrimSuffix(version, ";"))
}

// dkimRecord returns the key record for a public key.
func dkimRecord(key crypto.PublicKey) (string, error) {
	switch key := key.(type) {
	case nil:
		return "v=DKIM1; p=", nil
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			return "", err
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key), nil
	}
	return "", fmt.Errorf("a key of type %T; use *rsa.PublicKey or ed25519.PublicKey", key)
}

// serviceRecords returns the SRV records for services.
func serviceRecords(apex string, services map[string]string) ([]*dns.SRV, error) {
	var srvs []*dns.SRV
	for _, name := range slices.Sorted(maps.Keys(services)) {
		if !slices.Contains([]string{"submission", "submissions", "imap", "imaps", "pop3", "pop3s"}, name) {
			return nil, fmt.Errorf("there is no service %q for mail programs", name)
		}
		srv := &dns.SRV{Hdr: header("_"+name+"._tcp."+apex, dns.TypeSRV), Target: "."}
		if at := services[name]; at != "." {
			host, port, err := net.SplitHostPort(at)
			if err != nil {
				return nil, fmt.Errorf("service %s: %w", name, err)
			}
			number, err := strconv.ParseUint(port, 10, 16)
			if err != nil || number == 0 {
				return nil, fmt.Errorf("service %s: there is no port %q", name, port)
			}
			if srv.Target, err = question.ASCII(host); err != nil {
				return nil, fmt.Errorf("service %s: %w", name, err)
			}
			srv.Port, srv.Weight = uint16(number), 1
		}
		srvs = append(srvs, srv)
	}
	return srvs, nil
}

// tlsaSets returns the TLSA records for the keys of the servers on port 25 of a domain's mail hosts.
func (n *Internet) tlsaSets(apex string) (sets []zone.RRSet, err error) {
	exchangers := []string{apex} // without MX, RFC 5321 §5.1
	if rrs := n.records(apex, dns.TypeMX); len(rrs) > 0 {
		exchangers = nil
		for _, rr := range rrs {
			if mx := rr.(*dns.MX).Mx; !isAddress(mx) { // a mistake that leads nowhere, see MX
				exchangers = append(exchangers, mx)
			}
		}
	}
	for _, name := range exchangers {
		if name == "." {
			return nil, errors.New("the domain takes no mail, its MX is null (RFC 7505)")
		}
		// Clients try the target of an alias first, and then the alias (RFC 7672 §2.2.3).
		target := n.canonical(name)
		host := n.hostNamed(target)
		switch {
		case host == nil && target != name:
			return nil, fmt.Errorf("the MX host %s is an alias of %s, and there is no such host", name, target)
		case host == nil && name == apex:
			return nil, errors.New("the domain has neither MX records nor a host of its own name")
		case host == nil:
			return nil, fmt.Errorf("there is no host %s", name)
		}
		for _, owner := range slices.Compact([]string{target, name}) {
			hash, err := host.keyHash(owner, 25)
			if err != nil {
				return nil, fmt.Errorf("host %s: %w", owner, err)
			}
			owner = "_25._tcp." + owner
			tlsa := &dns.TLSA{Hdr: header(owner, dns.TypeTLSA), Usage: 3, Selector: 1, MatchingType: 1, Certificate: hash}
			sets = append(sets, zone.RRSet{Name: owner, Type: dns.TypeTLSA, Records: []dns.RR{tlsa}})
		}
	}
	return sets, nil
}

// keyHash returns the SHA-256 hash of the public key that the mail server on a port presents to
// clients that ask for a name, in hexadecimal.
func (h *Host) keyHash(name string, port int) (string, error) {
	cfg := h.Server(port).TLS
	if cfg == nil {
		cfg = h.TLSConfig()
	}
	var cert *tls.Certificate
	switch {
	case cfg.GetCertificate != nil:
		var err error
		if cert, err = cfg.GetCertificate(&tls.ClientHelloInfo{ServerName: strings.TrimSuffix(name, ".")}); err != nil {
			return "", err
		}
	case len(cfg.Certificates) > 0:
		cert = &cfg.Certificates[0]
	default:
		return "", errors.New("its TLS configuration has no certificate")
	}
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(hash[:]), nil
}

// Blocklist makes a domain a DNS blocklist (RFC 5782) and adds entries to it. An entry is an IP
// address, a network or a domain name, optionally followed by the address to answer with:
// "203.0.113.7", "10.0.0.0/8 127.0.0.11" or "spam.example.com 127.0.0.4". Without one, the answer
// is 127.0.0.2. Each entry has a TXT record too. If several entries contain an address, the answer
// has the records of all of them. The bits of a network after its prefix do not matter.
//
//	inet.Blocklist("zen.spamhaus.org", "198.51.100.0/22 127.0.0.10", "198.51.100.7 127.0.0.4", "2001:db8::/32")
//
// The test entries of RFC 5782 §5 are included: 127.0.0.2, ::ffff:127.0.0.2 and TEST are listed,
// 127.0.0.1 and INVALID are not, unless a network contains them. [Internet.RemoveRecords] removes
// an address or a name; networks stay until [Internet.RemoveZone] or [Internet.ReplaceZone].
// Blocklist panics if an entry is malformed.
func (n *Internet) Blocklist(domain string, entries ...string) {
	apex := mustName(domain)
	fail := func(err error) { panic(fmt.Sprintf("mxmock: blocklist %s: %v", domain, err)) }
	var rrs []dns.RR
	var networks []zone.Network
	for _, text := range slices.Concat([]string{"127.0.0.2", "::ffff:127.0.0.2", "test"}, entries) {
		entry, answer, _ := strings.Cut(text, " ")
		if answer == "" {
			answer = "127.0.0.2"
		}
		code, err := netip.ParseAddr(answer)
		if err != nil || !code.Is4() {
			fail(fmt.Errorf("entry %q: the answer %q is not an IPv4 address", text, answer))
		}
		owner, prefix := apex, netip.Prefix{}
		if strings.Contains(entry, "/") {
			prefix, err = netip.ParsePrefix(entry)
		} else {
			owner, err = listedName(entry, apex)
		}
		if err != nil {
			fail(fmt.Errorf("entry %q: %w", text, err))
		}
		records := []dns.RR{&dns.A{Hdr: header(owner, dns.TypeA), A: code.AsSlice()}, textRecord(owner, entry+" is listed")}
		if prefix.IsValid() {
			networks = append(networks, zone.Network{Prefix: prefix, Records: records})
		} else {
			rrs = append(rrs, records...)
		}
	}
	if err := errors.Join(n.db.List(apex, networks...), n.db.Add(rrs...)); err != nil {
		fail(err)
	}
}

// listedName returns the name under which a blocklist has an entry.
func listedName(entry, apex string) (string, error) {
	if addr, err := netip.ParseAddr(entry); err == nil {
		return dnstext.Reverse(addr) + apex, nil
	}
	name, err := question.ASCII(strings.TrimSuffix(entry, "."))
	return name + apex, err
}

// hasScheme reports whether a URI has that scheme, in any letter case.
func hasScheme(uri, scheme string) bool {
	s, _, found := strings.Cut(uri, ":")
	return found && strings.EqualFold(s, scheme)
}
