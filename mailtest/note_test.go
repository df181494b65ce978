package mailtest

import (
	"encoding"
	"slices"
	"strings"
	"testing"
)

// Every kind has a name that can be read back, and words of its own; every kind of package wire has one here.
func TestKinds(t *testing.T) {
	t.Parallel()
	if i := slices.Index(noteKinds[:], 0); i >= 0 {
		t.Errorf("kind %d of the notes of package wire has none here", i)
	}
	if i := slices.Index(endingKinds[:], 0); i >= 0 {
		t.Errorf("kind %d of the endings of package wire has none here", i)
	}
	said := make(map[string]bool)
	check := func(name, text string, kind encoding.TextMarshaler, read encoding.TextUnmarshaler, back func() bool) {
		t.Helper()
		b, err := kind.MarshalText()
		if err != nil || string(b) != name || strings.Contains(name, "(") {
			t.Errorf("MarshalText of %s = %q, %v", name, b, err)
		}
		if err := read.UnmarshalText([]byte(strings.ToLower(name))); err != nil || !back() {
			t.Errorf("UnmarshalText of %s: %v, and it is not the same: %v", name, err, !back())
		}
		if text == name || text == "" || said[text] {
			t.Errorf("%s says %q, want words of its own", name, text)
		}
		said[text] = true
	}
	for k := LineBareLF; k <= ChunkUnfinished; k++ {
		var got NoteKind
		check(k.String(), Note{Kind: k, Count: 3, Offset: 2, Text: "text of " + k.String()}.String(), k, &got, func() bool { return got == k })
	}
	for k := ClientQuit; k <= ServerFailed; k++ {
		var got EndingKind
		check(k.String(), Ending{Kind: k}.String(), k, &got, func() bool { return got == k })
	}
	for _, v := range []encoding.TextMarshaler{NoteKind(200), EndingKind(200)} {
		if b, err := v.MarshalText(); err == nil {
			t.Errorf("MarshalText of %v = %q, want an error", v, b)
		}
	}
	for _, v := range []encoding.TextUnmarshaler{new(NoteKind), new(EndingKind)} {
		if err := v.UnmarshalText([]byte("none of them")); err == nil {
			t.Errorf("UnmarshalText into a %T gives no error", v)
		}
	}
	if got := (Ending{}).String(); got != "still open" {
		t.Errorf("the zero Ending says %q", got)
	}
}
