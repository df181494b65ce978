package mxmock

// The creation of hosts, with their names, their addresses, and the records about them.

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/dnstext"
	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mxmock/internal/addrpool"
)

// MX makes the given hosts the mail exchangers of domain, replacing those it had, and returns them
// in the same order. Each is a name, or a preference and a name: "10 mx1.qq.com". Without
// preferences they get 10, 20, 30 and so on, so the first is tried first. Hosts that do not exist
// are made as by [Internet.Host], and each has a mail server on port 25. The domain becomes a zone
// of its own, if it is not one already. For a wildcard such as "*.qq.com" (RFC 4592), that is the
// domain without its "*".
//
// The exchanger "." or "0 ." is a null MX, which says that the domain accepts no mail (RFC 7505). An
// IPv4 address in place of a name is a common mistake of domains, and gets a record that leads
// nowhere, since a name of that form does not exist. The elements of both in the result are nil. MX
// panics if a name is not a domain name.
func (n *Internet) MX(domain string, exchangers ...string) []*Host {
	apex := mustName(domain)
	rrs := make([]dns.RR, len(exchangers))
	names := make([]string, len(exchangers))
	for i, text := range exchangers {
		pref, name := uint16(10*(i+1)), text
		if name == "." {
			pref = 0
		}
		if fields := strings.Fields(text); len(fields) == 2 {
			p, err := strconv.ParseUint(fields[0], 10, 16)
			if err != nil {
				panic(fmt.Sprintf("mxmock: MX %q of %s: the preference is not a number up to 65535; write it as in \"10 mx1.qq.com\"", text, domain))
			}
			pref, name = uint16(p), fields[1]
		}
		if name == "." {
			rrs[i] = mx(apex, pref, ".")
			continue
		}
		fqdn := mustName(name)
		rrs[i] = mx(apex, pref, fqdn)
		if !isAddress(name) {
			names[i] = fqdn
		}
	}
	top := zoneOf(apex)
	wasZone, old := n.isApex(top), n.db.Own(apex, dns.TypeMX)
	if err := n.db.SetAll(top, zone.RRSet{Name: apex, Type: dns.TypeMX, Records: rrs}); err != nil {
		panic(fmt.Sprintf("mxmock: MX of %s: %v", domain, err))
	}
	hosts := make([]*Host, len(exchangers))
	var fresh []*Host
	done := false
	defer func() {
		if done {
			return
		}
		for _, h := range fresh {
			h.Remove()
		}
		if n.db.Set(apex, dns.TypeMX, old...); !wasZone {
			n.db.RemoveZone(top)
		}
	}()
	for i, fqdn := range names {
		if fqdn == "" {
			continue
		}
		there := n.hostNamed(fqdn) != nil
		hosts[i] = n.makeHost(fqdn, nil)
		if !there && strings.EqualFold(hosts[i].fqdn, fqdn) { // otherwise the name is an alias
			fresh = append(fresh, hosts[i])
		}
		hosts[i].mail(25)
	}
	done = true
	return hosts
}

// zoneOf returns the name of the zone that holds the records of a domain: the domain itself, unless that is a wildcard,
// at which no zone may begin if it is to match other names (RFC 4592 §4.1).
func zoneOf(domain string) string { return strings.TrimPrefix(domain, "*.") }

// isApex reports whether a name is the apex of a zone.
func (n *Internet) isApex(name string) bool { return len(n.db.Own(name, dns.TypeSOA)) > 0 }

func mx(owner string, pref uint16, host string) dns.RR {
	return &dns.MX{Hdr: header(owner, dns.TypeMX), Preference: pref, Mx: host}
}

// isAddress reports whether a name has the form of an IP address.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(strings.TrimSuffix(name, "."))
	return err == nil
}

// header returns the header of a record.
func header(owner string, typ uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: typ, Class: dns.ClassINET, Ttl: zone.DefaultTTL}
}

// Host returns the host with the given name, and makes it if there is none: a machine with
// addresses, but no services yet. Its address records and a PTR record for each address are added
// to the DNS.
//
// A new host has exactly the given addresses, whatever the DNS says. If none is given, it has those
// that the DNS already has for its name, or else a free IPv4 address. "0.0.0.0" stands for a free
// IPv4 address and "::" for a free IPv6 address. Addresses given for an existing host are added to
// it. If the name is an alias (CNAME), or the DNS has the address of another host for it, it
// becomes a further name of that host, as by [Host.AddNames]. Host panics if the name is not a
// domain name, if an address is malformed, or if a given address belongs to another host.
func (n *Internet) Host(name string, addrs ...string) *Host {
	if isAddress(name) {
		panic(fmt.Sprintf("mxmock: host %s: it is an address, want a name; write it as in Host(\"mx1.qq.com\", %q)", name, strings.TrimSuffix(name, ".")))
	}
	return n.makeHost(mustName(name), addrs)
}

// makeHost is Host for a name in ASCII with a final dot.
func (n *Internet) makeHost(fqdn string, addrs []string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.settle()
	must(n.checkNetworks())
	return n.host(fqdn, addrs)
}

// host is makeHost for a locked internet. If it panics, it has made nothing.
func (n *Internet) host(fqdn string, texts []string) *Host {
	fail := func(err error) {
		if err != nil {
			panic(fmt.Sprintf("mxmock: host %s: %v", strings.TrimSuffix(fqdn, "."), err))
		}
	}
	addrs, err := n.parseAddrs(texts)
	fail(err)
	h := n.hosts[strings.ToLower(fqdn)]
	var rrs []dns.RR
	var known []netip.Addr // addresses that the DNS has already
	if h == nil && len(addrs) == 0 {
		var target string
		known, target = n.resolve(fqdn)
		if target != fqdn {
			h = n.host(target, nil)
			n.enter(fqdn, h)
			return h
		}
		if h = n.machineAt(known); h != nil {
			n.enter(fqdn, h)
			return h
		}
		if len(known) == 0 {
			addrs = append(addrs, n.freeAddr(false))
		}
	}
	fresh := h == nil
	if fresh {
		h = newHost(n, fqdn, strings.TrimSuffix(fqdn, "."))
	}
	added := slices.Clone(known)
	for _, addr := range addrs {
		if slices.Contains(h.addrs, addr) || slices.Contains(added, addr) {
			continue
		}
		if other := n.byAddr[addr]; other != nil {
			fail(fmt.Errorf("%s has the address %v already", other.name, addr))
		}
		added = append(added, addr)
		rrs = append(rrs, addressRecord(fqdn, addr))
		if !strings.EqualFold(fqdn, h.fqdn) { // a further name, since the PTR record leads to the first
			rrs = append(rrs, addressRecord(h.fqdn, addr))
		}
	}
	for _, addr := range added {
		rrs = append(rrs, &dns.PTR{Hdr: header(dnstext.ReverseName(addr), dns.TypePTR), Ptr: h.fqdn})
	}
	if len(rrs) > 0 {
		fail(n.db.Add(rrs...))
	}
	if fresh {
		n.enter(fqdn, h)
		n.order = append(n.order, h)
	}
	for _, addr := range added {
		if n.byAddr == nil {
			n.byAddr = make(map[netip.Addr]*Host)
		}
		n.byAddr[addr] = h
		h.addrs = append(h.addrs, addr)
	}
	must(n.syncSockets(h))
	return h
}

// parseAddrs reads the addresses of a host. The internet is locked.
func (n *Internet) parseAddrs(texts []string) ([]netip.Addr, error) {
	addrs := make([]netip.Addr, 0, len(texts))
	for _, text := range texts {
		addr, err := n.parseAddr(text)
		if err != nil {
			return nil, err
		}
		addrs = append(addrs, addr)
	}
	return addrs, nil
}

// machineAt returns the host that has one of the given addresses, that of the first if there are several, or nil.
// The internet is locked.
func (n *Internet) machineAt(addrs []netip.Addr) *Host {
	for _, a := range addrs {
		if h := n.byAddr[a]; h != nil {
			return h
		}
	}
	return nil
}

// enter adds a name to a host. The internet is locked.
func (n *Internet) enter(fqdn string, h *Host) {
	if n.hosts == nil {
		n.hosts = make(map[string]*Host)
	}
	n.hosts[strings.ToLower(fqdn)] = h
	h.names = append(h.names, fqdn)
}

// addresses returns the addresses that the DNS has for a name.
func (n *Internet) addresses(fqdn string) []netip.Addr {
	addrs, _ := n.resolve(fqdn)
	return addrs
}

// resolve returns the addresses that the DNS has for a name, and the name to which it is an alias, or
// else the name itself.
func (n *Internet) resolve(fqdn string) (addrs []netip.Addr, canonical string) {
	canonical = fqdn
	for _, typ := range []uint16{dns.TypeA, dns.TypeAAAA} {
		r := n.db.LookUp(fqdn, typ)
		for _, rr := range r.Answer {
			if addr := addrOf(rr); addr.IsValid() {
				addrs = append(addrs, addr)
			} else if alias, ok := rr.(*dns.CNAME); ok && typ == dns.TypeA {
				canonical = alias.Target
			}
		}
		if r.Rcode == dns.RcodeNameError {
			break
		}
	}
	return addrs, canonical
}

// addressRecord returns the A or AAAA record for an address.
func addressRecord(owner string, addr netip.Addr) dns.RR {
	if addr.Is4() {
		return &dns.A{Hdr: header(owner, dns.TypeA), A: net.IP(addr.AsSlice())}
	}
	return &dns.AAAA{Hdr: header(owner, dns.TypeAAAA), AAAA: net.IP(addr.AsSlice())}
}

// fillPools makes the address pools from Networks. The internet is locked.
func (n *Internet) fillPools() {
	if n.pools != nil {
		return
	}
	pools, err := addrpool.New(n.Networks)
	if err != nil {
		panic(fmt.Sprintf("mxmock: Networks: %v", err))
	}
	n.pools = pools
}

// checkNetworks returns an error if Networks was set after addresses were taken from it. The internet is locked.
func (n *Internet) checkNetworks() error {
	if n.pools == nil || n.pools.From(n.Networks) {
		return nil
	}
	return errors.New("mxmock: Networks was set after the internet was first used")
}

// freeAddr returns an address that neither a host nor the code under test has, and that no record of the DNS
// mentions. The internet is locked.
func (n *Internet) freeAddr(ipv6 bool) netip.Addr {
	n.fillPools()
	for {
		a := n.pools.Next(ipv6)
		switch {
		case !a.IsValid():
			family := "IPv4"
			if ipv6 {
				family = "IPv6"
			}
			panic("mxmock: there is no free " + family + " address left in the networks of the internet")
		case n.byAddr[a] == nil && !n.mentioned[a] && a != client4() && a != client6() && a != resolver4().Addr():
			return a
		}
	}
}

// parseAddr reads an address of a host. "0.0.0.0" and "::" stand for free ones. The internet is locked.
func (n *Internet) parseAddr(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return addr, err
	case addr.Zone() != "":
		return addr, fmt.Errorf("address %s has a zone, which the DNS can't say", text)
	case addr.IsUnspecified():
		return n.freeAddr(addr.Is6()), nil
	case addr.IsMulticast():
		return addr, fmt.Errorf("%s is not the address of a host", text)
	}
	return addr.Unmap(), nil
}
