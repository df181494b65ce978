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
// A fault of [mxmock.Internet.Break] is what the kernel makes of it: attempts to connect to a host that is
// [mxmock.Silent] are dropped, so that they time out, one that is [mxmock.Unreachable] is that by ICMP, and
// one that is [mxmock.Refused] answers with RST. A single port can be silent and refused, but not unreachable:
// it is refused. (Over IPv6, Linux takes "no route" for something that may pass, and goes on trying.) Each attempt is in the
// journal, with what the fault makes of it: one that is dropped is there as timed out at once.
//
// # Where it works
//
// On Linux with root, where network devices and mounts can be made; elsewhere [New] skips the test. It needs
// the programs sh, mount and cat. Namespaces have no names: they end with the test, even with one that is
// killed, and so do all programs in them, and the files that these were shown. Programs see only each other
// in /proc.
package netns
