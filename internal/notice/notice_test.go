package notice

import "testing"

func TestList(t *testing.T) {
	t.Parallel()
	var l List
	l.Send()
	a, b := make(chan struct{}, 1), make(chan struct{}, 1)
	stopA, stopB := l.Add(a), l.Add(b)
	check := func(what string, c chan struct{}, want int) {
		t.Helper()
		if got := len(c); got != want {
			t.Errorf("%s: %d notices, want %d", what, got, want)
		}
		for len(c) > 0 {
			<-c
		}
	}
	l.Send()
	l.Send()
	check("a", a, 1)
	check("b", b, 1)
	stopA()
	stopA()
	l.Send()
	check("a after its stop", a, 0)
	check("b after the stop of a", b, 1)
	stopB()
	l.Send()
	check("b after its stop", b, 0)
	if l.all.Load() != nil {
		t.Error("the list is not empty after all have stopped")
	}
}
