package main

// Tests of commands inside the internet, where port 25 of a provider's host is real.

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/program"
)

// runInside runs the sandbox with a command, and returns its exit code and its two outputs. Where there are no namespaces, the
// test is skipped.
func runInside(t *testing.T, ctx context.Context, args ...string) (code int, out, errors *output) {
	t.Helper()
	out, errors = newOutput(), newOutput()
	code = run(ctx, args, out, errors)
	needsNamespace(t, code, errors)
	return code, out, errors
}

// needsNamespace skips the test if a sandbox has ended since there are no namespaces.
func needsNamespace(t *testing.T, code int, errors *output) {
	t.Helper()
	if code == 2 && strings.Contains(errors.String(), "no network namespaces") {
		t.Skip(errors)
	}
}

// TestRun is the example of the flag: the output is that of the command, and the mail is told beside it.
func TestRun(t *testing.T) {
	t.Parallel()
	needs(t, "swaks")
	code, out, errors := runInside(t, t.Context(), "-providers", "qq.com", "-run", "swaks", "--to", "414322153@qq.com", "--server", "mx3.qq.com")
	if code != 0 || !strings.Contains(out.String(), "MAIL FROM:<root@mail.sender.test>") || strings.Contains(out.String(), "mail from") {
		t.Errorf("exit code %d, output\n%s", code, out)
	}
	if got := errors.String(); !strings.Contains(got, "mail from <root@mail.sender.test> to <414322153@qq.com>") {
		t.Errorf("got %s, want a line for the mail", got)
	}
}

// TestRunEnds has what can become of a command.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		command []string
		code    int
		want    string // on the standard error
	}{
		{[]string{"true"}, 0, ""},
		{[]string{"sh", "-c", "exit 3"}, 3, ""},
		{[]string{"no-such-program"}, 2, "sandbox: -run: "},
	} {
		code, _, errors := runInside(t, t.Context(), append([]string{"-providers", "", "-run"}, tt.command...)...)
		if got := errors.String(); code != tt.code || !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || strings.Count(got, "\n") > 1 {
			t.Errorf("%q: exit code %d, %q, want %d, %q", tt.command, code, got, tt.code, tt.want)
		}
	}
}

// TestRunSignals sends signals to the sandbox, which the command gets, and kills the command: the exit code is that of a
// shell.
func TestRunSignals(t *testing.T) {
	t.Parallel()
	needs(t, "setsid")
	runInside(t, t.Context(), "-providers", "", "-run", "true")
	for _, tt := range []struct {
		script string
		signal os.Signal // or nil
		code   int
	}{
		{"echo ready; exec sleep 1000", syscall.SIGTERM, 143},
		{"echo ready; exec sleep 1000", os.Interrupt, 130},
		{"trap 'exit 5' TERM; sleep 1000 & echo ready; wait", syscall.SIGTERM, 5},
		{"trap 'exit 6' INT; sleep 1000 & echo ready; wait", os.Interrupt, 6},
		{"echo ready; kill -9 $$", nil, 137},
	} {
		cmd := exec.Command("setsid", os.Args[0]) // without a terminal, whose Ctrl-C would be for the command, too
		cmd.Env = append(os.Environ(), asProgram+"="+strings.Join([]string{"-providers", "", "-run", "sh", "-c", tt.script}, "\n"))
		launch(t, cmd).await(t, "ready")
		if tt.signal != nil {
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != tt.code {
			t.Errorf("%q, signal %v: exit code %d, want %d", tt.script, tt.signal, code, tt.code)
		}
	}
}

// TestRunWithPage has a page beside the command, which shows what the command sends.
func TestRunWithPage(t *testing.T) {
	t.Parallel()
	needs(t, "swaks")
	pipe := filepath.Join(t.TempDir(), "pipe")
	script := "swaks --silent --to 414322153@qq.com --server mx3.qq.com; mkfifo " + pipe + "; echo sent; read -r line <" + pipe
	out, errors := newOutput(), newOutput()
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"-providers", "qq.com", "-http", "127.0.0.1:0", "-run", "sh", "-c", script}, out, errors)
	}()
	select {
	case code := <-done:
		needsNamespace(t, code, errors)
		t.Fatalf("exit code %d: %s", code, errors)
	case <-out.more:
	}
	out.await(t, "sent")
	if got := get(t, "http://"+errors.address(t, "Page")+"/api/messages"); !strings.Contains(got, "414322153@qq.com") {
		t.Errorf("the page has %s", got)
	}
	if err := os.WriteFile(pipe, []byte("end\n"), 0); err != nil {
		t.Error(err)
	}
	if code := <-done; code != 0 {
		t.Errorf("exit code %d: %s", code, errors)
	}
}

// TestRunPostfix has Postfix deliver to a provider, by its MX records.
func TestRunPostfix(t *testing.T) {
	t.Parallel()
	needs(t, "swaks")
	p := program.NewPostfix(t, "mail.sender.test")
	var script strings.Builder
	for at, file := range p.Accounts() {
		fmt.Fprintf(&script, "mount --bind %s %s\n", file, at)
	}
	fmt.Fprintf(&script, `%s && LD_LIBRARY_PATH=%s MAIL_CONFIG=%s %s | while read -r line; do
	echo "$line"
	case "$line" in
	*"daemon started"*) swaks --silent --server 127.0.0.1 --from shop@sender.test --to 414322153@qq.com --header "Subject: By Postfix" ;;
	*status=*) kill "$(cat %s)" ;;
	esac
done
`, p.Install(), filepath.Join(p.Root, "usr/lib/postfix"), p.Dir, p.Master(), filepath.Join(p.Dir, "queue/pid/master.pid"))
	code, out, errors := runInside(t, t.Context(), "-providers", "qq.com", "-run", "sh", "-c", script.String())
	if got := out.String(); code != 0 || !strings.Contains(got, "relay=mx3.qq.com") || !strings.Contains(got, "status=sent") {
		t.Errorf("exit code %d, Postfix says\n%s", code, got)
	}
	if got := errors.String(); !strings.Contains(got, `mail from <shop@sender.test> to <414322153@qq.com>: "By Postfix"`) {
		t.Errorf("got %s, want a line for the mail", got)
	}
}
