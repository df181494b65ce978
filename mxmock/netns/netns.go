// Package netns runs programs that are not ours, such as mail servers, inside a [mxmock.Internet]: in a
// namespace of the Linux kernel, from which they see its hosts and its DNS and nothing else. It needs
// Linux and root; elsewhere tests that use it are skipped.
//
//	inet := mxmock.New(t)
//	mx := inet.MX("qq.com", "mx1.qq.com", "mx2.qq.com")
//	mx[0].Break(mxmock.Refused)
//	ns := netns.New(t, inet)
//	server := exec.CommandContext(t.Context(), "/usr/sbin/postfix", "start-fg")
//	if err := ns.Do(server.Start); err != nil {
//		t.Fatal(err)
//	}
//	…
//	msg := mx[1].Next(t)
//
// # The network
//
// Every host answers at its own addresses, with the real ports, and the DNS at 192.0.2.53. Whatever a
// program sends goes through the memory of the test, to [mxmock.Internet.DialContext]: so hosts and
// services that are made later are there, a Break or Mend acts on the next attempt to connect, rules
// act as ever, and the journal has each attempt, also one that fails. Inside, nobody listens on any port.
//
// A program has the address of the code under test, 192.0.2.1 and 2001:db8::1, or that of a host: see
// [Place]. Servers see it, so that PTR records, SPF and limits by client mean something.
//
// Faults look as they do outside. One that is [mxmock.Refused] answers with a reset, one that is
// [mxmock.Silent] with nothing, so that connecting times out, and one that is [mxmock.Unreachable] with
// the ICMP message for that (EHOSTUNREACH). An address that no host has is unreachable, too. What is not
// there: pings are not answered, UDP reaches nothing but the DNS, and a host of the internet can't
// connect to a program.
//
// # The files
//
// Programs see the files of the machine. But what is written below /etc, /usr and /var stays inside and
// ends with the test, and /run is empty, so that a package can be unpacked, its users can be added, and a
// configuration can be written where it belongs. The directories for temporary files are those of the
// machine. The name server of /etc/resolv.conf is that of the internet; /etc/hosts knows localhost; and
// the authority that has signed the certificates of all hosts is the only one to be trusted, at the
// places where OpenSSL, GnuTLS and Go look for it.
//
// # The end
//
// When the test ends, or dies, the kernel kills all programs inside, whatever daemon they have become,
// and then nothing is left, neither of them nor of their network and files.
package netns

import (
	"context"
	"errors"
	"net"
	"testing"
)

// Place is where in an internet a program runs. It is an [*mxmock.Internet], where the program is the
// code under test at 192.0.2.1 and 2001:db8::1; or an [*mxmock.Host] or [*mxmock.Sender], whose addresses
// it then has, those which the host has at that time.
type Place interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// New returns a namespace at a place of an internet, for one program or more. At the end of the test all
// programs inside are killed; the test then fails if one of them that was started is not waited for, as by
// [os/exec.Cmd.Wait].
//
// Where no namespace can be had, the test is skipped: on other systems than Linux, without root, or where
// the kernel lacks network namespaces, overlayfs or the device /dev/net/tun. Inside a synctest bubble New
// ends the test.
func New(tb testing.TB, at Place) *Namespace {
	tb.Helper()
	ns, err := open(at)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		tb.Skipf("netns: %v", err)
	case err != nil:
		tb.Fatalf("netns: %v", err)
	}
	tb.Cleanup(func() {
		tb.Helper()
		if err := ns.close(); err != nil {
			tb.Errorf("netns: %v", err)
		}
	})
	return ns
}
