package mxmock

// Services: what answers on a port of a host.

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/seed078e9d8c/maillab/internal/zone"
	"github.com/seed078e9d8c/maillab/mailtest"
)

// service is what answers on a port: a mail server, a name server, or a listener of the test's own.
type service interface {
	// accept takes a connection of a client. The error is the errno for whoever has dialled.
	accept(ctx context.Context, conn net.Conn, client, to netip.AddrPort) error

	// loopback returns the address of a real socket that stands for the port.
	loopback() (netip.AddrPort, error)

	// close ends the service. The error is about what the test has done wrong.
	close() error
}

// mailService is a mail server.
type mailService struct{ *mailtest.Server }

func (s mailService) accept(_ context.Context, conn net.Conn, _, _ netip.AddrPort) error {
	if s.ServeConn(conn) != nil { // it is closed
		return os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return nil
}

func (s mailService) loopback() (netip.AddrPort, error) {
	if s.Start() != nil {
		return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
	}
	return netip.ParseAddrPort(s.Addr())
}

func (s mailService) close() error { return closeServer(s.Server) }

// nameService is a name server. By UDP it answers to [Internet.dialDNS].
type nameService struct{ inet *Internet }

func (s nameService) accept(_ context.Context, conn net.Conn, client, to netip.AddrPort) error {
	dnsPort{s.inet, zone.Authoritative, to, false}.serveStream(conn, client)
	return nil
}

func (s nameService) loopback() (netip.AddrPort, error) {
	return netip.AddrPort{}, os.NewSyscallError("connect", syscall.ECONNREFUSED)
}

func (s nameService) close() error { return nil }
