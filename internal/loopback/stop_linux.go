package loopback

// The end of listening on Linux.

import "syscall"

// stopListening ends the listening of a socket in all processes that have it.
func stopListening(fd uintptr) { syscall.Shutdown(int(fd), syscall.SHUT_RD) }
