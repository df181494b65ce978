package mailstore

// How a Maildir is read while other programs rename its files.

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestGather looks at a directory with the messages a, b and c, which another program changes. Each look sees the
// messages of a word; with a star, the directory changed meanwhile.
func TestGather(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ looks, want string }{
		{"abc", "abc"},
		{"ab* c", "abc"},
		{"a* a* a* b* a* a* c", "abc"},
		{"ab ab ab ab c", "ab"},
		{"ab* ab* ab ab* ab abc", "abc"},
		{strings.Repeat("ab* ", 21) + "c", "ab"},
	} {
		rest := strings.Fields(test.looks)
		look := func() (map[string]string, bool, error) {
			seen, busy := strings.CutSuffix(rest[0], "*")
			rest = rest[1:]
			files := make(map[string]string)
			for _, name := range strings.Split(seen, "") {
				files[name] = "cur/" + name
			}
			return files, busy, nil
		}
		files, err := gather(look, func(files map[string]string) bool { return len(files) < 3 })
		if got := strings.Join(slices.Sorted(maps.Keys(files)), ""); got != test.want || err != nil {
			t.Errorf("after %q: got %q, %v, want %q", test.looks, got, err, test.want)
		}
	}
}
