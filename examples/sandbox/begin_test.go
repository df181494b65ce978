package main

// Helpers of the tests that run a sandbox and read its output.

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// asProgram has the test binary be the sandbox, with the arguments in this variable, one a line.
const asProgram = "MAILLAB_SANDBOX"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(asProgram); ok {
		os.Args = append([]string{"sandbox"}, strings.Split(args, "\n")...)
		main()
	}
	goleak.VerifyTestMain(m)
}

// free are flags for ports that are free.
var free = []string{"-smtp", "127.0.0.1:0", "-submission", "127.0.0.1:0", "-http", "127.0.0.1:0", "-dns", "127.0.0.1:0", "-pop3", "127.0.0.1:0", "-imap", "127.0.0.1:0"}

// output is what the sandbox prints. Reads wait for a line that matches.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until the output matches, and returns the submatches.
func (o *output) await(t *testing.T, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(20 * time.Second)
	for {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		select {
		case <-o.more:
		case <-deadline:
			t.Fatalf("the sandbox does not print %s:\n%s", pattern, o)
		}
	}
}

// address waits for a door.
func (o *output) address(t *testing.T, door string) string {
	t.Helper()
	return o.await(t, `(?m)^  `+door+` +(?:http://)?(\S+)`)[1]
}

// begin runs a sandbox until the end of the test, and returns what it prints once it is ready.
func begin(t *testing.T, args ...string) *output {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, errors := newOutput(), newOutput()
	done := make(chan int, 1)
	go func() { done <- run(ctx, append(append([]string{}, free...), args...), out, errors) }()
	t.Cleanup(func() {
		cancel()
		select {
		case code := <-done:
			if code != 0 || errors.String() != "" {
				t.Errorf("exit code %d, %s", code, errors)
			}
		case <-time.After(5 * time.Second):
			t.Error("the sandbox does not end")
		}
	})
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		for !strings.Contains(out.String(), "Ctrl-C") && ctx.Err() == nil {
			<-out.more
		}
	}()
	select {
	case <-ready:
	case code := <-done:
		done <- 0
		t.Fatalf("exit code %d: %s", code, errors)
	}
	return out
}

// get asks the page.
func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
