package hangup_test

import (
	"net"
	"runtime"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/hangup"
	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/memnet"
)

func TestBy(t *testing.T) {
	t.Parallel()
	networks := map[string]func(*testing.T) (client, server net.Conn){"memory": func(*testing.T) (client, server net.Conn) {
		return memnet.Pipe(&net.TCPAddr{}, &net.TCPAddr{})
	}}
	if runtime.GOOS == "linux" {
		machine.NeedIPv4(t)
		networks["loopback"] = loopbackPair
	}
	for name, pair := range networks {
		for _, test := range []struct {
			name string
			act  func(client, server net.Conn)
			want bool
		}{
			{"open", func(_, _ net.Conn) {}, false},
			{"with bytes", func(client, _ net.Conn) { client.Write([]byte("NOOP\r\n")) }, false},
			{"closed", func(client, _ net.Conn) { client.Close() }, true},
			{"closed after bytes", func(client, _ net.Conn) { client.Write([]byte("QUIT\r\n")); client.Close() }, true},
			{"half closed", func(client, _ net.Conn) { client.(interface{ CloseWrite() error }).CloseWrite() }, true},
			{"reset", func(client, _ net.Conn) { client.(interface{ SetLinger(int) error }).SetLinger(0); client.Close() }, true},
			{"closed here", func(_, server net.Conn) { server.Close() }, true},
		} {
			client, server := pair(t)
			if test.act(client, server); hangup.By(server) != test.want {
				t.Errorf("%s, %s: By reports %v", name, test.name, !test.want)
			}
			client.Close()
			server.Close()
		}
	}
	client, server := net.Pipe()
	defer client.Close()
	if server.Close(); hangup.By(client) {
		t.Error("By knows about a net.Pipe, which it can't ask")
	}
}

func loopbackPair(t *testing.T) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err == nil {
		server, err = l.Accept()
	}
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}
