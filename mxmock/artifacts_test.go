package mxmock_test

import (
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// failing makes TestThatFails fail, in a process of its own.
const failing = "MXMOCK_TEST_THAT_FAILS"

// TestThatFails is run by TestArtifacts.
func TestThatFails(t *testing.T) {
	if os.Getenv(failing) == "" {
		t.Skip("it is run by TestArtifacts, in a process of its own")
	}
	inet := mxmock.New(t)
	conn, err := mxmock.New(t).Host("other.example").DialContext(t.Context(), "tcp", "nobody.example:25")
	if err == nil {
		conn.Close()
	}
	mx := inet.MX("qq.com", "mx1.qq.com")[0]
	srv := mailtest.New(t)
	for _, addr := range []string{mx.Server(25).Addr(), srv.Addr()} {
		if err := smtp.SendMail(addr, nil, "a@b.example", []string{"bob@qq.com"}, []byte("Subject: x\r\n\r\nHello\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("as it should")
}

// TestArtifacts runs a test that fails, and looks at what it leaves behind.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, env string, args ...string) string {
		cmd := exec.Command(os.Args[0], append(args, "-test.run=^TestThatFails$")...)
		cmd.Env = append(os.Environ(), failing+"=1", env)
		out, err := cmd.CombinedOutput()
		if _, ok := err.(*exec.ExitError); !ok {
			t.Fatalf("the test did not fail: %v\n%s", err, out)
		}
		return string(out)
	}
	files := func(dir string) (names []string) {
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				names = append(names, d.Name())
			}
			return err
		})
		slices.Sort(names)
		return slices.Compact(names)
	}
	want := []string{
		"journal-2.txt", "journal.txt", "localhost-1.eml", "localhost-sessions.txt", "mx1.qq.com-25-1.eml", "sessions-2.txt", "sessions.txt",
	}

	t.Run("flag", func(t *testing.T) {
		t.Parallel()
		dir := machine.TempDir(t)
		out := run(t, "X=", "-test.artifacts", "-test.outputdir="+dir)
		if got := files(dir); !slices.Equal(got, want) {
			t.Errorf("files = %q, want %q\n%s", got, want, out)
		}
		if got := strings.Count(out, " files in "); got != 3 {
			t.Errorf("the log names %d places, want 3:\n%s", got, out)
		}
	})
	t.Run("environment", func(t *testing.T) {
		t.Parallel()
		dir := machine.TempDir(t)
		out := run(t, "MAILTEST_ARTIFACTS="+dir)
		if got := files(filepath.Join(dir, "TestThatFails")); !slices.Equal(got, want) {
			t.Errorf("files = %q, want %q\n%s", got, want, out)
		}
		if raw, err := os.ReadFile(filepath.Join(dir, "TestThatFails", "mx1.qq.com-25-1.eml")); err != nil || string(raw) != "Subject: x\r\n\r\nHello\r\n" {
			t.Errorf("the message is %q, %v", raw, err)
		}
	})
	t.Run("neither", func(t *testing.T) {
		t.Parallel()
		dir := machine.TempDir(t)
		run(t, "X=", "-test.outputdir="+dir)
		if got := files(dir); len(got) != 0 {
			t.Errorf("files = %q, want none", got)
		}
	})
}
