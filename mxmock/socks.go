package mxmock

// The SOCKS door: programs that take nothing but a proxy reach port 25 of every host (RFC 1928, RFC 1929).

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/seed078e9d8c/maillab/internal/loopback"
)

// ListenSOCKS opens a SOCKS5 proxy into the internet on a real socket and returns its address. It
// is for programs with fixed host names and ports that can be given a proxy: curl, Java, Python's
// PySocks, Go's golang.org/x/net/proxy, or anything run by tsocks. It listens at the given address,
// or at a random port of the loopback interface if address is empty; port 0 means a random port.
//
// The proxy connects as [Internet.DialContext] does. It supports CONNECT to addresses and to names,
// which the internet's own DNS resolves, and accepts any user name and password. A failed attempt
// gets the reply for its error: 5 for a refused connection, 4 for a host that does not exist or is
// unreachable, 6 for one that is silent. ListenSOCKS can be called more than once.
//
// If the address is in use or not one of this machine, the error names it. Inside a synctest
// bubble, ListenSOCKS always fails.
func (n *Internet) ListenSOCKS(address string) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.socketsAllowed(); err != nil {
		return "", err
	}
	l, err := listenSOCKS(address)
	if err != nil {
		return "", fmt.Errorf("mxmock: listen for SOCKS: %w", err)
	}
	n.register(l)
	n.running.Go(func() {
		acceptAll(l, n.admitSOCKS)
		n.forget(l)
	})
	return l.Addr().String(), nil
}

func listenSOCKS(address string) (net.Listener, error) {
	if address != "" {
		return net.Listen("tcp", address)
	}
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		return loopback.Listen(netip.MustParseAddrPort("[::1]:0")) // a machine without IPv4
	}
	return l, nil
}

// admitSOCKS serves a client of the proxy in the background.
func (n *Internet) admitSOCKS(client net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		client.Close()
		return
	}
	n.register(client)
	n.running.Go(func() {
		defer client.Close()
		target, err := negotiate(client)
		if err != nil {
			n.forget(client)
			return
		}
		host, err := n.DialContext(context.Background(), "tcp", target)
		n.forget(client)
		if err != nil {
			writeReply(client, replyTo(err))
			return
		}
		defer host.Close()
		if writeReply(client, succeeded) != nil {
			return
		}
		n.relay(client, host)
	})
}

// relay is a connection through the proxy.
type relay struct {
	client, host net.Conn
	answered     chan struct{} // closed when all that the host has said is with the client
}

// relay passes on what either side says, until both have ended or one is broken.
func (n *Internet) relay(client, host net.Conn) {
	r := &relay{client, host, make(chan struct{})}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	if n.relays == nil {
		n.relays = make(map[*relay]bool)
	}
	n.relays[r] = true
	n.running.Go(func() {
		defer close(r.answered)
		pass(client, host)
	})
	n.mu.Unlock()
	pass(host, client)
	<-r.answered
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.relays, r)
}

// pass passes on what comes from one side, its end, and its reset.
func pass(to, from net.Conn) {
	_, err := io.Copy(to, from)
	switch {
	case err == nil:
		if w, ok := to.(interface{ CloseWrite() error }); ok {
			w.CloseWrite()
		}
	default:
		reset(to)
		reset(from)
	}
}

// endRelays ends the connections through the proxy, whose hosts are closed, when their clients have all
// that these have said.
func (n *Internet) endRelays() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.relays) == 0 {
		return
	}
	patience := time.NewTimer(250 * time.Millisecond)
	defer patience.Stop()
	for r := range n.relays {
		select {
		case <-r.answered:
		case <-patience.C:
			patience.Reset(0) // which is for all of them
		}
		r.client.Close()
		r.host.Close()
	}
}

// The replies of the proxy (RFC 1928 §6).
const (
	succeeded          = 0
	generalFailure     = 1
	networkUnreachable = 3
	hostUnreachable    = 4
	connectionRefused  = 5
	ttlExpired         = 6
	commandUnknown     = 7
	addressTypeUnknown = 8
)

// replyTo returns the reply that says why a host could not be connected to.
func replyTo(err error) byte {
	timeout, ok := errors.AsType[net.Error](err)
	_, noName := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return connectionRefused
	case errors.Is(err, syscall.ENETUNREACH):
		return networkUnreachable
	case errors.Is(err, syscall.ETIMEDOUT), ok && timeout.Timeout():
		return ttlExpired
	case errors.Is(err, syscall.EHOSTUNREACH), noName:
		return hostUnreachable
	}
	return generalFailure
}

// errSOCKS is an error of the client's.
var errSOCKS = errors.New("mxmock: not SOCKS5")

// negotiate takes a client of the proxy through its first words and returns the host and port to which it
// wants to be connected. A client that is refused has been told so.
func negotiate(client io.ReadWriter) (target string, err error) {
	const (
		version, connect               = 5, 1
		noAuthentication, userPassword = 0, 2
		noneAcceptable                 = 0xff
		addrIPv4, addrName, addrIPv6   = 1, 3, 4
	)
	buf := make([]byte, 255)
	read := func(n int) ([]byte, error) {
		_, err := io.ReadFull(client, buf[:n])
		return buf[:n], err
	}
	counted := func() ([]byte, error) { // bytes after a byte with their number
		count, err := read(1)
		if err != nil {
			return nil, err
		}
		return read(int(count[0]))
	}

	head, err := read(1)
	if err != nil || head[0] != version {
		return "", errors.Join(errSOCKS, err)
	}
	methods, err := counted()
	if err != nil {
		return "", err
	}
	method := byte(noneAcceptable)
	for _, m := range methods {
		if m == noAuthentication || m == userPassword && method != noAuthentication {
			method = m
		}
	}
	if _, err := client.Write([]byte{version, method}); err != nil || method == noneAcceptable {
		return "", errors.Join(errSOCKS, err)
	}
	if method == userPassword {
		if _, err = read(1); err == nil {
			if _, err = counted(); err == nil {
				_, err = counted()
			}
		}
		if err != nil {
			return "", err
		}
		if _, err := client.Write([]byte{1, 0}); err != nil {
			return "", err
		}
	}

	request, err := read(4)
	if err != nil || request[0] != version {
		return "", errors.Join(errSOCKS, err)
	}
	command, addrType := request[1], request[3]
	var host string
	switch addrType {
	case addrIPv4, addrIPv6:
		size := map[byte]int{addrIPv4: 4, addrIPv6: 16}[addrType]
		var raw []byte
		if raw, err = read(size); err == nil {
			addr, _ := netip.AddrFromSlice(raw)
			host = addr.Unmap().String()
		}
	case addrName:
		var name []byte
		name, err = counted()
		host = string(name)
	default:
		return "", errors.Join(errSOCKS, writeReply(client, addressTypeUnknown))
	}
	if err != nil {
		return "", err
	}
	port, err := read(2)
	if err != nil {
		return "", err
	}
	if command != connect {
		return "", errors.Join(errSOCKS, writeReply(client, commandUnknown))
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port[0])<<8|int(port[1]))), nil
}

// writeReply writes a reply to a request, with an address that says nothing.
func writeReply(w io.Writer, code byte) error {
	_, err := w.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}
