package golden

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder keeps what is reported to a test, and goes on.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Fatal(a ...any)            { panic(fmt.Sprint(a...)) }
func (r *recorder) Errorf(f string, a ...any) { r.errors = append(r.errors, fmt.Sprintf(f, a...)) }

func TestCompare(t *testing.T) {
	t.Parallel()
	file := filepath.Join(machine.TempDir(t), "golden.txt")
	r := &recorder{TB: t}
	func() {
		defer func() {
			if got := fmt.Sprint(recover()); !strings.Contains(got, file) {
				t.Errorf("without a file: got %q, want the test to end with an error that names %s", got, file)
			}
		}()
		compare(r, file, "a\n", false)
	}()
	compare(r, file, "a\n", true)
	compare(r, file, "a\n", false)
	if len(r.errors) != 0 {
		t.Errorf("what was written: got the errors %q, want none", r.errors)
	}
	compare(r, file, "b\n", false)
	if len(r.errors) != 1 || !strings.HasPrefix(r.errors[0], file) {
		t.Errorf("another text: got the errors %q, want one that names %s", r.errors, file)
	}
}
