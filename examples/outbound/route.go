package outbound

// The look-up of the hosts for the mail of a domain (RFC 5321 §5.1).

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// host is one machine that may take the mail.
type host struct {
	name    string // in lower case without the last dot, or an address literal
	pref    uint16
	literal netip.Addr // valid if name is an address literal

	// implicit is true for a domain that is its own host because it has no MX records.
	implicit bool
}

// serverName returns the name that the host's certificate should have.
func (h host) serverName() string {
	if h.literal.IsValid() {
		return h.literal.String()
	}
	return h.name
}

// hosts returns the hosts for mail to m, in the order in which to try them.
func (s *Sender) hosts(ctx context.Context, m mailbox) ([]host, *Error) {
	if m.literal.IsValid() {
		return []host{{name: m.domain, literal: m.literal}}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeouts().Lookup)
	defer cancel()
	mxs, err := s.resolver().LookupMX(ctx, m.domain+".") // the dot: no search list
	switch {
	case len(mxs) > 0:
		// An error beside records is about malformed ones that were left out.
		return s.order(mxs)
	case err == nil || notFound(err):
		hosts, e := s.order([]*net.MX{{Host: m.domain}})
		for i := range hosts {
			hosts[i].implicit = true
		}
		return hosts, e
	default:
		return nil, failure(Temporary, Lookup, "4.4.3", err)
	}
}

// order sorts the hosts by preference, and those of equal preference at random. It leaves out names that are not
// host names, and repeated ones. If this host is in the list, it leaves out its preference and all greater ones,
// since the mail would come back (RFC 5321 §5.1).
func (s *Sender) order(mxs []*net.MX) ([]host, *Error) {
	var hosts []host
	null := true
	for _, mx := range mxs {
		h := host{name: strings.ToLower(strings.TrimSuffix(mx.Host, ".")), pref: mx.Pref}
		null = null && h.name == ""
		if _, err := netip.ParseAddr(h.name); h.name != "" && err != nil {
			hosts = append(hosts, h)
		}
	}
	if null {
		return nil, failure(Permanent, Lookup, "5.1.10", errors.New("domain does not accept mail (null MX)"))
	}
	if len(hosts) == 0 {
		return nil, failure(Permanent, Lookup, "5.4.4", errors.New("no MX record names a host"))
	}

	s.shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	slices.SortStableFunc(hosts, func(a, b host) int { return cmp.Compare(a.pref, b.pref) })

	self := s.hostname()
	if i := slices.IndexFunc(hosts, func(h host) bool { return strings.EqualFold(h.name, self) }); i >= 0 {
		hosts = hosts[:slices.IndexFunc(hosts, func(h host) bool { return h.pref == hosts[i].pref })]
		if len(hosts) == 0 {
			return nil, failure(Permanent, Lookup, "5.4.6", errors.New("this host is itself the best MX: mail would loop"))
		}
	}
	seen := make(map[string]bool)
	return slices.DeleteFunc(hosts, func(h host) bool {
		again := seen[h.name]
		seen[h.name] = true
		return again
	}), nil
}

// addresses returns the addresses of a host in the order of the resolver, without those that Allow forbids.
func (s *Sender) addresses(ctx context.Context, h host) ([]netip.Addr, *Error) {
	addrs := []netip.Addr{h.literal}
	if !h.literal.IsValid() {
		var err error
		if addrs, err = s.lookupAddrs(ctx, h.name+"."); err != nil {
			e := failure(Temporary, Lookup, "4.4.3", err)
			switch {
			case notFound(err) && h.implicit:
				e = failure(Permanent, Lookup, "5.1.2", err)
			case notFound(err):
				e = failure(Permanent, Lookup, "5.4.4", err)
			}
			e.Host = h.name
			return nil, e
		}
	}
	var allowed []netip.Addr
	for _, addr := range addrs {
		if addr = addr.Unmap(); s.allow(addr) && !slices.Contains(allowed, addr) {
			allowed = append(allowed, addr)
		}
	}
	if len(allowed) == 0 {
		e := failure(Permanent, Lookup, "5.4.4", errors.New("host has no address where mail may go"))
		e.Host = h.name
		return nil, e
	}
	return allowed, nil
}

// lookupAddrs looks up both families at once, which gives the order of RFC 6724. If that finds nothing, it asks for
// each family alone. Package net returns only the first error. If the A record does not exist and the question for
// AAAA fails, that may be "no such host", although this is not known.
func (s *Sender) lookupAddrs(ctx context.Context, name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts().Lookup)
	defer cancel()
	addrs, err := s.resolver().LookupNetIP(ctx, "ip", name)
	if len(addrs) > 0 || err != nil && !notFound(err) {
		return addrs, err
	}
	for _, network := range []string{"ip4", "ip6"} {
		addrs, err = s.resolver().LookupNetIP(ctx, network, name)
		if len(addrs) > 0 || err != nil && !notFound(err) {
			return addrs, err
		}
	}
	if err == nil {
		err = &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return nil, err
}

// notFound reports whether an error says that a name or a record does not exist. Any other error means that the
// question was not answered, even if it is not marked as temporary, as for REFUSED.
func notFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
