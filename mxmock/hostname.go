package mxmock

// The names of hosts: finding a host, further names, and removing a host.

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
)

// Hosts returns the hosts of the internet in the order in which they were made, including those
// made by [Internet.Publish] and by providers.
func (n *Internet) Hosts() []*Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(n.order), func(h *Host) bool { return h.removed })
}

// FindHost returns the host with the given name and reports whether there is one. Unlike
// [Internet.Host], it never makes a host. FindHost panics if the name is not a domain name.
func (n *Internet) FindHost(name string) (*Host, bool) {
	h := n.hostNamed(mustName(name))
	return h, h != nil
}

// hostNamed returns the host with a name, or nil.
func (n *Internet) hostNamed(fqdn string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.hosts[strings.ToLower(fqdn)]
}

// canonical returns the name at the end of the chain of aliases that begins at a name (RFC 1034 §3.6.2), or the
// name itself. If the chain has no end, it returns one of its names.
func (n *Internet) canonical(fqdn string) string {
	const longest = 16
	for range longest {
		rrs := n.records(fqdn, dns.TypeCNAME)
		if len(rrs) == 0 {
			break
		}
		fqdn = rrs[0].(*dns.CNAME).Target
	}
	return fqdn
}

// Names returns the names of the host without their final dots. Its first name comes first.
func (h *Host) Names() []string {
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	names := make([]string, len(h.names))
	for i, fqdn := range h.names {
		names[i] = strings.TrimSuffix(fqdn, ".")
	}
	return names
}

// furtherNames returns the names of the host except the first, with a space between. The host may be nil.
func (h *Host) furtherNames() string {
	if h == nil {
		return ""
	}
	h.inet.mu.Lock()
	defer h.inet.mu.Unlock()
	if len(h.names) < 2 {
		return ""
	}
	names := make([]string, len(h.names)-1)
	for i, fqdn := range h.names[1:] {
		names[i] = strings.TrimSuffix(fqdn, ".")
	}
	return strings.Join(names, " ")
}

// AddNames gives the host further names, like a hosting provider's machine that serves many
// domains. [Internet.Host] finds the host by each of them. Names without addresses in the DNS get
// those of the host, and clients that ask for a name by SNI get a certificate for it. The PTR
// records, the greetings of its servers and the journal keep the first name. The methods of
// [Journal] find the events of the host by each of its names. A name that the host already has is
// left alone. AddNames panics if a name is not a domain name or belongs to another host, or if the
// host was removed; then no name was added.
func (h *Host) AddNames(names ...string) {
	n := h.inet
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.removed {
		panic(fmt.Sprintf("mxmock: host %s: it was removed and gets no further names", h.name))
	}
	var fresh []string
	var rrs []dns.RR
	for _, name := range names {
		fqdn := mustName(name)
		switch other := n.hosts[strings.ToLower(fqdn)]; {
		case other == h, slices.ContainsFunc(fresh, func(f string) bool { return strings.EqualFold(f, fqdn) }):
			continue
		case other != nil:
			panic(fmt.Sprintf("mxmock: host %s: there is another host with the name %s", h.name, name))
		}
		fresh = append(fresh, fqdn)
		if len(n.addresses(fqdn)) > 0 {
			continue
		}
		for _, a := range h.addrs {
			rrs = append(rrs, addressRecord(fqdn, a))
		}
	}
	if err := n.db.Add(rrs...); err != nil {
		panic(fmt.Sprintf("mxmock: host %s: add the names %s: %v", h.name, strings.Join(names, ", "), err))
	}
	for _, fqdn := range fresh {
		n.enter(fqdn, h)
	}
}

// Remove takes the host off the net. Its services end as they do in [Internet.Close], its addresses
// and names become free, and its own records are removed from the DNS: the address records of its
// names and the PTR records of its addresses. Records that refer to the host, such as MX records,
// stay and lead nowhere. The messages and sessions that it captured stay in the Internet. A second
// call does nothing. Remove panics where Close does.
func (h *Host) Remove() {
	n := h.inet
	n.mu.Lock()
	if h.removed {
		n.mu.Unlock()
		return
	}
	h.removed = true
	var errs []error
	for _, name := range h.names {
		delete(n.hosts, strings.ToLower(name))
		var v4, v6 []dns.RR
		for _, a := range h.addrs {
			if a.Is4() {
				v4 = append(v4, addressRecord(name, a))
			} else {
				v6 = append(v6, addressRecord(name, a))
			}
		}
		errs = append(errs, n.withdraw(v4...), n.withdraw(v6...))
	}
	for _, a := range h.addrs {
		delete(n.byAddr, a)
		errs = append(errs, n.withdraw(&dns.PTR{Hdr: header(dnstext.ReverseName(a), dns.TypePTR), Ptr: h.fqdn}))
	}
	n.mu.Unlock()
	must(errors.Join(append(errs, h.close())...))
}

// withdraw removes records of one name and type from the DNS, as far as they are there.
func (n *Internet) withdraw(rrs ...dns.RR) error {
	if len(rrs) == 0 {
		return nil
	}
	data := func(rr dns.RR) string { return strings.ToLower(strings.TrimPrefix(rr.String(), rr.Header().String())) }
	gone := make(map[string]bool)
	for _, rr := range rrs {
		gone[data(rr)] = true
	}
	hdr := rrs[0].Header()
	all := n.records(hdr.Name, hdr.Rrtype)
	left := slices.DeleteFunc(slices.Clone(all), func(other dns.RR) bool { return gone[data(other)] })
	if len(left) == len(all) {
		return nil
	}
	return n.db.Set(hdr.Name, hdr.Rrtype, left...)
}
