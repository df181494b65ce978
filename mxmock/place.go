package mxmock

// Places: where a fault of a host is, as text: "203.0.113.9:25".

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// place is an address, a host, a port, or a port of one of them. What is not given is zero.
type place struct {
	addr netip.Addr
	host *Host
	port int
}

// mustPlace reads "203.0.113.9", "203.0.113.9:25", "[2001:db8::9]:25", "mx1.qq.com:25" or ":25". It
// reports whether the text is meant for a place, and panics if it is one that can't be. The internet
// is locked.
func (n *Internet) mustPlace(text string) (place, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return place{addr: addr.Unmap()}, true
	}
	name, service, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(text, " \t") {
		return place{}, false
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 {
		panic(fmt.Sprintf("mxmock: %q: %q is not a port; want a number from 1 to 65535", text, service))
	}
	p := place{port: int(port)}
	if name == "" {
		return p, true
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		p.addr = addr.Unmap()
		return p, true
	}
	if p.host = n.hosts[strings.ToLower(mustName(name))]; p.host == nil {
		panic(fmt.Sprintf("mxmock: %q: there is no host %s; make it first, by MX or Host", text, name))
	}
	return p, true
}

// syncPlace is syncSockets for the hosts at a place. The internet is locked.
func (n *Internet) syncPlace(p place) {
	switch {
	case p.addr.IsValid() && n.byAddr[p.addr] == nil:
		must(n.reroute(p.addr))
	case p.addr.IsValid():
		must(n.syncSockets(n.byAddr[p.addr]))
	case p.host != nil:
		must(n.syncSockets(p.host))
	default:
		for _, h := range n.order {
			must(n.syncSockets(h))
		}
	}
}

// faultAt returns what is wrong with a port of an address, which is that of a host or, if h is nil,
// of nobody. The narrowest place decides. The internet is locked.
func (n *Internet) faultAt(h *Host, addr netip.Addr, port int) Fault {
	var whole Fault // of the host
	if h != nil {
		whole = h.broken
	}
	if len(n.broken) == 0 {
		return whole
	}
	if f := n.broken[place{addr: addr, port: port}]; f != 0 {
		return f
	}
	if h != nil {
		if f := n.broken[place{host: h, port: port}]; f != 0 {
			return f
		}
	}
	if f := n.broken[place{addr: addr}]; f != 0 {
		return f
	}
	if whole != 0 {
		return whole
	}
	return n.broken[place{port: port}]
}
