package mxmock

// Virtual addresses: which ones hosts get.

import "net/netip"

// ranges4 are the address ranges that no one has (RFC 5737, RFC 2544), and ranges6 likewise (RFC 3849).
func ranges4() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
	}
}

func ranges6() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
}

// pool hands out the addresses of some ranges, each once, in order. The first address of a range, that of the
// network, is left out.
type pool struct {
	ranges []netip.Prefix
	last   netip.Addr
}

// next returns the next address.
func (p *pool) next() netip.Addr {
	for {
		if !p.last.IsValid() {
			p.last = p.ranges[0].Addr()
		}
		p.last = p.last.Next()
		if !p.ranges[0].Contains(p.last) {
			if p.ranges = p.ranges[1:]; len(p.ranges) == 0 {
				panic("mxmock: there are no free addresses left")
			}
			p.last = netip.Addr{}
			continue
		}
		if b := p.last.As4(); p.last.Is4() && b[3] == 255 {
			continue // looks like a broadcast address
		}
		return p.last
	}
}

// freeAddr returns an address that neither a host nor the code under test has. The internet is locked.
func (n *Internet) freeAddr(ipv6 bool) netip.Addr {
	p, ranges := &n.pool4, ranges4
	if ipv6 {
		p, ranges = &n.pool6, ranges6
	}
	if p.ranges == nil {
		p.ranges = ranges()
	}
	for {
		if a := p.next(); n.byAddr[a] == nil && a != client4() && a != client6() {
			return a
		}
	}
}
