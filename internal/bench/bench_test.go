package main

import (
	"os"
	"runtime"
	"testing"
)

// TestMain runs the client of a load if this process was started as one.
func TestMain(m *testing.M) {
	runAsClient()
	os.Exit(m.Run())
}

// BenchmarkRows measures the table with go test -bench: without rounds, and in one process. Use -bench 'Rows/OneMail/'
// to choose rows, and -tags heavy for the heavy ones.
func BenchmarkRows(b *testing.B) {
	for _, r := range rows() {
		b.Run(r.name, func(b *testing.B) {
			if r.heavy != isHeavy {
				b.Skip("with the tag heavy, or without it")
			}
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(r.cpus, runtime.NumCPU())))
			for _, c := range r.contestants {
				b.Run(c.name, c.f)
			}
		})
	}
}
