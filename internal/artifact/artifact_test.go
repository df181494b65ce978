package artifact

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWrite(t *testing.T) {
	dir := machine.TempDir(t)
	t.Setenv(Env, dir)
	files := []File{{"mx1.qq.com-1.eml", []byte("Subject: x\r\n")}, {"a/b:c", []byte("y")}, {"mx1.qq.com-1.eml", []byte("z")}}
	got := Write(t, nil, files)
	place := filepath.Join(dir, "TestWrite")
	if want := "artifacts: 3 files in " + place; got != want {
		t.Errorf("Write = %q, want %q", got, want)
	}
	for name, want := range map[string]string{"mx1.qq.com-1.eml": "Subject: x\r\n", "a_b_c": "y", "mx1.qq.com-1-2.eml": "z"} {
		data, err := os.ReadFile(filepath.Join(place, name))
		if err != nil || string(data) != want {
			t.Errorf("%s = %q, %v, want %q", name, data, err, want)
		}
	}
}

// TestNotWanted writes nothing.
func TestNotWanted(t *testing.T) {
	t.Setenv(Env, "")
	if testing.Verbose() && strings.Contains(strings.Join(os.Args, " "), "test.artifacts") {
		t.Skip("go test -artifacts wants them")
	}
	if got := Write(t, nil, []File{{"x", nil}}); got != "" {
		t.Errorf("Write = %q, want nothing", got)
	}
}

// TestCannotWrite says why.
func TestCannotWrite(t *testing.T) {
	file := filepath.Join(machine.TempDir(t), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv(Env, file)
	if got := Write(t, nil, []File{{"x", nil}}); !strings.HasPrefix(got, "artifacts: ") || strings.Contains(got, "1 files") {
		t.Errorf("Write into a file = %q, want an error", got)
	}
}
