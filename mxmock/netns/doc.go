// Package netns runs other programs, such as mail servers, resolvers and scripts, inside a simulated internet.
// The programs need no changes and no setup, and may use port 25 and port 53.
//
//	inet := mxmock.New(t)
//	inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")[0].Break(mxmock.Silent)
//	ns := netns.New(t, inet, inet.Sender("shop.example").Host.Name())
//	if err := ns.Run(exec.CommandContext(t.Context(), "swaks", "--to", "bob@qq.com", "--server", "mx2.qq.com")); err != nil {
//		t.Fatal(err)
//	}
//
// # Two machines
//
// A [Namespace] is two network namespaces of Linux that are connected to each other. One has the hosts of the
// internet, each at its own addresses. The other is one host of the internet, on which the programs run. Servers
// see the programs at the addresses of that host, and all of its ports are free, including port 25. There,
// resolv.conf names the resolver of the internet, the host name is that of the host, and programs trust the
// certificate authority of the internet. Only programs in the namespace see the files that say so, and nothing is
// written below /etc.
//
// # Faults as they are
//
// Faults set by [mxmock.Internet.Break] take effect in the kernel. Attempts to connect to a host that is
// [mxmock.Silent] are dropped, so they time out. A host that is [mxmock.Unreachable] is reported by ICMP, and one
// that is [mxmock.Refused] answers with RST. The same holds for single ports, and for addresses that no host has.
// On a port without a service, all other faults act like Refused. (Over IPv6, Linux considers "no route" temporary,
// and keeps trying.) Each attempt is in the journal with its result. A dropped attempt appears at once, as timed
// out.
//
// # Where it works
//
// The package works on Linux, as root, if network devices and mounts can be created. Elsewhere [New] skips the
// test. It needs the programs sh, mount and cat. Namespaces have no names. They end with the test or the program
// that made them, even if that is killed, and so do the programs that run in them and the files made for these
// programs. In /proc, programs see only each other.
package netns
