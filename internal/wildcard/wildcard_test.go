package wildcard

import "testing"

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"250 OK", "250 OK", true}, {"250 OK", "250 OK!", false}, {"250 *", "250 ", true}, {"*", "", true},
		{"250*OK", "250 2.0.0 OK", true}, {"250*OK", "250 2.0.0 OK.", false}, {"a*b*c", "axbxc", true}, {"a*b*c", "axc", false},
		{"a*a", "a", false}, {"", "", true}, {"", "a", false}, {"**", "x", true}, {"a*b*b", "ab", false},
	} {
		if got := Match(test.pattern, test.text); got != test.want {
			t.Errorf("Match(%q, %q) = %v, want %v", test.pattern, test.text, got, test.want)
		}
	}
}
