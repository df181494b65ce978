// Package kernel is what an Internet needs of a network namespace, to be on its sockets and routes in place of those of
// the process.
package kernel

import (
	"io"
	"net/netip"
)

// Kernel is a network namespace.
type Kernel interface {
	// Do calls f on a thread in the namespace and returns its error. Sockets that f opens belong to it.
	Do(f func() error) error

	// Route says what becomes of packets to an address.
	Route(addr netip.Addr, way Way) error

	// RoutePorts says what becomes of attempts to connect to single ports of addresses, in place of what it said
	// before; port 0 means the other ports of an address. Sockets get packets only if the address is delivered, too.
	RoutePorts(ways map[netip.AddrPort]Way) error

	// Settle returns when all attempts to connect that were made before have been reported. The internet must not be
	// locked.
	Settle()

	// Silence drops all attempts to connect to a port of an address, until it is closed.
	Silence(at netip.AddrPort) (io.Closer, error)
}

// Way is what becomes of packets.
type Way int

// What becomes of packets.
const (
	Reject  Way = iota // the sender is told that the address is unreachable, as that of nobody
	Deliver            // sockets get them
	Drop               // nobody gets them, and nobody hears of it
)
