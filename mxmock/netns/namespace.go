package netns

// This file is what users see: the namespace, and what they can do in it.

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
// by several goroutines at once.
type Namespace struct {
	system
	ctx context.Context // done when the namespace ends
	end context.CancelFunc

	closing sync.Once
}

// errUnavailable is in the errors of machines that have no namespaces for us.
var errUnavailable = errors.New("no network namespaces")

// New is [Open] for a test. At the end of the test it closes the namespace. On a machine that has no namespaces, it skips
// the test.
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

// Open makes the host of that name, as [mxmock.Internet.Host] does, the one on which programs run, and puts all others
// and the DNS on real sockets. It needs Linux and root, and returns an error where it can't make a namespace. An internet
// can have one Namespace.
//
// Services that the host has in the internet, such as its port 25, are not reached by programs.
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
		cmd.Dir, _ = os.Getwd() // a namespace has none of its own
	}
	if err := n.inside(cmd.Start); err != nil {
		return fmt.Errorf("netns: start %s: %w", cmd.Path, err)
	}
	return nil
}

// errClosed is for what comes after the end.
var errClosed = errors.New("the namespace is closed")

// Run starts a command and waits for its end. The error is that of [exec.Cmd.Run].
func (n *Namespace) Run(cmd *exec.Cmd) error {
	if err := n.Start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// Dial connects from inside the namespace to an address with a port, such as "127.0.0.1:25": to a program that
// runs there, or to a host of the internet. Names are not looked up. [Namespace.Close] ends it.
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

// Mount shows programs in the namespace a file or directory in the place of another, which must be there.
func (n *Namespace) Mount(source, target string) error {
	if err := n.inside(func() error { return bind(source, target) }); err != nil {
		return fmt.Errorf("netns: mount %s at %s: %w", source, target, err)
	}
	return nil
}
