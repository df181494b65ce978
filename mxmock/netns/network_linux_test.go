package netns_test

// The network of a namespace, as this process sees it from inside.

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock"
	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// guard bounds what takes no time.
const guard = 10 * time.Second

// dial connects to an address from inside.
func dial(ns *netns.Namespace, address string, patience time.Duration) (conn net.Conn, err error) {
	err = ns.Do(func() error {
		conn, err = (&net.Dialer{Timeout: patience}).Dial("tcp", address)
		return err
	})
	return conn, err
}

// greeting connects to a mail server and returns what it says first.
func greeting(ns *netns.Namespace, address string) (string, error) {
	conn, err := dial(ns, address, guard)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(guard))
	line := make([]byte, 15)
	n, err := io.ReadFull(conn, line)
	return string(line[:n]), err
}

// Every fault looks from inside as it does outside, and acts on the next attempt to connect.
func TestFaults(t *testing.T) {
	t.Parallel()
	inet := mxmock.New(t)
	host := inet.MX("qq.com", "mx1.qq.com")[0]
	inet.Host("mx1.qq.com", "::")
	ns := netns.New(t, inet)
	for _, addr := range host.Addrs() {
		for _, test := range []struct {
			fault  mxmock.Fault
			want   error
			result string
		}{
			{0, nil, "connected"},
			{mxmock.Refused, syscall.ECONNREFUSED, syscall.ECONNREFUSED.Error()},
			{mxmock.Unreachable, syscall.EHOSTUNREACH, syscall.EHOSTUNREACH.Error()},
			{mxmock.Aborted, syscall.ECONNRESET, "connected"},
			{0, nil, "connected"},
		} {
			inet.Reset()
			if test.fault != 0 {
				host.Break(test.fault)
			}
			begin := time.Now()
			got, err := greeting(ns, net.JoinHostPort(addr, "25"))
			if !errors.Is(err, test.want) || err == nil && got != "220 mx1.qq.com " {
				t.Errorf("%s %v: %q, %v, want %v", addr, test.fault, got, err, test.want)
			}
			t.Log(time.Since(begin))
			j := inet.Journal()
			if what := fmt.Sprintf("dial mx1.qq.com:25 %s → ", addr); j.Count("dial mx1.qq.com") != 1 || j[0].String()[:len(what)] != what {
				t.Errorf("%s %v: journal\n%v", addr, test.fault, j)
			}
		}
	}
}
