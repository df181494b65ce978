// Package ipprefix reads the addresses and prefixes of clients as tests write them.
package ipprefix

import (
	"fmt"
	"net/netip"
)

// Parse reads an address, which becomes a prefix of one address, or a prefix such as "192.0.2.0/24", whose further
// bits do not matter. An IPv4-mapped address or prefix counts as IPv4. The error names the text.
func Parse(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a prefix such as \"192.0.2.0/24\"", text)
	}
	const mapped = 96 // bits before an IPv4 address
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped)
	}
	return prefix.Masked(), nil
}

// Contains reports whether an address, which may be IPv4-mapped, is in a prefix. The address is given as text.
func Contains(prefix netip.Prefix, addr string) bool {
	a, err := netip.ParseAddr(addr)
	return err == nil && prefix.Contains(a.Unmap().WithZone(""))
}
