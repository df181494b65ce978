package mxmock

// Virtual addresses: which ones hosts get, and their names in the reverse tree.

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// documentation4 and documentation6 are the address ranges that no one has: those for documentation and for
// benchmarks (RFC 5737, RFC 2544, RFC 3849).
var (
	documentation4 = []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
	}
	documentation6 = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
)

// pools are those of IPv4 and IPv6.
type pools struct {
	networks []string // they were made from
	v4, v6   pool
}

// pool hands out the addresses of some ranges, each once, in order. The first address of a range,
// that of the network, is left out, and so is what looks like a broadcast address.
type pool struct {
	ranges []netip.Prefix
	last   netip.Addr
}

// next returns the next address; it is not valid if there is none left.
func (p *pool) next() netip.Addr {
	for len(p.ranges) > 0 {
		if !p.last.IsValid() {
			p.last = p.ranges[0].Masked().Addr()
		}
		p.last = p.last.Next()
		switch {
		case !p.last.IsValid() || !p.ranges[0].Contains(p.last):
			p.ranges, p.last = p.ranges[1:], netip.Addr{}
		case p.last.Is4() && p.last.As4()[3] == 255:
		default:
			return p.last
		}
	}
	return netip.Addr{}
}

func (p *pools) of(ipv6 bool) *pool {
	if ipv6 {
		return &p.v6
	}
	return &p.v4
}

// fillPools makes the pools from Networks. The internet is locked.
func (n *Internet) fillPools() {
	if n.pools != nil {
		return
	}
	n.pools = &pools{networks: slices.Clone(n.Networks)}
	if len(n.Networks) == 0 {
		n.pools.v4.ranges, n.pools.v6.ranges = documentation4, documentation6
	}
	for _, text := range n.Networks {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			panic(fmt.Sprintf("mxmock: Networks: %v", err))
		}
		p := n.pools.of(prefix.Addr().Is6())
		p.ranges = append(p.ranges, prefix)
	}
}

// checkNetworks returns an error if Networks was set after addresses were taken of it. The internet is
// locked.
func (n *Internet) checkNetworks() error {
	if n.pools == nil || slices.Equal(n.pools.networks, n.Networks) {
		return nil
	}
	return errors.New("mxmock: Networks was set after the internet was first used")
}

// freeAddr returns an address that nobody has: no host, no record of the DNS, and not the code
// under test. The internet is locked.
func (n *Internet) freeAddr(ipv6 bool) netip.Addr {
	n.fillPools()
	for {
		a := n.pools.of(ipv6).next()
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
		return addr, fmt.Errorf("%s is no address of a host", text)
	}
	return addr.Unmap(), nil
}
