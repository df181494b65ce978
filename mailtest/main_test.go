package mailtest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
)

var large = mailtest.Large

func TestMain(m *testing.M) {
	machine.CollectRarely()
	machine.RunMore()
	goleak.VerifyTestMain(m)
}
