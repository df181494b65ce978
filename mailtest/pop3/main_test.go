package pop3_test

import (
	"net"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) {
	machine.FilesInMemory()
	goleak.VerifyTestMain(m)
}

// dial connects to a server on a socket.
func dial(t *testing.T, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(t.Context(), "tcp", addr)
}
