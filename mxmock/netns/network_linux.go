package netns

// The cable between the namespaces, and the routes of packets.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/mxmock/internal/kernel"
)

// The addresses of the internet's end of the cable, over which programs send all packets. The first one is also
// that of the resolver.
var (
	gateway  = netip.MustParseAddr("169.254.1.1")
	gateway6 = netip.MustParseAddr("fe80::1")
)

// network is the internet's end of the cable.
type network struct {
	loopback, link int // interfaces
	ways           map[netip.Addr]kernel.Way
	ports          map[netip.AddrPort]kernel.Way
}

// connectWorld makes the cable and sets up the internet's end. The other end is in the namespace of the process,
// and gets the addresses. It runs in the namespace of the hosts.
func connectWorld(pid int, addrs []netip.Addr) (*network, error) {
	for name, value := range map[string]string{
		"ipv4/ip_forward": "1", "ipv6/conf/all/forwarding": "1", // otherwise the kernel does not report that an address is unreachable
		"ipv4/icmp_ratelimit": "0", "ipv6/icmp/ratelimit": "0",
		"ipv4/conf/all/rp_filter": "0", "ipv4/conf/default/rp_filter": "0",
		"ipv6/conf/default/accept_dad": "0",
		"ipv4/ip_nonlocal_bind":        "1", "ipv6/ip_nonlocal_bind": "1", // for services of the host on which programs run
	} {
		err := os.WriteFile("/proc/sys/net/"+name, []byte(value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // without IPv6
			return nil, err
		}
	}
	lo, err := up("lo")
	if err != nil {
		return nil, err
	}
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "cable"}, PeerName: "eth0", PeerNamespace: netlink.NsPid(pid)}
	if err := netlink.LinkAdd(veth); err != nil {
		return nil, fmt.Errorf("add a veth pair: %w", err)
	}
	link, err := up("cable")
	if err != nil {
		return nil, err
	}
	n := &network{loopback: lo.Attrs().Index, link: link.Attrs().Index, ways: make(map[netip.Addr]kernel.Way)}
	for _, a := range []netip.Addr{gateway, gateway6} {
		if err := address(link, a); err != nil {
			return nil, err
		}
	}
	for _, a := range addrs {
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: n.link, Dst: prefix(a, a.BitLen()), Scope: netlink.SCOPE_LINK}); err != nil {
			return nil, fmt.Errorf("add a route to %v: %w", a, err)
		}
	}
	for _, a := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		err := netlink.RouteAdd(&netlink.Route{Dst: prefix(a, 0), Type: unix.RTN_UNREACHABLE})
		if err != nil {
			return nil, fmt.Errorf("make %v/0 unreachable: %w", a, err)
		}
	}
	return n, nil
}

// connectClient sets up the other end of the cable. It runs in the namespace of the programs.
func connectClient(addrs []netip.Addr) error {
	os.WriteFile("/proc/sys/net/ipv6/conf/eth0/accept_dad", []byte("0"), 0) // there may be no IPv6
	if _, err := up("lo"); err != nil {
		return err
	}
	link, err := up("eth0")
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if err := address(link, a); err != nil {
			return err
		}
	}
	for _, a := range []netip.Addr{gateway, gateway6} {
		if !slices.ContainsFunc(addrs, func(mine netip.Addr) bool { return mine.Is4() == a.Is4() }) {
			continue // no address to send from
		}
		err := netlink.RouteAdd(&netlink.Route{
			LinkIndex: link.Attrs().Index, Dst: prefix(a, 0), Gw: a.AsSlice(), Flags: int(netlink.FLAG_ONLINK),
		})
		if err != nil && a.Is4() {
			return fmt.Errorf("add a route over %v: %w", a, err)
		}
	}
	return nil
}

// up switches an interface on.
func up(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, fmt.Errorf("find the interface %s: %w", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return nil, fmt.Errorf("switch the interface %s on: %w", name, err)
	}
	return link, nil
}

// address gives an interface an address. It ignores an IPv6 address if the kernel has no IPv6.
func address(link netlink.Link, a netip.Addr) error {
	bits := a.BitLen()
	if a.IsLinkLocalUnicast() && a.Is6() {
		bits = 64
	}
	err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())}, Flags: unix.IFA_F_NODAD})
	if err != nil && (a.Is4() || !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EOPNOTSUPP)) {
		return fmt.Errorf("give %s the address %v: %w", link.Attrs().Name, a, err)
	}
	return nil
}

// prefix returns the network of an address, with the given number of bits.
func prefix(a netip.Addr, bits int) *net.IPNet {
	return &net.IPNet{IP: netip.PrefixFrom(a, bits).Masked().Addr().AsSlice(), Mask: net.CIDRMask(bits, a.BitLen())}
}

// route changes the way of packets to an address.
func (n *network) route(a netip.Addr, way kernel.Way) error {
	if n.ways[a] == way {
		return nil
	}
	if old := n.routeOf(a, n.ways[a]); old != nil {
		if err := netlink.RouteDel(old); err != nil {
			return fmt.Errorf("delete the route to %v: %w", a, err)
		}
	}
	delete(n.ways, a)
	if r := n.routeOf(a, way); r != nil {
		if err := netlink.RouteAdd(r); err != nil {
			return fmt.Errorf("add a route to %v: %w", a, err)
		}
	}
	n.ways[a] = way
	return nil
}

// routeOf returns the route to an address, or nil if it is unreachable, as all other addresses are.
func (n *network) routeOf(a netip.Addr, way kernel.Way) *netlink.Route {
	switch r := (&netlink.Route{Dst: prefix(a, a.BitLen())}); way {
	case kernel.Deliver:
		r.Type, r.Table, r.LinkIndex = unix.RTN_LOCAL, unix.RT_TABLE_LOCAL, n.loopback
		if a.Is4() {
			r.Scope = netlink.SCOPE_HOST
		}
		return r
	case kernel.Drop:
		r.Type = unix.RTN_BLACKHOLE
		return r
	}
	return nil
}

// The priorities of routing rules: those for ports and those for other ports come before that for addresses of this
// host, which is 0 in a new namespace.
const (
	rulePorts = 10 + iota
	ruleOtherPorts
	ruleLocal
)

// routePorts changes the ways of attempts to connect to ports.
func (n *network) routePorts(ways map[netip.AddrPort]kernel.Way) error {
	if n.ports == nil {
		if err := prepareRules(); err != nil {
			return err
		}
		n.ports = make(map[netip.AddrPort]kernel.Way)
	}
	for at, way := range n.ports {
		if want, ok := ways[at]; ok && want == way {
			continue
		}
		if err := netlink.RuleDel(ruleOf(at, way)); err != nil {
			return fmt.Errorf("delete the rule for %v: %w", at, err)
		}
		delete(n.ports, at)
	}
	for at, way := range ways {
		if _, ok := n.ports[at]; ok {
			continue
		}
		if err := netlink.RuleAdd(ruleOf(at, way)); err != nil {
			return fmt.Errorf("add a rule for %v: %w", at, err)
		}
		n.ports[at] = way
	}
	return nil
}

// The tables of routing rules, by the way of packets.
var tables = map[kernel.Way]int{kernel.Reject: 1001, kernel.Deliver: unix.RT_TABLE_LOCAL, kernel.Drop: 1002}

// ruleOf returns the rule for a port, or for an address if the port is 0.
func ruleOf(at netip.AddrPort, way kernel.Way) *netlink.Rule {
	r := netlink.NewRule()
	r.Family = familyOf(at.Addr())
	r.Dst = prefix(at.Addr(), at.Addr().BitLen())
	r.Table, r.Priority = tables[way], ruleOtherPorts
	if port := at.Port(); port != 0 {
		r.Priority, r.IPProto, r.Dport = rulePorts, unix.IPPROTO_TCP, netlink.NewRulePortRange(port, port)
	}
	return r
}

// prepareRules makes room for rules before the one for addresses of this host, and makes the tables.
func prepareRules() error {
	for _, a := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		local := netlink.NewRule()
		local.Family, local.Table, local.Priority = familyOf(a), unix.RT_TABLE_LOCAL, ruleLocal
		err := netlink.RuleAdd(local)
		if err != nil && a.Is6() {
			continue // there is no IPv6
		}
		if err != nil {
			return fmt.Errorf("add the rule for local addresses: %w", err)
		}
		local.Priority = 0
		if err := netlink.RuleDel(local); err != nil {
			return fmt.Errorf("delete the first rule: %w", err)
		}
		for way, kind := range map[kernel.Way]int{kernel.Reject: unix.RTN_UNREACHABLE, kernel.Drop: unix.RTN_BLACKHOLE} {
			if err := netlink.RouteAdd(&netlink.Route{Dst: prefix(a, 0), Type: kind, Table: tables[way]}); err != nil {
				return fmt.Errorf("make table %d: %w", tables[way], err)
			}
		}
	}
	return nil
}

// familyOf returns the address family.
func familyOf(a netip.Addr) int {
	if a.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}

// full is a port whose queue of connections is full, so the kernel drops attempts to connect.
type full struct{ listener, connection int }

// silence listens at a port and takes the only place in its queue.
func silence(at netip.AddrPort) (io.Closer, error) {
	var f full
	var err error
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()})
	if at.Addr().Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	if f.listener, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	if f.connection, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		unix.Close(f.listener)
		return nil, err
	}
	err = unix.SetsockoptInt(f.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(f.listener, to)
	}
	if err == nil {
		err = unix.Listen(f.listener, 0)
	}
	if err == nil {
		err = unix.Connect(f.connection, to)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("fill the queue of %v: %w", at, err)
	}
	return f, nil
}

// Close implements [io.Closer]. A process that another goroutine is just starting also has the listener, until its
// program begins. To free the port at once, Close ends the listening as well.
func (f full) Close() error {
	unix.Shutdown(f.listener, unix.SHUT_RD)
	return errors.Join(unix.Close(f.connection), unix.Close(f.listener))
}
