package program_test

// The program that is run is this test's own.

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/seed078e9d8c/maillab/internal/machine"
	"github.com/seed078e9d8c/maillab/internal/program"
)

// behaviour is the environment variable that makes this program another one.
const behaviour = "PROGRAM_BEHAVIOUR"

func TestMain(m *testing.M) {
	if how := os.Getenv(behaviour); how != "" {
		behave(how)
	}
	goleak.VerifyTestMain(m)
}

// behave is a server, which says in two pieces that it is ready, and ends when it is interrupted;
// or one that never gets so far.
func behave(how string) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	if how == "fails" {
		fmt.Fprintln(os.Stderr, "the port is taken")
		os.Exit(3)
	}
	fmt.Print("server: rea")
	fmt.Fprintln(os.Stderr, "dy")
	<-interrupted
	fmt.Println("server: good night")
	os.Exit(0)
}

// recorder is a test whose end is near: what is said to it, and what it is to clean up.
type recorder struct {
	testing.TB
	said     []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool              { return true }
func (r *recorder) Logf(f string, a ...any)   { r.said = append(r.said, fmt.Sprintf(f, a...)) }
func (r *recorder) Skipf(f string, a ...any)  { r.end(f, a) }
func (r *recorder) Fatal(a ...any)            { r.end("%v", a) }
func (r *recorder) Fatalf(f string, a ...any) { r.end(f, a) }

func (r *recorder) end(f string, a []any) {
	r.said = append(r.said, fmt.Sprintf(f, a...))
	runtime.Goexit()
}

// run calls f as a test of its own, with its cleanups, and returns what was said to the test.
func run(tb testing.TB, f func(testing.TB)) string {
	r := &recorder{TB: tb}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	return strings.Join(r.said, "\n")
}

func TestStart(t *testing.T) {
	t.Parallel()
	for how, wants := range map[string][]string{
		"serves": {"said:\nserver: ready\n"},
		"fails":  {"ended before it was ready: exit status 3", "said:\nthe port is taken\n"},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), behaviour+"="+how)
			got := run(t, func(tb testing.TB) { program.Start(tb, cmd, "ready") })
			if how == "serves" && runtime.GOOS != "windows" {
				wants = append(wants, "server: good night")
			}
			for _, want := range wants {
				if !strings.Contains(got, want) {
					t.Errorf("the test was told %q, want %q in it", got, want)
				}
			}
			if cmd.ProcessState == nil {
				t.Error("the program still runs after the test")
			}
		})
	}
}

// A program that is not there ends the test, or skips it, and leaves nothing to clean up.
func TestNotThere(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(machine.TempDir(t), "missing")
	got := run(t, func(tb testing.TB) { program.Start(tb, exec.Command(missing), "ready") })
	if !strings.Contains(got, missing) {
		t.Errorf("Start: the test was told %q, want an error that names %s", got, missing)
	}
	if got, want := run(t, func(tb testing.TB) { program.Find(tb, missing) }), missing+" is not installed"; got != want {
		t.Errorf("Find: the test was told %q, want %q", got, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	if got, want := program.Find(t, os.Args[0]), os.Args[0]; got != want {
		t.Errorf("Find = %q, want %q", got, want)
	}
}

func TestFreeAddr(t *testing.T) {
	t.Parallel()
	const attempts = 10 // others may be faster, but not always
	for i := range attempts {
		addr := program.FreeAddr(t)
		l, err := net.Listen("tcp", addr)
		if err == nil {
			l.Close()
			return
		}
		if i == attempts-1 {
			t.Errorf("FreeAddr = %q: %v", addr, err)
		}
	}
}
