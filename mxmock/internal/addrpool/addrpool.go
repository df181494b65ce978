// Package addrpool hands out the addresses of networks, for hosts that need some.
package addrpool

import (
	"net/netip"
	"slices"
)

// documentation4 and documentation6 are the address ranges for documentation and for benchmarks, which nobody uses
// (RFC 5737, RFC 2544, RFC 3849).
var (
	documentation4 = []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
	}
	documentation6 = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
)

// Pools has a pool for IPv4 and one for IPv6. A copy hands out the same addresses again.
type Pools struct {
	networks []string // the networks that the pools were made from
	v4, v6   pool
}

// pool hands out the addresses of some ranges, each once, in order. It leaves out the first address of a range,
// which is that of the network, and addresses that look like broadcast addresses.
type pool struct {
	ranges []netip.Prefix
	last   netip.Addr
}

// next returns the next address, or the zero Addr if none is left.
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

// New returns the pools of the given networks. Without networks, it takes those for documentation and benchmarks.
func New(networks []string) (*Pools, error) {
	p := &Pools{networks: slices.Clone(networks)}
	if len(networks) == 0 {
		p.v4.ranges, p.v6.ranges = documentation4, documentation6
	}
	for _, text := range networks {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		of := p.of(prefix.Addr().Is6())
		of.ranges = append(of.ranges, prefix)
	}
	return p, nil
}

// From reports whether the pools were made from these networks.
func (p *Pools) From(networks []string) bool { return slices.Equal(p.networks, networks) }

// Next returns the next address of a family, or the zero Addr if none is left.
func (p *Pools) Next(ipv6 bool) netip.Addr { return p.of(ipv6).next() }

func (p *Pools) of(ipv6 bool) *pool {
	if ipv6 {
		return &p.v6
	}
	return &p.v4
}
