package main

// Rows: the measurements, their contestants, and their goals.

import (
	"fmt"
	"testing"
	"time"
)

// row is one measurement, with all its contestants.
type row struct {
	name        string
	about       string
	cpus        int    // GOMAXPROCS: 1 for latencies, since a dialogue may or may not cross processors
	benchtime   string // the value of -benchtime
	rate        bool   // operations per second are compared and printed
	metric      string // the unit that is compared; empty means ns/op
	prepared    bool   // most of the work is done before the measurement, so processor time says nothing
	heavy       bool   // it is measured by a program of its own: see heavy.go
	peer        string // the contestant that the others are compared with
	contestants []contestant
	goals       []goal
}

// contestant is one implementation that is measured.
type contestant struct {
	name string
	f    func(*testing.B)
}

// goal is what a contestant should reach: a ratio to a peer or, without a peer, a number in the unit of the row.
type goal struct {
	who   string
	limit float64
	peer  string
}

func (r *row) unit() string {
	if r.metric == "" {
		return "ns/op"
	}
	return r.metric
}

// time returns the benchtime: a duration, or a count such as "400x".
func (r *row) time(quick bool) string {
	if !quick {
		return r.benchtime
	}
	if d, err := time.ParseDuration(r.benchtime); err == nil {
		return (d / 10).String()
	}
	var n int
	if _, err := fmt.Sscanf(r.benchtime, "%dx", &n); err != nil {
		panic(fmt.Sprintf("row %s: benchtime %q", r.name, r.benchtime))
	}
	return fmt.Sprintf("%dx", max(1, n/10))
}

// relate returns the ratio of v to the value of the peer, or the ratio of their rates if the row compares rates.
func (r *row) relate(v, peer float64) float64 {
	if r.rate {
		return peer / v
	}
	return v / peer
}

func (r *row) format(v float64) string {
	switch {
	case r.metric != "":
		return fmt.Sprintf("%.0f %s", v, r.metric)
	case r.rate:
		return fmt.Sprintf("%.0f/s", 1e9/v)
	}
	return fmt.Sprintf("%.1f µs", v/1e3)
}

// rows returns all rows, in the order of the table.
func rows() []row {
	all := append(kernelRows(), smtpRows()...)
	all = append(all, sourceRows()...)
	all = append(all, memoryRows()...)
	all = append(all, dnsRows()...)
	all = append(all, worldRows()...)
	return append(all, readRows()...)
}
