//go:build !linux

package loopback

// The end of listening on other systems.

// stopListening does nothing. On Windows no process inherits the sockets of another, and on other systems there is
// no way to end the listening.
func stopListening(uintptr) {}
