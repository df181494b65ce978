package netns

// The type Namespace, and its methods.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// Namespace is one host of an internet, for programs to run on. Make it with [New] or [Open]. Its methods may be called
// from several goroutines at once.
type Namespace struct {
	system
	ctx context.Context // done when the namespace ends
	end context.CancelFunc

	closing sync.Once
}

// errUnavailable is in the error if a machine does not allow namespaces.
var errUnavailable = errors.New("no network namespaces")

// New is [Open] for a test. At the end of the test it closes the namespace. On a machine that does not allow
// namespaces, it skips the test.
func New(tb testing.TB, inet *mxmock.Internet, name string) *Namespace {
	tb.Helper()
	n, err := Open(inet, name)
	switch {
	case errors.Is(err, errUnavailable):
		tb.Skipf("netns: %v", err)
	case err != nil:
		tb.Fatalf("netns: %v", err)
	}
	tb.Cleanup(n.Close)
	return n
}

// Open makes a namespace in which programs run on the host with the given name, as [mxmock.Internet.Host] takes it.
// It puts all other hosts and the DNS on real sockets. It needs Linux and root, and returns an error if it can't
// make a namespace. An internet can have one Namespace.
//
// Programs do not reach the services that the internet has for this host, such as that on its port 25.
func Open(inet *mxmock.Internet, name string) (*Namespace, error) {
	n := new(Namespace)
	n.ctx, n.end = context.WithCancel(context.Background())
	if err := n.open(inet, inet.Host(name)); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close kills the programs that still run in the namespace, and ends it. A second call does nothing.
func (n *Namespace) Close() {
	n.closing.Do(func() {
		n.end()
		n.close()
	})
}

// Start starts a command in the namespace, as [exec.Cmd.Start] does outside; cmd.Wait waits for it. A command
// without Dir starts in the current directory. The command and all processes that it starts end with the namespace.
func (n *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.Dir == "" {
		cmd.Dir, _ = os.Getwd() // a namespace has no directory of its own
	}
	if err := n.inside(cmd.Start); err != nil {
		return fmt.Errorf("netns: start %s: %w", cmd.Path, err)
	}
	return nil
}

// errClosed reports the use of a namespace after Close.
var errClosed = errors.New("the namespace is closed")

// Run starts a command as Start does, and waits for its end. The error is that of [exec.Cmd.Run].
func (n *Namespace) Run(cmd *exec.Cmd) error {
	if err := n.Start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// Dial connects from inside the namespace to an address with a port, such as "127.0.0.1:25". It reaches programs
// that run there, and hosts of the internet. It does not look up names. [Namespace.Close] ends a call in progress.
func (n *Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("netns: dial %q: want an address and a port: %w", address, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.ctx, cancel)()
	err = n.inside(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Mount shows a file or directory to programs in the namespace, in place of another one. The other one must exist.
func (n *Namespace) Mount(source, target string) error {
	if err := n.inside(func() error { return bind(source, target) }); err != nil {
		return fmt.Errorf("netns: mount %s at %s: %w", source, target, err)
	}
	return nil
}
