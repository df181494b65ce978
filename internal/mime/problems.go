package mime

// Problems: what could not be decoded as it was labelled.

import "fmt"

// MaxProblems bounds the list of problems of a message, and of every single thing in it.
const MaxProblems = 100

// Problems are what could not be decoded as it was labelled: a sentence each, for people. The zero value has none.
type Problems []string

// full returns whether no more are noted. To ask before spares the memory of the arguments, where
// there may be many.
func (p *Problems) full() bool { return len(*p) >= MaxProblems }

// Addf adds a problem, unless there are enough of them.
func (p *Problems) Addf(format string, args ...any) {
	if !p.full() {
		*p = append(*p, fmt.Sprintf(format, args...))
	}
}

// Clip shortens text from a message for use in a problem.
func Clip[T string | []byte](s T) string {
	const most = 60
	if len(s) <= most {
		return string(s)
	}
	return string(s[:most]) + "…"
}
