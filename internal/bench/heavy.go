package main

// Heavy rows: those whose contestants need packages that keep much data from their beginning on, such as tables and regular
// expressions. Each garbage collection of a process goes through what it holds, so in the other rows that would take time, and most
// from a contestant that allocates most. Heavy rows are therefore measured by a program of their own: this one, built with the tag
// heavy. For the same reason, no row holds anything before it is measured.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// programs are the program that runs and, once a heavy row is to be measured, that for the heavy rows.
type programs struct {
	heavy func() (string, error) // builds it at the first call
	dir   string                 // where it is
}

func newPrograms() (*programs, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	build := func() (string, error) {
		file := filepath.Join(dir, "heavy")
		cmd := exec.Command("go", "build", "-tags", "heavy", "-o", file, "github.com/seed078e9d8c/maillab/internal/bench")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build the program for the heavy rows: %w\n%s", err, out)
		}
		return file, nil
	}
	return &programs{sync.OnceValues(build), dir}, nil
}

// of returns the file of the program that measures a row.
func (p *programs) of(r row) (string, error) {
	if !r.heavy || isHeavy {
		return os.Args[0], nil
	}
	return p.heavy()
}

// close removes the program that was built.
func (p *programs) close() error { return os.RemoveAll(p.dir) }
