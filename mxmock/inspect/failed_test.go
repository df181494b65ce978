package inspect_test

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/mxmock"
)

// failing makes TestThatFails fail, in a process of its own.
const failing = "INSPECT_TEST_THAT_FAILS"

// TestThatFails is run by other tests.
func TestThatFails(t *testing.T) {
	switch os.Getenv(failing) {
	case "":
		t.Skip("it is run by other tests, in a process of its own")
	case "bubble":
		synctest.Test(t, failOnPurpose)
	default:
		failOnPurpose(t)
	}
}

func failOnPurpose(t *testing.T) {
	inet := mxmock.New(t)
	inet.MX("qq.com", "mx1.qq.com")
	deliver(t, inet, "bob@qq.com", letter)
	t.Error("as it should")
}

// childTest runs TestThatFails in a process of its own.
func childTest(t *testing.T, env ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestThatFails$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func TestReportBesideArtifacts(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	out, err := childTest(t, failing+"=1", "MAILTEST_ARTIFACTS="+dir).CombinedOutput()
	if err == nil {
		t.Fatalf("the test did not fail:\n%s", out)
	}
	for name, want := range map[string]string{"report.html": "Welcome", "mx1.qq.com-25-1.eml": "Welcome", "sessions.txt": "RCPT TO", "journal.txt": "dial"} {
		if got, err := os.ReadFile(filepath.Join(dir, "TestThatFails", name)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a process can't be interrupted on Windows")
	}
	cmd := childTest(t, failing+"=1", "MAILTEST_INSPECT=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line, err := bufio.NewReader(stderr).ReadString('\n')
	url := regexp.MustCompile(`http://\S+`).FindString(line)
	if err != nil || url == "" || !strings.Contains(line, "TestThatFails has failed") {
		t.Fatalf("it says %q, %v", line, err)
	}
	if status, _, body := ask(t, "GET", url+"/", ""); status != http.StatusOK || !strings.Contains(string(body), "Welcome") {
		t.Errorf("the page: %d\n%s", status, body)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("after the interrupt: %v, want the exit code 1 of a test that fails", err)
	}
}

func TestHoldInBubble(t *testing.T) {
	t.Parallel()
	dir := machine.TempDir(t)
	out, err := childTest(t, failing+"=bubble", "MAILTEST_INSPECT=1", "TMPDIR="+dir, "TMP="+dir).CombinedOutput()
	if err == nil {
		t.Fatalf("the test did not fail:\n%s", out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "mailtest-*.html"))
	if err != nil || len(files) != 1 || !strings.Contains(string(out), files[0]) {
		t.Errorf("reports %v, %v\n%s", files, err, out)
	}
}
