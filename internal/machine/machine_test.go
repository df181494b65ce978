package machine

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// skipper notes why a test is skipped.
type skipper struct {
	testing.TB
	why string
}

func (s *skipper) Helper() {}

func (s *skipper) Skipf(format string, args ...any) {
	s.why = fmt.Sprintf(format, args...)
	panic(s)
}

// skipped returns why need skips a test; "" if it does not.
func skipped(tb testing.TB, need func(testing.TB)) string {
	s := &skipper{TB: tb}
	func() {
		defer func() {
			if v := recover(); v != nil && v != s {
				panic(v)
			}
		}()
		need(s)
	}()
	return s.why
}

func TestNeed(t *testing.T) {
	for _, test := range []struct {
		name, want string
		need       func(testing.TB)
	}{
		{"address", "this machine has no such address", func(tb testing.TB) { needAddress(tb, "192.0.2.1:0", "no such address") }},
		{"few files", "", func(tb testing.TB) { NeedFiles(tb, 2) }},
	} {
		if why := skipped(t, test.need); !strings.HasPrefix(why, test.want) || test.want == "" && why != "" {
			t.Errorf("%s: skipped with %q, want %q", test.name, why, test.want)
		}
	}
	if dir := TempDir(t); !filepath.IsAbs(dir) {
		t.Errorf("got directory %q", dir)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	t.Setenv("TMP", filepath.Join(t.TempDir(), "none")) // on Windows
	if why := skipped(t, func(tb testing.TB) { TempDir(tb) }); !strings.HasPrefix(why, "no temporary directory can be made") {
		t.Errorf("skipped with %q", why)
	}
}

func TestFilesInMemory(t *testing.T) {
	elsewhere := t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	if FilesInMemory(); os.Getenv("TMPDIR") != elsewhere {
		t.Errorf("TMPDIR is %q, want it as it was", os.Getenv("TMPDIR"))
	}
	t.Setenv("TMPDIR", "")
	FilesInMemory()
	if dir, err := os.MkdirTemp("", "machine"); err != nil {
		t.Errorf("no temporary directory can be made with TMPDIR = %q: %v", os.Getenv("TMPDIR"), err)
	} else {
		os.Remove(dir)
	}
}

func TestCollectRarely(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	for _, test := range []struct {
		env  string
		want int
	}{{"50", 100}, {"", 1600}} {
		t.Setenv("GOGC", test.env)
		CollectRarely()
		if got := debug.SetGCPercent(100); got != test.want {
			t.Errorf("with GOGC=%s the percentage is %d, want %d", test.env, got, test.want)
		}
	}
}

func TestRunMore(t *testing.T) {
	was := flag.CommandLine
	defer func() { flag.CommandLine = was }()
	for _, test := range []struct{ name, set, want string }{
		{"no flag", "", strconv.Itoa(2 * runtime.GOMAXPROCS(0))}, {"-parallel", "test.parallel", "3"}, {"-fuzz", "test.fuzz", "1"},
	} {
		flag.CommandLine = flag.NewFlagSet("test", flag.PanicOnError)
		flag.Int("test.parallel", 1, "")
		flag.String("test.fuzz", "", "")
		if test.set != "" {
			if err := flag.Set(test.set, "3"); err != nil {
				t.Fatal(err)
			}
		}
		flag.CommandLine.Parse(nil)
		RunMore()
		if got := flag.Lookup("test.parallel").Value.String(); got != test.want {
			t.Errorf("%s: %s tests run at once, want %s", test.name, got, test.want)
		}
	}
}

// A connection that has hung up has ended although there is a copy of its socket.
func TestHangUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if runtime.GOOS != "windows" { // where a socket has no copies
		f, err := client.(*net.TCPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	HangUp(client)
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v, want io.EOF", err)
	}
}
