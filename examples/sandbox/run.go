package main

// The command that -run runs inside the internet, with its DNS and port 25 of each host.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/seed078e9d8c/maillab/mxmock/netns"
)

// senderDomain is the domain from which the command sends. It has everything that receivers ask for.
const senderDomain = "sender.test"

// openNamespace makes the host on which the command runs, if there is one.
func (s *sandbox) openNamespace() (err error) {
	if !s.o.run {
		return nil
	}
	if s.ns, err = netns.Open(s.inet, s.inet.Sender(senderDomain).Name()); err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	return nil
}

// runCommand runs the command, logs mail as it comes, and returns the exit code of the command.
func (s *sandbox) runCommand(ctx context.Context, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, s.o.command[0], s.o.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	cmd.WaitDelay = killPatience
	if len(s.at) > 0 {
		s.guide(stderr)
	}
	if err := s.ns.Start(cmd); err != nil {
		fmt.Fprintln(stderr, "sandbox: -run:", err)
		return 2
	}
	running, ended := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(ctx, running) })
	err := cmd.Wait()
	ended()
	watching.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(stderr, "sandbox: -run:", err)
		return 1
	}
	return 0
}

// killPatience is the time for which other processes may keep the output of a killed command open.
const killPatience = 500 * time.Millisecond
