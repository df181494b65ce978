//go:build !unix

package redirect

// Where it can't be done.

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// Socket can't be done here.
func Socket(syscall.RawConn, netip.AddrPort, bool) (client netip.AddrPort, err error) {
	return client, fmt.Errorf("mxmock: Dialer can't redirect sockets on this system, use DialContext: %w", errors.ErrUnsupported)
}
