package memnet_test

// This file runs the tests, and has what they share.

import (
	"net"
	"net/netip"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// addr returns the TCP address written as "192.0.2.1:25".
func addr(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

// pipe returns a connection between fixed addresses, closed when the test ends.
func pipe(t testing.TB) (a, b *memnet.Conn) {
	a, b = memnet.Pipe(addr("192.0.2.1:40000"), addr("198.51.100.1:25"))
	t.Cleanup(func() {
		a.Close()
		b.Close()
	})
	return a, b
}
