package enum

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	names := Names{1: "Close", 3: "Reset"}
	for v, want := range map[uint8]string{0: "none", 1: "Close", 2: "Drop(2)", 3: "Reset", 4: "Drop(4)", 255: "Drop(255)"} {
		if got := names.String("Drop", "none", v); got != want {
			t.Errorf("String of %d = %q, want %q", v, got, want)
		}
	}
	for v := range uint8(5) {
		text, err := names.Marshal("drop", v)
		if valid := v == 0 || v == 1 || v == 3; valid != (err == nil) {
			t.Errorf("Marshal(%d) = %q, %v; valid = %t", v, text, err, valid)
		}
		if err != nil {
			continue
		}
		for _, text := range []string{string(text), strings.ToUpper(string(text))} {
			got := uint8(99)
			if err := names.Unmarshal("drop", []byte(text), &got); err != nil || got != v {
				t.Errorf("Unmarshal(%q) = %d, %v, want %d", text, got, err, v)
			}
		}
	}
	got := uint8(99)
	err := names.Unmarshal("drop", []byte("Clos"), &got)
	if want := `drop "Clos": there is none of that name; want one of Close, Reset`; err == nil || err.Error() != want || got != 99 {
		t.Errorf("Unmarshal of an unknown name = %v, %d, want %s", err, got, want)
	}
	zero := Names{"KeepLF", "EndLF"}
	if err := zero.Unmarshal("BareLF", nil, &got); err == nil {
		t.Error("an empty text is read where zero has a name")
	}
}
