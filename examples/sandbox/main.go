// Sandbox is the simulated mail internet as a program, for people who want to look at mail, and for programs in any
// language.
//
//	go run ./examples/sandbox
//
// It takes mail for anybody, shows it on a page, and delivers nothing. Flags add providers, zones of your own,
// faults by rules, TLS, a proxy to port 25 of every host, and a folder that keeps the mail. "sandbox -h" lists the
// flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit code: 2 if the flags or the files that they name are wrong, 1 if
// something fails later, and with -run that of the command, or 128 and its number if a signal has ended the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "sandbox:", err)
		return 2
	case o.version:
		fmt.Fprintln(stdout, version())
		return 0
	}
	log := stdout
	if o.run { // the output is that of the command
		log = stderr
	}
	s, err := start(o, log)
	if err != nil {
		fmt.Fprintln(stderr, "sandbox:", err)
		return 2
	}
	defer s.close()
	if o.run {
		return s.runCommand(ctx, stdout, stderr)
	}
	s.guide(stdout)
	if err := s.serve(ctx); err != nil {
		fmt.Fprintln(stderr, "sandbox:", err)
		return 1
	}
	return 0
}

// version returns the version of the module, as in "go run module@version".
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "sandbox " + info.Main.Version
	}
	return "sandbox (devel)"
}
