package main

// The relay, which sends chosen mail to a real server. It is off unless flags say otherwise.

import (
	"context"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mailtest/mailbox"
)

// release sends a message to those of its recipients that match -relay-to.
func (s *sandbox) release(ctx context.Context, m *mailtest.Message) error {
	if s.o.relay == "" {
		return nil
	}
	chosen := slices.DeleteFunc(slices.Clone(m.Envelope.To), func(r mailtest.Recipient) bool {
		ok, _ := path.Match(strings.ToLower(s.o.relayTo), strings.ToLower(r.Address))
		return !ok
	})
	if len(chosen) == 0 {
		return nil
	}
	copy := *m
	copy.Envelope.To = chosen
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.o.relay)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := mailbox.Deliver(conn, &copy); err != nil {
		return fmt.Errorf("%s: %w", s.o.relay, err)
	}
	return nil
}
