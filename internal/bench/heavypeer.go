//go:build heavy

package main

// The contestants of the heavy rows that need other packages.

import (
	"bytes"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"github.com/seed078e9d8c/maillab/mailtest"
	"github.com/seed078e9d8c/maillab/mxmock/inspect"
)

const isHeavy = true

func readEnmime(raw []byte) error {
	_, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	return err
}

// lookedAtEnmime measures what a test holds that keeps the bytes of messages beside what enmime reads in them.
func lookedAtEnmime(b *testing.B) {
	type looked struct {
		raw      []byte
		envelope *enmime.Envelope
	}
	for range b.N {
		before, _ := live()
		all := make([]looked, manyMessages/10)
		for i := range all {
			raw := message(1 << 10)
			envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
			if err != nil {
				b.Fatal(err)
			}
			all[i] = looked{bytes.Clone(raw), envelope}
		}
		after, _ := live()
		b.ReportMetric(float64(after-before)/(manyMessages/10), "B/msg")
		runtime.KeepAlive(all)
	}
}

// askPage measures a request for a page about a server with 50,000 messages.
func askPage(path string) func(*testing.B) {
	return func(b *testing.B) {
		srv := &mailtest.Server{}
		b.Cleanup(srv.Close)
		sendOrders(b, srv.Addr(), 50_000)
		page := &inspect.Page{Source: srv}
		b.Cleanup(page.Close)
		ask := func() {
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
			if w.Code != 200 || w.Body.Len() < 1000 {
				b.Fatalf("%s: %d", path, w.Code)
			}
		}
		ask() // decodes the messages, once
		for b.Loop() {
			ask()
		}
	}
}
