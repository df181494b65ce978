//go:build !linux

package machine

// The processors of other systems.

import "testing"

// OneProcessor does nothing; see the one for Linux.
func OneProcessor(testing.TB) {}
