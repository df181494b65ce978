package mime

// Tests of headers and boundaries.

import (
	"slices"
	"testing"
)

func TestAppendFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		raw      string
		want     []FieldSpan
		body     int
		problems int
	}{
		{"", nil, 0, 0},
		{"\r\nHello", nil, 2, 0},
		{"A: b\r\n\r\nHello", []FieldSpan{{1, 6}}, 8, 0},
		{"A: b\r\n c\r\nD : e\n\nHello", []FieldSpan{{1, 10}, {1, 16}}, 17, 0},
		{"From bob Mon Jan  5\nA: b\n\n", []FieldSpan{{0, 20}, {1, 25}}, 26, 0},
		{"A: b\nHello\n", []FieldSpan{{1, 5}}, 5, 1},
		{"A: b\nHello\nX-C: d\n\n", []FieldSpan{{1, 5}, {0, 11}, {3, 18}}, 19, 1},
		{"A: b;\nname=x\n\n", []FieldSpan{{1, 13}}, 14, 1},
		{"A: b\r\n--outer\r\n", []FieldSpan{{1, 4}}, 4, 0}, // whose line end is the boundary's
		{"--outer--\r\n", nil, 0, 0},
		{"--other\r\n", nil, 0, 1},
	} {
		b := NewBoundaries([]byte(tt.raw))
		b.Open("outer")
		var bad Problems
		got, body := b.AppendFields(nil, 0, &bad)
		if !slices.Equal(got, tt.want) || body != tt.body || len(bad) != tt.problems {
			t.Errorf("%q: fields %v, body at %d, problems %q; want %v, %d and %d problems", tt.raw, got, body, bad, tt.want, tt.body, tt.problems)
		}
	}
}
