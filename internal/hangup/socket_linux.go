package hangup

// Sockets on Linux.

import "golang.org/x/sys/unix"

// established is the state of an open connection, TCP_ESTABLISHED in include/net/tcp_states.h of Linux.
const established = 1

// peerClosed reports whether a FIN or an RST has come for a socket of TCP. It asks for the state, not by poll(2), which would not
// wait while another thread has the socket and therefore leaves what comes unprocessed.
func peerClosed(fd uintptr) bool {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.State != established
}
