package main

// Profiles of one contestant, which show where its time and its allocations go.

import (
	"log"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiles starts to write profiles to the named files, and returns a func that ends them.
func profiles(cpu, memory string) (stop func()) {
	create := func(name string) *os.File {
		f, err := os.Create(name)
		if err != nil {
			log.Fatal(err)
		}
		return f
	}
	var ends []func()
	if cpu != "" {
		f := create(cpu)
		if err := pprof.StartCPUProfile(f); err != nil {
			log.Fatal(err)
		}
		ends = append(ends, func() { pprof.StopCPUProfile(); f.Close() })
	}
	if memory != "" {
		runtime.MemProfileRate = 4096
		ends = append(ends, func() {
			f := create(memory)
			pprof.Lookup("allocs").WriteTo(f, 0)
			f.Close()
		})
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}
