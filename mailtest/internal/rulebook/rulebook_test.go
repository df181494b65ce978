package rulebook

import (
	"testing"
	"testing/synctest"
	"time"
)

// Rules that are used up are out of the way.
func TestBook(t *testing.T) {
	t.Parallel()
	const n, noop, rset, mail = 1000, 1, 2, 3
	var b Book[int]
	for i := range n {
		b.Add(i, noop, 0, Limits{Times: 1})
		b.Add(-1, rset, 0, Limits{})
	}
	at := func(stage uint8) int { return len(b.Open(stage)) }
	if at(noop) != n || at(rset) != n || at(mail) != 0 || !b.Has(noop) || b.Has(mail) || b.Empty() {
		t.Fatalf("got %d, %d and %d rules, want %d, %d and 0", at(noop), at(rset), at(mail), n, n)
	}
	all := func(*Entry[int]) bool { return true }
	for i := range n {
		e := b.Use(noop, all)
		if e == nil || e.Rule != i || e.Number != 2*i+1 {
			t.Fatalf("turn %d is decided by %+v", i+1, e)
		}
	}
	if at(noop) != 0 || at(rset) != n || b.Use(noop, all) != nil {
		t.Errorf("%d rules are in the way when all are used up", at(noop))
	}
	if got := len(b.Unused()); got != n {
		t.Errorf("%d rules are unused, want those of the other stage, %d", got, n)
	}
	if got, ok := b.Rule(3); !ok || got != 1 {
		t.Errorf("rule 3 = %d, %t", got, ok)
	}
	b.Clear()
	b.Add(7, mail, 0, Limits{})
	if got, ok := b.Rule(2*n + 1); !ok || got != 7 {
		t.Errorf("the rule after those that are gone = %d, %t", got, ok)
	}
	if _, ok := b.Rule(1); ok {
		t.Error("a rule is still there after Clear")
	}
	b.Clear()
	if !b.Empty() || at(rset) != 0 || b.Use(rset, all) != nil {
		t.Error("rules remain after Clear")
	}
}

// A rule that acts later is used when it does, and by as many turns as it may be.
func TestActLater(t *testing.T) {
	t.Parallel()
	const body = 1
	var b Book[string]
	b.Add("late", body, 0, Limits{Skip: 1, Times: 2})
	b.Add("early", body, 0, Limits{})
	all := func(*Entry[string]) bool { return true }
	find := func() *Entry[string] {
		return b.Find(body, all, func(e *Entry[string]) bool { return e.Rule == "late" })
	}
	var late []*Entry[string]
	for i, want := range []string{"early", "late", "late", "late"} {
		e := find()
		if e.Rule != want {
			t.Errorf("turn %d: found %q, want %q", i+1, e.Rule, want)
		}
		if e.Rule == "late" {
			late = append(late, e)
		}
	}
	if got := len(b.Unused()); got != 1 {
		t.Errorf("%d rules are unused while one has not acted, want 1", got)
	}
	for i, e := range late {
		if got, want := b.Act(e), i < 2; got != want {
			t.Errorf("use %d of a rule that acts twice = %v", i+1, got)
		}
	}
	if e := find(); e.Rule != "early" {
		t.Errorf("after all uses: found %q, want %q", e.Rule, "early")
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			name   string
			limits Limits
			want   string // a letter a minute: whether the rule acts
		}{
			{"always", Limits{}, "yyyyyy"},
			{"times", Limits{Times: 2}, "yynnnn"},
			{"skip", Limits{Skip: 2}, "nnyyyy"},
			{"skip and times", Limits{Skip: 1, Times: 2}, "nyynnn"},
			{"begin", Limits{Begin: 2 * time.Minute}, "nnyyyy"},
			{"for", Limits{For: 2 * time.Minute}, "yynnnn"},
			{"begin and for", Limits{Begin: time.Minute, For: 2 * time.Minute}, "nyynnn"},
			{"begin and skip", Limits{Begin: time.Minute, Skip: 1, Times: 1}, "nnynnn"},
		}
		books := make([]Book[bool], len(tests))
		for i := range tests {
			books[i].Add(true, 1, -1, tests[i].limits)
		}
		got := make([]string, len(tests))
		for range 6 {
			for i := range books {
				letter := "n"
				if e := books[i].Use(1, func(e *Entry[bool]) bool { return e.Rule }); e != nil {
					letter = "y"
				}
				got[i] += letter
			}
			time.Sleep(time.Minute)
		}
		for i, tt := range tests {
			if got[i] != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got[i], tt.want)
			}
		}
	})
}
