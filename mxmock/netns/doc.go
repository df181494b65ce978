// Package netns runs programs that are not ours inside a simulated internet: mail servers, resolvers and
// scripts, as they are, on port 25 and port 53, with nothing to set up.
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
// A [Namespace] is two network namespaces of Linux with a cable between them. In one are the hosts of the
// internet, each at its own addresses. In the other is one of them, for programs to run on: they have its
// addresses, by which servers see them, and all ports of their own are free, port 25 too. Its resolv.conf
// names the resolver of the internet, its host name is that of the host, and its certificates are those that the
// internet's authority has signed; only programs in the namespace see these files, and nothing is written below /etc.
//
// # Faults as they are
//
// Faults set by [mxmock.Internet.Break] take effect in the kernel. Attempts to connect to a host that is
// [mxmock.Silent] are dropped, so they time out; one that is [mxmock.Unreachable] is reported as such by ICMP;
// and one that is [mxmock.Refused] answers with RST. The same holds for single ports, and for addresses that no
// host has; where no service listens, the other faults are like Refused. (Over IPv6, Linux considers "no route" temporary,
// and keeps trying.) Each attempt is in the journal with its result. One that is dropped appears at once, as timed out.
//
// # Where it works
//
// On Linux with root, where network devices and mounts can be made; elsewhere [New] skips the test. It needs
// the programs sh, mount and cat. Namespaces have no names: they end with the test or program that made them, even with one that is
// killed, and so do all programs in them, and the files that these were shown. Programs see only each other
// in /proc.
package netns
