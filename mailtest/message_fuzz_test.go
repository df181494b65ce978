package mailtest

// This file holds the fuzz targets of the decoder.

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed078e9d8c/maillab/mailtest/internal/corpus"
)

func FuzzParseMessage(f *testing.F) {
	for _, raw := range testMessages(f) {
		f.Add(raw)
	}
	for _, c := range corpus.Messages() {
		f.Add(c.Raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := checkInvariants(t, raw)
		if again := ParseMessage(bytes.Clone(raw)); !reflect.DeepEqual(m, again) {
			t.Errorf("two decodings differ:\n%s", cmp.Diff(m, again))
		}
	})
}
