package main

// The doors: the ports by which programs reach the sandbox.

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

// openDoors opens the ports that the flags ask for. With -run, it opens only those that the user has given.
func (s *sandbox) openDoors() error {
	for _, door := range []struct {
		flag, address string
		open          func(flag, address string) error
	}{
		{"smtp", s.o.smtp, s.openServer(s.smtp)},
		{"submission", s.o.submission, s.openServer(s.submission)},
		{"pop3", s.o.pop3, s.openServer(s.pop)},
		{"imap", s.o.imap, s.openServer(s.imap)},
		{"dns", s.o.dns, s.openDNS},
		{"socks", s.o.socks, s.openSOCKS},
		{"http", s.o.http, s.openPage},
	} {
		if door.address == "" || s.o.run && !s.o.fixed[door.flag] {
			continue
		}
		if err := door.open(door.flag, door.address); err != nil {
			return fmt.Errorf("-%s %s: %w", door.flag, door.address, err)
		}
	}
	if port := s.o.hostsOnLoopback; port != 0 {
		if err := s.inet.ListenHosts(map[int]int{25: port}); err != nil {
			return fmt.Errorf("-hosts-on-loopback %d: %w", port, err)
		}
	}
	if s.o.tls {
		return s.writeAuthority()
	}
	return nil
}

// listen opens a port. If the port is taken and the user has not asked for it, listen opens any free port.
func (s *sandbox) listen(flag, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil && s.mayMove(flag, err) {
		host, _, _ := net.SplitHostPort(address)
		return net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	return l, plain(err)
}

// mayMove reports whether another port will do.
func (s *sandbox) mayMove(flag string, err error) bool {
	return !s.o.fixed[flag] && (errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, windowsInUse))
}

// windowsInUse is how Windows reports a port that is taken: WSAEADDRINUSE.
const windowsInUse = syscall.Errno(10048)

// plain returns an error without the parts that the flag already says.
func plain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// openServer returns a function that opens a port of a server.
func (s *sandbox) openServer(server interface{ Serve(net.Listener) error }) func(flag, address string) error {
	return func(flag, address string) error {
		l, err := s.listen(flag, address)
		if err != nil {
			return err
		}
		s.at[flag] = l.Addr().String()
		s.running.Go(func() {
			if err := server.Serve(l); err != nil {
				s.failed <- fmt.Errorf("-%s: %w", flag, err)
			}
		})
		return nil
	}
}

func (s *sandbox) openDNS(flag, address string) error {
	at, err := s.inet.ListenDNS(address)
	if err != nil && s.mayMove(flag, err) {
		host, _, _ := net.SplitHostPort(address)
		at, err = s.inet.ListenDNS(net.JoinHostPort(host, "0"))
	}
	s.at[flag] = at
	return plain(err)
}

func (s *sandbox) openSOCKS(flag, address string) (err error) {
	s.at[flag], err = s.inet.ListenSOCKS(address)
	return plain(err)
}

// openPage serves the page.
func (s *sandbox) openPage(flag, address string) error {
	l, err := s.listen(flag, address)
	if err != nil {
		return err
	}
	s.at[flag] = l.Addr().String()
	s.page = &inspect.Page{
		Source: s.inet, Hosts: s.o.names, Password: s.o.password,
		Readers: map[string]inspect.Reader{"pop3": s.pop, "imap": s.imap},
	}
	s.web = &http.Server{Handler: s.watchDeletions(s.page), ReadHeaderTimeout: 10 * time.Second}
	s.running.Go(func() {
		if err := s.web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("-%s: %w", flag, err)
		}
	})
	return nil
}

// writeAuthority writes the certificate authority to a file, which is removed at the end.
func (s *sandbox) writeAuthority() error {
	f, err := os.CreateTemp("", "sandbox-ca-*.pem")
	if err != nil {
		return fmt.Errorf("-tls: %w", err)
	}
	s.ca = f.Name()
	_, err = f.Write(s.inet.RootPEM())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("-tls: %w", err)
	}
	return nil
}
