package mime

// This file runs the tests.

import (
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) {
	machine.CollectRarely()
	m.Run()
}
