package mxmock

// DNS rules that cannot act are out of the way.

import (
	"fmt"
	"slices"
	"testing"
)

func TestDNSRules(t *testing.T) {
	t.Parallel()
	const n = 1000
	var rules dnsRules
	add := func(text string) *dnsRuleState {
		r, err := newDNSRuleState(DNSRule{Question: text, Times: 1, Fault: ServFail})
		if err != nil {
			t.Fatal(err)
		}
		r.number = len(rules.all) + 1
		rules.add(r)
		return r
	}
	numbers := func(ls ruleLists, name string) (numbers []int) {
		for r := range ls.about(name) {
			numbers = append(numbers, r.number)
		}
		return numbers
	}
	for i := range n {
		add("mx qq.com")
		add(fmt.Sprintf("mx q%d.example", i))
	}
	add("any *.example")
	last := add("mx q7.example")
	if got, want := numbers(rules.open, "q7.example."), []int{16, 2*n + 1, 2*n + 2}; !slices.Equal(got, want) {
		t.Errorf("the rules about q7.example are %v, want %v", got, want)
	}
	for i := range n {
		if got := numbers(rules.open, "qq.com."); len(got) != n-i+1 || got[0] != 2*i+1 {
			t.Fatalf("after %d look-ups, the rules about qq.com are %v", i, got)
		}
		for r := range rules.open.about("qq.com.") {
			rules.use(r)
			break
		}
	}
	if got, want := numbers(rules.open, "qq.com."), []int{2*n + 1}; !slices.Equal(got, want) {
		t.Errorf("the rules about qq.com are %v when all are used up, want %v", got, want)
	}
	if got := len(numbers(rules.named, "qq.com.")); got != n+1 {
		t.Errorf("%d rules are about qq.com, want %d", got, n+1)
	}
	rules.remove(last.question)
	if got, want := numbers(rules.named, "q7.example."), []int{2*n + 1}; !slices.Equal(got, want) {
		t.Errorf("the rules about q7.example are %v after they were removed, want %v", got, want)
	}
	if got, want := numbers(rules.open, "qq.com."), []int{2*n + 1}; !slices.Equal(got, want) {
		t.Errorf("the rules about qq.com are %v after others were removed, want %v", got, want)
	}
}
