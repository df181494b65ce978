package question

// The habits of the stub resolver of package net: how often it asks, how long it waits, and which suffixes it
// appends. They are observed once, when the package is initialized.

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/seed078e9d8c/maillab/internal/memnet"
)

// Stub has the habits of the resolver of package net on this machine.
var Stub = observe()

// Habits are those of a stub resolver.
type Habits struct {
	Questions int           // before it gives up a name
	Timeout   time.Duration // of each
	suffixes  []string      // the search list, with a dot at both ends of each
}

// observe looks up names for which it gives no answers, and watches the questions. It has a second purpose: the
// first look-up of the process happens outside any synctest bubble. Package net keeps channels of that look-up. If
// they belonged to a bubble, the next look-up elsewhere would end the process (golang/go#80903).
func observe() Habits {
	const name = "mxmock.invalid"
	var mu sync.Mutex
	h := Habits{Timeout: 5 * time.Second}
	count := func(ctx context.Context, _, _ string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		h.Questions++
		if end, ok := ctx.Deadline(); ok {
			h.Timeout = time.Until(end).Round(time.Second)
		}
		return nil, errors.New("mxmock: no look-up is meant to succeed here")
	}
	listen := func(ctx context.Context, network, _ string) (net.Conn, error) {
		if !strings.HasPrefix(network, "udp") {
			return nil, errors.ErrUnsupported
		}
		return memnet.Datagram(&net.UDPAddr{}, &net.UDPAddr{}, func(packet []byte, send func([]byte)) {
			q := new(dns.Msg)
			if q.Unpack(packet) != nil || len(q.Question) != 1 {
				return
			}
			if suffix, ok := strings.CutPrefix(q.Question[0].Name, name); ok && suffix != "." {
				mu.Lock()
				h.suffixes = append(h.suffixes, strings.ToLower(suffix))
				mu.Unlock()
			}
			if refusal, err := new(dns.Msg).SetRcode(q, dns.RcodeNameError).Pack(); err == nil {
				send(refusal)
			}
		}), nil
	}
	(&net.Resolver{PreferGo: true, Dial: count}).LookupHost(context.Background(), name+".")
	(&net.Resolver{PreferGo: true, Dial: listen}).LookupMX(context.Background(), name)
	mu.Lock()
	defer mu.Unlock()
	h.Questions = max(1, h.Questions/2) // A and AAAA
	return h
}

// Unsuffixed returns the name that a stub resolver was asked for before it appended a suffix of its search list.
func (h *Habits) Unsuffixed(name string) (string, bool) {
	for _, suffix := range h.suffixes {
		if base, ok := strings.CutSuffix(name, suffix); ok && base != "" {
			return base + ".", true
		}
	}
	return name, false
}
