//go:build !linux

package main

// The stand-in for systems on which a run has no network of its own.

import (
	"os/exec"
	"time"
)

func isolate(*exec.Cmd) {}

func loopbackUp() error { return nil }

// openFiles is how many files this process may have open, at least.
func openFiles() int { return 1024 }

// processorTime is what this process has used, which is not known here.
func processorTime() time.Duration { return 0 }
