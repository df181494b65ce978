package main

// The command that -run runs inside the internet, with its DNS and port 25 of each host.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
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

// runCommand runs the command, passes signals on to it, logs mail and failures as they come, and returns the exit code that a shell
// would: that of the command, or 128 and its number if a signal has ended the command.
func (s *sandbox) runCommand(ctx context.Context, stdout, stderr io.Writer) int {
	cmd := exec.Command(s.o.command[0], s.o.command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, stdout, stderr
	cmd.WaitDelay = outputPatience
	if len(s.at) > 0 {
		s.guide(stderr)
	}
	signals := make(chan os.Signal, 10)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	err := ctx.Err() // a signal may have come before
	if err == nil {
		err = s.ns.Start(cmd)
	}
	if err != nil {
		fmt.Fprintln(stderr, "sandbox: -run:", err)
		return 2
	}
	running, ended := context.WithCancel(context.WithoutCancel(ctx))
	var beside sync.WaitGroup
	beside.Go(func() { s.watch(context.WithoutCancel(ctx), running) })
	beside.Go(func() { s.watchFailures(running) })
	beside.Go(func() { passOn(running, signals, cmd.Process) })
	err = cmd.Wait()
	ended()
	beside.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal())
		}
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(stderr, "sandbox: -run:", err)
		return 1
	}
	return 0
}

// outputPatience is the time for which other processes may keep the output of the command open after its end.
const outputPatience = 500 * time.Millisecond

// passOn sends signals to the command until ctx is done. A command in the foreground of a terminal gets an interrupt
// without that, because Ctrl-C is for all processes there.
func passOn(ctx context.Context, signals <-chan os.Signal, command *os.Process) {
	for {
		select {
		case sig := <-signals:
			if sig != os.Interrupt || !inForeground() {
				command.Signal(sig)
			}
		case <-ctx.Done():
			return
		}
	}
}

// inForeground reports whether the process is in the foreground of a terminal, as proc_pid_stat(5) describes.
func inForeground() bool {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from the state on
	const group, foreground = 2, 5
	return len(fields) > foreground && fields[group] == fields[foreground]
}
