// Package program runs other programs beside a test, such as name servers and mail servers to compare with. It
// stops each of them at the end of its test.
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
	startPatience = 30 * time.Second // the time in which a program must say that it is ready
	stopPatience  = 5 * time.Second  // the time in which a program must end after an interrupt
)

// Find returns the path of a program, and skips the test if it is not installed. It also looks in /usr/sbin, where
// servers are, since PATH may lack that.
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

// FreeAddr returns a free TCP address of the loopback interface, such as "127.0.0.1:40122", for a program that must
// be told its port. Another process may take the port before the program does.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := loopback.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts a program that runs until it is interrupted. It returns when the program has written the text ready
// to its standard output or error. If the program ends before, or takes more than half a minute, the test ends. At
// the end of the test, the program is interrupted and, if it has not ended after five seconds, killed. If the test
// has failed, its log then shows the output of the program.
func Start(tb testing.TB, cmd *exec.Cmd, ready string) {
	tb.Helper()
	said := &output{sign: []byte(ready), seen: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.WaitDelay = stopPatience
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	var end error // the result of Wait
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

// output keeps the output of a program, and notices a text in it.
type output struct {
	sign []byte
	seen chan struct{} // closed when the text was seen
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
