package main

// Rows with the load generator and the sink of Postfix, if they are installed.

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// sourceRows returns the rows whose load comes from smtp-source.
func sourceRows() []row {
	make := func(r row, size int, options ...string) row {
		r.cpus, r.rate, r.peer = 2, true, "rawnet"
		r.goals = []goal{{"ours", 0.9, "rawnet"}}
		for _, p := range smtpPeers() {
			if p.name == "smtpmock" && len(options) > 0 {
				continue // it would keep only the last message of a connection
			}
			r.contestants = append(r.contestants, contestant{p.name, func(b *testing.B) {
				s := p.start(b)
				defer s.Stop()
				source(b, s.Addr(), size, options)
				if got := s.Count(); got != b.N {
					b.Fatalf("%d messages stored, want %d", got, b.N)
				}
			}})
		}
		if _, err := exec.LookPath("smtp-sink"); err == nil {
			r.contestants = append(r.contestants, contestant{"smtpsink", func(b *testing.B) {
				addr, stop := startSink(b)
				defer stop()
				source(b, addr, size, options)
			}})
		}
		return r
	}
	if _, err := exec.LookPath("smtp-source"); err != nil {
		return nil
	}
	return []row{
		make(row{name: "Source64x1KiBKept", about: "smtp-source, 64 sessions, 1 KiB, kept connections", benchtime: "20000x"}, 1<<10, "-d"),
		make(row{name: "Source64x1MiB", about: "smtp-source, 64 sessions, 1 MiB, one connection each", benchtime: "500x"}, 1<<20),
	}
}

// source sends b.N messages with smtp-source.
func source(b *testing.B, addr string, size int, options []string) {
	args := append([]string{"-s", strconv.Itoa(min(64, b.N)), "-m", strconv.Itoa(b.N), "-l", strconv.Itoa(size),
		"-M", "client.example", "-f", "shop@shop.example", "-t", "bob@qq.com"}, options...)
	cmd := exec.Command("smtp-source", append(args, addr)...)
	b.ResetTimer()
	out, err := cmd.CombinedOutput()
	b.StopTimer()
	if err != nil {
		b.Fatalf("smtp-source: %v: %s", err, bytes.TrimSpace(out))
	}
}

// startSink starts smtp-sink on a free port.
func startSink(b *testing.B) (addr string, stop func()) {
	l := listen(b)
	addr = l.Addr().String()
	l.Close()
	args := []string{"inet:" + addr, "1000"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	cmd := exec.Command("smtp-sink", args...)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	// smtp-sink does not say when it listens and does not accept a socket, so connect to it until it accepts.
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return addr, stop
		}
	}
	stop()
	b.Fatal(fmt.Errorf("smtp-sink does not listen on %s", addr))
	return "", nil
}
