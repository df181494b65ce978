//go:build !unix

package mxmock

// Redirection of sockets, where there is none.

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// redirect can't be done here.
func redirect(syscall.RawConn, netip.AddrPort, bool) (client netip.AddrPort, err error) {
	return client, fmt.Errorf("mxmock: Dialer can't redirect sockets on this system, use DialContext: %w", errors.ErrUnsupported)
}
