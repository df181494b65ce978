package imap

import (
	"strings"
	"testing"
)

func TestMatchList(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 255)
	for _, test := range []struct {
		reference, pattern, name string
		want                     bool
	}{
		{"", "*", "a/b", true},
		{"", "%", "a/b", false},
		{"", "%", "a", true},
		{"", "%/%", "a/b", true},
		{"", "%/%", "a/b/c", false},
		{"", "%*", "a/b/c", true},
		{"", "*%", "a/b/c", true},
		{"", "a%c", "abc", true},
		{"", "a%c", "a/c", false},
		{"", "a*c", "a/c", true},
		{"", "a*c", "a/cd", false},
		{"", "%a/%", "ba/x", true},
		{"", "%b%/*c", "abab/x/c", true},
		{"", "", "", true},
		{"", "", "a", false},
		{"", "abc", "abc", true},
		{"", "ab", "abc", false},
		{"", "abcd", "abc", false},
		{"", "*", "", true},
		{"a", "%", "a/b", true},
		{"a/", "%", "a/b", true},
		{"a", "%", "b/c", false},
		{"a", "/%", "b", true},
		{"", strings.Repeat("*a", 100) + "b", long, false}, // each star could end at any letter
		{"", strings.Repeat("%a", 100) + "b", long, false},
		{"", strings.Repeat("*%", 100) + "b", long, false},
		{"", strings.Repeat("*a%", 100), long, true},
	} {
		if got := matchList(test.reference, test.pattern, test.name); got != test.want {
			t.Errorf("pattern %q below %q matches %q: %t, want %t", test.pattern, test.reference, test.name, got, test.want)
		}
	}
}
