package imap_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) {
	machine.FilesInMemory()
	goleak.VerifyTestMain(m)
}
