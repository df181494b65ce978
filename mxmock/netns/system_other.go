//go:build !linux

package netns

// The stand-in for systems other than Linux, which have no network namespaces.

import (
	"fmt"

	"github.com/seed078e9d8c/maillab/mxmock"
)

type system struct{}

func (s *system) open(*mxmock.Internet, *mxmock.Host) error {
	return fmt.Errorf("%w: they are of Linux", errUnavailable)
}

func (s *system) close()                    {}
func (s *system) inside(func() error) error { return errUnavailable }
func bind(_, _ string) error                { return errUnavailable }
