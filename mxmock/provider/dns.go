package provider

// The questions that a provider asks the DNS about its clients and senders.

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailauth"
)

// resolver is the DNS of the internet that the provider is in.
type resolver struct{ *net.Resolver }

// patience bounds the look-ups of one condition.
const patience = 30 * time.Second

// authenticate checks a message by SPF, DKIM and DMARC; before there is one, by SPF.
func (r resolver) authenticate(a *mailtest.Attempt) (mailauth.Verdict, mailauth.Report) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m := a.Message
	if m == nil {
		m = &mailtest.Message{Envelope: mailtest.Envelope{From: a.From, Helo: a.Helo, Client: net.JoinHostPort(a.Client, "0")}}
	}
	return mailauth.Check(ctx, m, r)
}

// noPTR reports whether the client has no name that leads back to its address.
func (t *turn) noPTR([]string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := netip.ParseAddr(t.a.Client)
	if err != nil {
		return false
	}
	names, err := t.p.dns.LookupAddr(ctx, t.a.Client)
	if err != nil {
		return notFound(err)
	}
	for _, name := range names {
		addrs, _ := t.p.dns.LookupNetIP(ctx, "ip", name)
		for _, addr := range addrs {
			if addr.Unmap() == client.Unmap() {
				return false
			}
		}
	}
	return true
}

// helo reports whether the HELO name of the client is wrong in one of the given ways.
func (t *turn) helo(args []string) bool {
	name := t.a.Helo
	literal := strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]")
	labels, valid := dns.IsDomainName(name)
	valid = valid && !strings.ContainsFunc(strings.ToLower(name), notInName)
	for _, arg := range args {
		switch {
		case arg == "empty" && name == "",
			arg == "invalid" && name != "" && !literal && !valid,
			arg == "unqualified" && valid && labels < 2,
			arg == "unknown" && valid && !t.p.dns.exists(name):
			return true
		}
	}
	return false
}

// exists reports whether a name has addresses, or takes mail. It returns true if the DNS fails.
func (r resolver) exists(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := r.LookupNetIP(ctx, "ip", dns.Fqdn(name))
	if !notFound(err) {
		return true
	}
	_, err = r.LookupMX(ctx, dns.Fqdn(name))
	return !notFound(err)
}

// takesMail reports whether a domain, with A-labels, accepts mail, such as an answer to a sender (RFC 5321 §5.1, RFC 7505 §4.2).
func (r resolver) takesMail(domain string) bool {
	if strings.HasPrefix(domain, "[") {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	mxs, err := r.LookupMX(ctx, dns.Fqdn(domain))
	if err == nil && len(mxs) == 1 && mxs[0].Host == "." {
		return false
	}
	return !notFound(err) || r.exists(domain)
}

// dnsbl reports whether the client is on a public blocklist (RFC 5782 §2). An answer in 127.255.255.0/24 is about
// the question and not about the client: for example, the question came by a public resolver.
func (t *turn) dnsbl(args []string) bool {
	client, err := netip.ParseAddr(t.a.Client)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	addrs, err := t.p.dns.LookupNetIP(ctx, "ip4", dnstext.Reverse(client.Unmap())+args[0]+".")
	return err == nil && slices.ContainsFunc(addrs, func(addr netip.Addr) bool {
		return addr.Unmap().IsLoopback() && !remarks.Contains(addr.Unmap())
	})
}

// remarks is the range of answers that are about the question.
var remarks = netip.MustParsePrefix("127.255.255.0/24")

// notFound reports whether an error means that there is no such record.
func notFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}
