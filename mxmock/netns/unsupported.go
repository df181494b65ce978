//go:build !linux

package netns

// Other systems, where tests are skipped.

import (
	"errors"
	"fmt"
	"runtime"
)

// Namespace is a place for programs, made by [New].
type Namespace struct{}

// open has an error.
func open(Place) (*Namespace, error) {
	return nil, fmt.Errorf("namespaces on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

// Do calls f inside the namespace.
func (ns *Namespace) Do(f func() error) error { return errors.ErrUnsupported }

func (ns *Namespace) close() error { return nil }
