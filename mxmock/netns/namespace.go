package netns

// This file is what users see: the namespace, and what they can do in it.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/seed078e9d8c/maillab/mxmock"
)

// Namespace is one host of an internet, for programs to run on. Make it with [New]. Its methods can be called
// by any number of goroutines, until the end of the test.
type Namespace struct {
	system
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
	n := new(Namespace)
	tb.Cleanup(n.close)
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
	err := errClosed
	n.inside(func() { err = cmd.Start() })
	if err != nil {
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
// runs there, or to a host of the internet. Names are not looked up.
func (n *Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = fmt.Errorf("netns: dial %s: %w", address, errClosed)
	n.inside(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
	return conn, err
}

// Mount shows programs in the namespace a file or directory in the place of another, which must be there.
func (n *Namespace) Mount(source, target string) error {
	err := errClosed
	n.inside(func() { err = n.bind(source, target) })
	if err != nil {
		return fmt.Errorf("netns: mount %s at %s: %w", source, target, err)
	}
	return nil
}
