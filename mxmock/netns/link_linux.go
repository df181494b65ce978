package netns

// Links: the two ends of the wire, each a TUN device in a network of its own, with addresses and routes.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// linkName is the name of the device at either end.
const linkName = "mail0"

// mtu is the largest there is, so that no datagram needs to be divided.
const mtu = 65535

// openLink opens an end of the wire in the network of this thread, and sets it up.
func openLink(setUp func(netlink.Link) error) (*os.File, error) {
	const device = "/dev/net/tun"
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", device, err)
	}
	request, err := unix.NewIfreq(linkName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make the network device %s: %w", linkName, err)
	}
	f := os.NewFile(uintptr(fd), device)
	link, err := netlink.LinkByName(linkName)
	if err == nil {
		err = errors.Join(netlink.LinkSetMTU(link, mtu), netlink.LinkSetUp(link), setUp(link))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("set up the network device %s: %w", linkName, err)
	}
	return f, nil
}

// setUpInside gives the network of the programs its addresses, and routes to everywhere.
func setUpInside(addrs []netip.Addr) func(netlink.Link) error {
	return func(link netlink.Link) error {
		lo, err := netlink.LinkByName("lo")
		if err == nil {
			err = netlink.LinkSetUp(lo)
		}
		for _, a := range addrs {
			addr := &netlink.Addr{IPNet: single(a), Flags: unix.IFA_F_NODAD}
			route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: everywhere(a), Scope: netlink.SCOPE_LINK}
			err = errors.Join(err, netlink.AddrAdd(link, addr), ignoreExist(netlink.RouteAdd(route)))
		}
		return err
	}
}

// setUpWorld makes all addresses those of the network of the hosts, but for those of the programs.
func setUpWorld(addrs []netip.Addr) func(netlink.Link) error {
	return func(link netlink.Link) error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		err = netlink.LinkSetUp(lo)
		for _, a := range addrs {
			local := &netlink.Route{
				LinkIndex: lo.Attrs().Index, Dst: everywhere(a), Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST, Table: unix.RT_TABLE_MAIN,
			}
			back := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: single(a), Scope: netlink.SCOPE_LINK}
			err = errors.Join(err, ignoreExist(netlink.RouteAdd(local)), netlink.RouteAdd(back))
		}
		return err
	}
}

// ignoreExist is for a route that is there, since another address of the same family has made it.
func ignoreExist(err error) error {
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// single is the network of one address, everywhere that of all addresses of its family.
func single(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(a.BitLen(), a.BitLen())}
}

func everywhere(a netip.Addr) *net.IPNet {
	return &net.IPNet{IP: make(net.IP, a.BitLen()/8), Mask: net.CIDRMask(0, a.BitLen())}
}

// addresses are those of a place, of the families that this machine has.
func addresses(at Place) ([]netip.Addr, error) {
	texts := []string{"192.0.2.1", "2001:db8::1"} // of the code under test, see mxmock.Internet
	if host, ok := at.(interface{ Addrs() []string }); ok {
		texts = host.Addrs()
	}
	_, err := os.Stat("/proc/net/if_inet6")
	without6 := errors.Is(err, os.ErrNotExist)
	var addrs []netip.Addr
	for _, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("address of the program: %w", err)
		}
		if a.Is4() || !without6 {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("of the addresses %v, this machine has none of the family: %w", texts, errors.ErrUnsupported)
	}
	return addrs, nil
}

// newNetwork makes a network, and returns the file that stands for it.
func newNetwork() (network *os.File, err error) {
	err = onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("make a network namespace: %w", err)
		}
		network, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	return network, err
}

// listen listens on a port of all addresses, in the network of this thread.
func listen(port uint16) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return config.Listen(context.Background(), "tcp", fmt.Sprintf(":%d", port))
}
