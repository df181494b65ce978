package main

// A command inside the internet: it has the DNS of the internet, and port 25 of each host is that.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// senderDomain is the domain from which the command sends: it has all that receivers ask for.
const senderDomain = "sender.test"

// openNamespace makes the host on which the command runs.
func (s *sandbox) openNamespace() (err error) {
	if s.ns, err = netns.Open(s.inet, s.inet.Sender(senderDomain).Name()); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	return nil
}

// runCommand runs the command, and returns its exit code.
func (s *sandbox) runCommand(ctx context.Context, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, s.o.command[0], s.o.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, s.log.w, stderr
	err := s.ns.Run(cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(stderr, "sandbox: -run:", err)
		return 1
	}
	return 0
}
