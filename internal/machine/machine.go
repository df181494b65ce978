// Package machine checks that the machine has the things that tests need. If it lacks one, it skips the test, with
// a line that says so. It also makes better use of the machine: of its memory, and of its processors.
package machine

import (
	"flag"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// NeedIPv4 skips a test on a machine without the address 127.0.0.1.
func NeedIPv4(tb testing.TB) {
	tb.Helper()
	needAddress(tb, "127.0.0.1:0", "no IPv4")
}

// NeedIPv6 skips a test on a machine without the address ::1.
func NeedIPv6(tb testing.TB) {
	tb.Helper()
	needAddress(tb, "[::1]:0", "no IPv6")
}

func needAddress(tb testing.TB, address, missing string) {
	tb.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		tb.Skipf("this machine has %s: %v", missing, err)
	}
	l.Close()
}

// NeedFiles skips a test if the process can't open the given number of further files and sockets.
func NeedFiles(tb testing.TB, count int) {
	tb.Helper()
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for range count {
		f, err := os.Open(os.DevNull)
		if err != nil {
			tb.Skipf("this process can't open %d files more: %v", count, err)
		}
		files = append(files, f)
	}
}

// HangUp closes the connection of a client, so that the server can know it when HangUp returns. For a socket, closing alone is not
// enough: a program that another test starts has a copy of the socket for a moment, and only its end closes the connection.
func HangUp(conn net.Conn) {
	if c, ok := conn.(*net.TCPConn); ok {
		c.CloseWrite()
	}
	conn.Close()
}

// TempDir returns a temporary directory for the test, as [testing.TB.TempDir] does. It skips the test if none can
// be made.
func TempDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "machine")
	if err != nil {
		tb.Skipf("no temporary directory can be made: %v", err)
	}
	os.Remove(dir)
	return tb.TempDir()
}

// FilesInMemory makes the temporary directories of a process be in memory, for tests that wait for the disk thousands of
// times. It does nothing where TMPDIR says where they are, or the machine has no such place.
func FilesInMemory() {
	const memory = "/dev/shm" // of Linux
	if os.Getenv("TMPDIR") != "" {
		return
	}
	if dir, err := os.MkdirTemp(memory, "machine"); err == nil {
		os.Remove(dir)
		os.Setenv("TMPDIR", memory)
	}
}

// CollectRarely makes the garbage collector of a process begin at 64 MiB instead of 4 MiB, for tests that allocate much
// and keep little: they spend a quarter of their time in it otherwise. Above half a gigabyte, it collects as often as it
// must. It does nothing where GOGC says how often to collect.
func CollectRarely() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(1600)
		debug.SetMemoryLimit(512 << 20)
	}
}

// RunMore makes twice as many parallel tests run at once as there are processors, for tests that wait for sockets. It does
// nothing where the flag -parallel says how many, or where tests fuzz, whose workers the flag counts. TestMain calls it.
func RunMore() {
	if !flag.Parsed() {
		flag.Parse()
	}
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" || f.Name == "test.fuzz" })
	if !chosen {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))) // a flag of package testing
	}
}
