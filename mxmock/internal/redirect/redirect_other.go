//go:build !unix

package redirect

// The stand-in for systems where sockets can't be redirected.

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// Socket is not available on this system.
func Socket(syscall.RawConn, netip.AddrPort, bool) (client netip.AddrPort, err error) {
	return client, fmt.Errorf("mxmock: Dialer can't redirect sockets on this system, use DialContext: %w", errors.ErrUnsupported)
}
