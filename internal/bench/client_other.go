//go:build !linux

package main

// Connections of the load: those of package net here.

import (
	"errors"
	"net"
)

func dialRaw(addr string) (connection, error) { return net.Dial("tcp", addr) }

func serveRaw() (addr string, stop func(), err error) {
	return "", nil, errors.New("system calls are measured on Linux only")
}
