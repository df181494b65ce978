package inspect

import (
	"reflect"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest/lint"
)

func TestMark(t *testing.T) {
	t.Parallel()
	at := func(line int, text string) lint.Finding {
		return lint.Finding{Line: line, Severity: lint.Error, Text: text}
	}
	for _, test := range []struct {
		text     string
		findings []lint.Finding
		want     []piece
	}{
		{"", nil, nil},
		{"a\r\nb\r\n", nil, []piece{{Text: "a\r\nb\r\n"}}},
		{"a\r\nb\r\nc", []lint.Finding{at(2, "x"), at(2, "y"), at(0, "whole"), at(9, "cut off")},
			[]piece{{Text: "a\r\n"}, {"b", 2, []string{"error: x", "error: y"}}, {Text: "c"}}},
		{"a\nb", []lint.Finding{at(1, "x"), at(2, "y")}, []piece{{"a", 1, []string{"error: x"}}, {"b", 2, []string{"error: y"}}}},
	} {
		if got := mark(test.text, test.findings); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %+v, want %+v", test.text, got, test.want)
		}
	}
}
