package main

// Rows that measure the limits of the kernel, and how far package net is from them.

import (
	"testing"
)

// kernelRows returns the rows that measure connections without mail. They compare processor time: a thread that blocks
// in a system call is idle until it is woken up, and a poller that is a little late finds several connections at once.
func kernelRows() []row {
	rows := []row{
		{name: "ConnectClose", about: "processor time to connect, accept, close; loopback", cpus: 2, benchtime: "20000x"},
		{name: "RoundTrip", about: "processor time for a byte there and back; loopback", cpus: 2, benchtime: "100000x"},
	}
	for i := range rows {
		l := load{Conns: 1, Echo: true, Single: i == 0}
		rows[i].peer, rows[i].metric = "kernel", "cpu-ns/op"
		rows[i].contestants = []contestant{
			{"net", func(b *testing.B) {
				addr, stop := serveNet(b)
				defer stop()
				l.Addr = addr
				l.measure(b)
			}},
			{"kernel", func(b *testing.B) {
				addr, stop, err := serveRaw()
				if err != nil {
					b.Fatal(err)
				}
				defer stop()
				l.Addr = addr
				l.measure(b)
			}},
		}
	}
	return rows
}

// serveNet does what serveRaw does, with package net.
func serveNet(tb testing.TB) (addr string, stop func()) {
	l := listen(tb)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 1)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			for {
				if _, err := conn.Read(b); err != nil {
					break
				}
				if _, err := conn.Write(b); err != nil {
					break
				}
			}
			conn.Close()
		}
	}()
	return l.Addr().String(), func() {
		l.Close()
		<-ended
	}
}
