package main

import (
	"runtime"
	"testing"
)

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
