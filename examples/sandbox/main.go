// Sandbox is the simulated mail internet as a program, for those who want to look, and for programs in any language.
//
//	go run ./examples/sandbox
//
// It takes mail for anybody, shows it on a page, and delivers nothing. With flags, it has the providers of the world, zones
// of your own, faults by rules, TLS, a proxy to port 25 of every host, a folder that keeps the mail. "sandbox -h" lists them.
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

// run is the program. It returns its exit code: 2 for what is wrong with the flags or the files that they name, 1 for what
// fails later, and with -run that of the command.
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

// version is that of the module, as "go run module@version" has it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "sandbox " + info.Main.Version
	}
	return "sandbox (devel)"
}
