package mailtest

import "testing"

// Rules that are used up are out of the way, and back in it when a use is taken back.
func TestRuleBook(t *testing.T) {
	t.Parallel()
	srv := New(t)
	const n = 1000
	for range n {
		srv.AddRules(Rule{At: Noop, Times: 1, Reply: "451 no"}, Rule{At: Rset, Reply: "451 no"})
	}
	at := func(stage Stage) int { return len(srv.state.rules.open(stage)) }
	if at(Noop) != n || at(Rset) != n || at(Mail) != 0 {
		t.Fatalf("got %d, %d and %d rules, want %d, %d and 0", at(Noop), at(Rset), at(Mail), n, n)
	}
	for i := range n {
		r := srv.rule(&Attempt{Stage: Noop})
		if r != srv.state.rules.all[2*i] {
			t.Fatalf("turn %d is decided by %+v", i+1, r)
		}
		if i == n/2 {
			srv.unuse(r)
			if again := srv.rule(&Attempt{Stage: Noop}); again != r {
				t.Fatalf("a rule that has not acted after all is followed by %+v", again)
			}
		}
	}
	if at(Noop) != 0 || at(Rset) != n || srv.rule(&Attempt{Stage: Noop}) != nil {
		t.Errorf("%d rules are in the way when all are used up", at(Noop))
	}
}
