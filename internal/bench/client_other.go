//go:build !linux

package main

// The connections of a load on other systems, which use package net.

import (
	"errors"
	"net"
)

func dialRaw(addr string) (connection, error) { return net.Dial("tcp", addr) }

func serveRaw() (addr string, stop func(), err error) {
	return "", nil, errors.New("system calls are measured on Linux only")
}
