// Package program runs the programs of others beside a test: name servers and mail servers to
// compare with. Every one is told to stop at the end of its test.
package program

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/seed078e9d8c/maillab/internal/loopback"
)

const (
	startPatience = 30 * time.Second // for a program to say that it is ready
	stopPatience  = 5 * time.Second  // for one to end by itself when it is interrupted
)

// Find returns the path of a program, and skips the test if it is not installed. It looks in
// /usr/sbin too, where servers are and which not everybody has in PATH.
func Find(tb testing.TB, name string) string {
	tb.Helper()
	for _, file := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(file); err == nil {
			return path
		}
	}
	tb.Skipf("%s is not installed", name)
	return ""
}

// FreeAddr returns a TCP address of the loopback interface, as "127.0.0.1:port", at which nobody
// listens, for a program that must be told its port. Who else asks the kernel for a port meanwhile
// may be faster.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts a program that goes on until it is interrupted, and returns when it is ready, which
// it says: its standard output or error has the text ready. If it ends before, or takes half a
// minute, the test ends. At the end of the test the program is interrupted and, if it has not ended
// after five seconds, killed; if the test has failed, its log then shows what the program said.
func Start(tb testing.TB, cmd *exec.Cmd, ready string) {
	tb.Helper()
	said := &output{sign: []byte(ready), seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = stopPatience
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	var end error // when it has ended
	go func() {
		defer close(ended)
		end = cmd.Wait()
	}()
	tb.Cleanup(func() {
		stop(cmd.Process, ended)
		if tb.Failed() {
			tb.Logf("%s (%v) said:\n%s", cmd.Path, cmd.ProcessState, said.text.Bytes())
		}
	})
	select {
	case <-said.seen:
	case <-ended:
		tb.Fatalf("%s ended before it was ready: %v", cmd.Path, end)
	case <-time.After(startPatience):
		tb.Fatalf("%s has not said %q within %v", cmd.Path, ready, startPatience)
	}
}

// stop ends a process, and waits until it has ended.
func stop(p *os.Process, ended <-chan struct{}) {
	kill := func() { p.Kill() }        // fails if it has just ended
	if p.Signal(os.Interrupt) != nil { // Windows has no such signal
		kill()
	}
	defer time.AfterFunc(stopPatience, kill).Stop()
	<-ended
}

// output keeps what a program says, and notices a sign in it.
type output struct {
	sign []byte
	seen chan struct{} // is closed then
	once sync.Once
	text bytes.Buffer // to be read when the program has ended
}

// Write is called by one goroutine, that of package exec.
func (o *output) Write(b []byte) (int, error) {
	from := max(0, o.text.Len()-len(o.sign))
	o.text.Write(b)
	if bytes.Contains(o.text.Bytes()[from:], o.sign) {
		o.once.Do(func() { close(o.seen) })
	}
	return len(b), nil
}
