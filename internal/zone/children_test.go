package zone

import (
	"fmt"
	"slices"
	"testing"
)

func TestChildren(t *testing.T) {
	t.Parallel()
	var c children
	var all []*node
	check := func() {
		t.Helper()
		if c.count() != len(all) {
			t.Fatalf("count = %d, want %d", c.count(), len(all))
		}
		byLabel := func(a, b *node) int { return slices.Compare([]byte(a.label), []byte(b.label)) }
		if got := slices.SortedFunc(c.all(), byLabel); !slices.Equal(got, all) {
			t.Fatalf("all = %v, want %v", got, all)
		}
		for i := range 30 {
			label := fmt.Sprintf("%02d", i)
			at := slices.IndexFunc(all, func(n *node) bool { return n.label == label })
			if got := c.get([]byte(label)); at < 0 && got != nil || at >= 0 && got != all[at] {
				t.Fatalf("get(%s) = %v with %d children", label, got, len(all))
			}
		}
	}
	for i := range 20 {
		all = append(all, &node{label: fmt.Sprintf("%02d", i)})
		c.add(all[i])
		check()
	}
	for i := 3; len(all) > 0; i += 7 {
		i %= len(all)
		c.remove(all[i])
		all = slices.Delete(all, i, i+1)
		check()
	}
}
