package machine_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestOneProcessor(t *testing.T) {
	t.Parallel()
	machine.OneProcessor(t)
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil || set.Count() != 1 {
		t.Errorf("the goroutine has %d processors, %v", set.Count(), err)
	}
}
