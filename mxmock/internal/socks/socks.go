// Package socks is the server's side of the SOCKS5 protocol (RFC 1928, RFC 1929), without the connections.
package socks

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

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

// Reply answers the request that [Negotiate] has read: the proxy has connected to the host, or there was an error.
func Reply(w io.Writer, err error) error {
	if err == nil {
		return writeReply(w, succeeded)
	}
	return writeReply(w, replyTo(err))
}

// replyTo returns the reply for an error of connecting.
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

// errSOCKS is a mistake of the client.
var errSOCKS = errors.New("socks: not SOCKS5")

// Negotiate conducts the beginning of the protocol with a client, and returns the host and port that the client
// wants to reach. If Negotiate returns an error, it has sent the reply that the protocol has for it, if there is
// one.
func Negotiate(client io.ReadWriter) (target string, err error) {
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
	counted := func() ([]byte, error) { // reads bytes after a byte with their number
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

// writeReply writes a reply to a request, with an empty address.
func writeReply(w io.Writer, code byte) error {
	_, err := w.Write([]byte{5, code, 0, 1, 0, 0, 0, 0, 0, 0})
	return err
}
