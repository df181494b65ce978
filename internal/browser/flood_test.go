package browser

// Much mail while the page is open: the sandbox keeps what it is told to keep, and neither it nor the page grows.

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/memory"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The flood, and what is kept of it.
const (
	floodClients  = 4
	floodMessages = 20_000
	floodKept     = 500
	floodBody     = 10 << 10 // bytes, so that all messages have some 200 MB
)

// flooded is a sandbox that runs as a program.
type flooded struct {
	pid        int
	smtp, page string // addresses
	stop       func()
	ended      chan struct{}
	told       map[string]int // how often each subject was told, when it has ended
}

// startSandbox builds and starts a sandbox that keeps few messages.
func startSandbox(t *testing.T) *flooded {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sandbox")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", file, "./examples/sandbox")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the sandbox: %v\n%s", err, out)
	}
	const free = "127.0.0.1:0"
	cmd := exec.Command(file, "-json", "-max", strconv.Itoa(floodKept), "-smtp", free, "-http", free, "-submission", "", "-dns", "", "-pop3", "", "-imap", "")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &flooded{pid: cmd.Process.Pid, ended: make(chan struct{}), told: make(map[string]int)}
	s.stop = func() { cmd.Process.Signal(os.Interrupt); <-s.ended }
	ready := make(chan map[string]string, 1)
	go func() {
		defer close(s.ended)
		defer close(ready)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var line struct {
				Event, Subject string
				At             map[string]string
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Errorf("the sandbox prints %q: %v", lines.Bytes(), err)
			}
			switch line.Event {
			case "ready":
				ready <- line.At
			case "message":
				s.told[line.Subject]++
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the sandbox ends: %v", err)
		}
	}()
	t.Cleanup(s.stop)
	at := <-ready
	s.smtp, s.page = at["smtp"], "http://"+at["http"]
	return s
}

// flood sends all messages, and returns when the sandbox has accepted them.
func (s *flooded) flood(t *testing.T) {
	t.Helper()
	body := strings.Repeat(strings.Repeat("x", 62)+"\r\n", floodBody/64)
	var clients sync.WaitGroup
	for i := range floodClients {
		clients.Go(func() {
			c, err := smtp.Dial(s.smtp)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Quit()
			for n := i; n < floodMessages; n += floodClients {
				if err := deliver(c, fmt.Sprintf("Subject: Number %d\r\n\r\n%s", n, body)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
}

// mostMemory returns the most bytes of memory that the sandbox has had, as Linux counts them, or 0.
func (s *flooded) mostMemory() int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)
	if m == nil {
		return 0
	}
	kilobytes, _ := strconv.Atoi(string(m[1]))
	return kilobytes << 10
}

// load is what a page weighs in the browser.
type load struct{ heap, nodes, documents int }

func loadOf(t *testing.T, ctx context.Context) load {
	t.Helper()
	if _, err := chromedp.Call(ctx, heapprofiler.CollectGarbage, struct{}{}); err != nil {
		t.Fatal(err)
	}
	heap, err := chromedp.Call(ctx, runtime.GetHeapUsage, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	dom, err := chromedp.Call(ctx, memory.GetDOMCounters, struct{}{})
	if err != nil {
		t.Fatal(err)
	}
	return load{int(heap.UsedSize), int(dom.Nodes), int(dom.Documents)}
}

func TestFlood(t *testing.T) {
	t.Parallel()
	ctx := open(t, "")
	s := startSandbox(t)
	do(t, ctx, chromedp.Navigate(s.page), shows("No message yet"))
	if conn, err := smtp.Dial(s.smtp); err != nil {
		t.Fatal(err)
	} else {
		for n := range 200 { // so that the list is as long as it gets
			if err := deliver(conn, fmt.Sprintf("Subject: Early %d\r\n\r\n", n)); err != nil {
				t.Fatal(err)
			}
		}
		conn.Quit()
	}
	do(t, ctx, shows("Early 199"))
	before := loadOf(t, ctx)
	s.flood(t)
	conn, err := smtp.Dial(s.smtp)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := deliver(conn, "Subject: The last\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, shows("The last")) // without a reload
	after := loadOf(t, ctx)
	if after.heap > before.heap+4<<20 || after.nodes > 4*before.nodes || after.documents > before.documents+10 {
		t.Errorf("the page weighs %+v before and %+v after", before, after)
	}
	if most := s.mostMemory(); most > 150<<20 {
		t.Errorf("the sandbox had %d MB of memory", most>>20)
	}
	resp, err := http.Get(s.page + "/api/messages?limit=1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct {
		Total    int
		Messages []struct{ Subject string }
	}
	if text, err := io.ReadAll(resp.Body); err != nil {
		t.Error(err)
	} else if err := json.Unmarshal(text, &list); err != nil || list.Total < floodKept || len(list.Messages) != 1 || list.Messages[0].Subject != "The last" {
		t.Errorf("the page has %s, %v, want %d messages", text, err, floodKept)
	}
	s.stop()
	for n := range floodMessages {
		if times := s.told[fmt.Sprintf("Number %d", n)]; times != 1 {
			t.Fatalf("message %d was told %d times", n, times)
		}
	}
}
