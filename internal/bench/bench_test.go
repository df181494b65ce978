package main

import (
	"os"
	"runtime"
	"testing"
)

// TestMain is for the client of the loads, which is another process of this program.
func TestMain(m *testing.M) {
	runAsClient()
	os.Exit(m.Run())
}

// BenchmarkRows is the table for those who want go test -bench: without rounds, and all in one process. Use
// -bench 'Rows/OneMail/' to choose.
func BenchmarkRows(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(r.cpus, runtime.NumCPU())))
			for _, c := range r.contestants {
				b.Run(c.name, c.f)
			}
		})
	}
}
