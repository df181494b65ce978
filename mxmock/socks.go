package mxmock

// The SOCKS proxy, by which other programs reach port 25 of every host.

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/seed078e9d8c/maillab/internal/hangup"
	"github.com/seed078e9d8c/maillab/internal/loopback"
	"github.com/seed078e9d8c/maillab/internal/memnet"
	"github.com/seed078e9d8c/maillab/mxmock/internal/socks"
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
		target, err := socks.Negotiate(client)
		if err != nil {
			n.forget(client)
			return
		}
		host, err := n.DialContext(context.Background(), "tcp", target)
		n.forget(client)
		if err != nil {
			socks.Reply(client, err)
			return
		}
		defer host.Close()
		if host, ok := host.(*memnet.Conn); ok {
			host.Forward(func() bool { return hangup.By(client) })
		}
		if socks.Reply(client, nil) != nil {
			return
		}
		n.relay(client, host)
	})
}

// relay is a connection through the proxy.
type relay struct {
	client, host net.Conn
	answered     chan struct{} // closed when the client has everything from the host
}

// relay copies data in both directions, until both sides have ended or one is broken.
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

// pass copies the data of one side to the other, and passes on its end or its reset.
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

// endRelays ends the connections through the proxy, whose hosts are closed, as soon as the clients have received
// everything.
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
			patience.Reset(0) // the patience is for all of them together
		}
		r.client.Close()
		r.host.Close()
	}
}
