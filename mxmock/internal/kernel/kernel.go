// Package kernel is the interface between an Internet and a network namespace, whose sockets and routes it uses in
// place of those of the process.
package kernel

import (
	"io"
	"net/netip"
)

// Kernel is a network namespace.
type Kernel interface {
	// Do calls f on a thread in the namespace and returns its error. Sockets that f opens belong to it.
	Do(f func() error) error

	// Route sets the way of packets to an address.
	Route(addr netip.Addr, way Way) error

	// RoutePorts sets the ways of attempts to connect to single ports of addresses, and removes those of an earlier
	// call. Port 0 means the other ports of an address. Sockets get packets only if the way of the address is
	// Deliver as well.
	RoutePorts(ways map[netip.AddrPort]Way) error

	// Settle returns when all attempts to connect that were made before the call have been reported. The internet
	// must not be locked.
	Settle()

	// Silence drops all attempts to connect to a port of an address, until the result is closed.
	Silence(at netip.AddrPort) (io.Closer, error)
}

// Way says what becomes of packets.
type Way int

// The ways of packets.
const (
	Reject  Way = iota // the sender is told that the address is unreachable
	Deliver            // sockets get them
	Drop               // they are lost, and the sender is not told
)
