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
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// Namespace is one host of an internet, for programs to run on. Make it with [New]. Its methods can be called
// by any number of goroutines, until the end of the test.
type Namespace struct {
	system
	ctx context.Context // done when the namespace ends
}

// errUnavailable is in the errors of machines that have no namespaces for us.
var errUnavailable = errors.New("no network namespaces")

// New makes the host of that name, as [mxmock.Internet.Host] does, the one on which programs run, and puts all
// others and the DNS on real sockets. At the end of the test the programs that still run are killed. On a
// machine that can't do that, it skips the test; an internet can have one Namespace.
//
// Services that the host has in the internet, such as its port 25, are not reached by programs.
func New(tb testing.TB, inet *mxmock.Internet, name string) *Namespace {
	tb.Helper()
	ctx, end := context.WithCancel(context.Background())
	n := &Namespace{ctx: ctx}
	tb.Cleanup(func() {
		end()
		n.close()
	})
	switch err := n.open(inet, inet.Host(name)); {
	case errors.Is(err, errUnavailable):
		tb.Skipf("netns: %v", err)
	case err != nil:
		tb.Fatalf("netns: %v", err)
	}
	return n
}

// Start starts a command in the namespace, as [exec.Cmd.Start] does outside; cmd.Wait waits for it. A command
// without Dir starts in the current directory. The command and all processes that it starts end with the test.
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
// runs there, or to a host of the internet. Names are not looked up. The end of the test ends it.
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
