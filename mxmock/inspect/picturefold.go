package inspect

// The shortening of long pictures: repeated exchanges are drawn once, connections become lines, and the number of
// steps is bounded.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a picture.
const (
	mostInFull  = 60  // events; in a longer journal, exchanges that differ in the names of questions are alike
	mostTurns   = 120 // steps; in a longer journal, a connection is one step
	mostDrawn   = 300 // steps
	mostRepeats = 24  // steps of an exchange that can be found to be repeated
	mostTitles  = 50  // lines of the title of a run of questions
)

// fold reduces the number of steps.
func (d *diagram) fold() {
	all := pairs(d.steps)
	if d.steps = repeats(all); len(d.steps) > mostTurns {
		d.steps = repeats(sessions(all))
	}
	if over := len(d.steps) - mostDrawn; over > 0 {
		at := mostDrawn * 2 / 3
		gap := step{kind: "more", said: plural(over, "step") + " not drawn", begin: d.steps[at].begin, end: d.steps[at+over].begin}
		d.steps = slices.Concat(d.steps[:at], []step{gap}, d.steps[at+over:])
	}
}

// pairs joins the two questions for the addresses of a name into one step.
func pairs(steps []step) []step {
	var out []step
	for _, s := range steps {
		if n := len(out); n > 0 && s.kind == "ask" && !s.failed && s.rule == 0 {
			last := &out[n-1]
			a, name, _ := strings.Cut(last.said, " ")
			b, other, _ := strings.Cut(s.said, " ")
			if last.kind == "ask" && !last.failed && last.rule == 0 && last.from == s.from && name == other && a != b && isAddress(a) && isAddress(b) {
				x, y := *last, s
				if a > b { // stubs ask for both at once, in any order
					a, b, x, y = b, a, s, *last
				}
				last.said, last.reply = a+", "+b+" "+name, joined(x.reply, y.reply)
				last.title, last.shape = x.title+"\n"+y.title, x.shape+y.shape
				last.end = s.end
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

func isAddress(rrtype string) bool { return rrtype == "A" || rrtype == "AAAA" }

// joined returns two answers as one.
func joined(a, b string) string {
	const empty = "NOERROR"
	switch {
	case a == empty:
		return b
	case b == empty:
		return a
	}
	return a + "; " + b
}

// repeats draws an exchange that happens three times or more in a row once.
func repeats(steps []step) []step {
	var out []step
	for i := 0; i < len(steps); {
		length, copies := 0, 0
		for p := 1; p <= mostRepeats && i+3*p <= len(steps); p++ {
			n := 1
			for i+(n+1)*p <= len(steps) && alike(steps[i:i+p], steps[i+n*p:i+(n+1)*p]) {
				n++
			}
			if n >= 3 && n*p > length*copies {
				length, copies = p, n
			}
		}
		if copies == 0 {
			out = append(out, steps[i])
			i++
			continue
		}
		out = append(out, steps[i:i+length]...)
		rest := steps[i+length : i+length*copies]
		what := "the same"
		if length > 1 {
			what = fmt.Sprintf("these %d steps", length)
		}
		more := step{kind: "more", said: fmt.Sprintf("%s %d times more", what, copies-1), begin: rest[0].begin, end: rest[len(rest)-1].end}
		more.shape = more.said
		if more.end > more.begin {
			more.said += ", until " + shortly(more.end)
		}
		out = append(out, more)
		i += length * copies
	}
	return out
}

// alike reports whether two exchanges are alike.
func alike(a, b []step) bool {
	return slices.EqualFunc(a, b, func(x, y step) bool { return x.shape == y.shape })
}

// sessions returns one step for each connection, and one for each run of questions that were answered.
func sessions(steps []step) []step {
	var out []step
	at := make(map[string]int) // the index of the step of a connection
	turns, mails := make(map[string]int), make(map[string]int)
	failure := make(map[string]string) // the last failure of a connection, in full
	first, asked := "", 0              // of a run of questions
	for _, s := range steps {
		if s.connection == "" {
			if n := len(out); n > 0 && s.kind == "ask" && out[n-1].kind == "ask" && !s.failed && !out[n-1].failed && out[n-1].from == s.from {
				last := &out[n-1]
				asked++
				last.said, last.reply, last.end = first+" and "+strconv.Itoa(asked)+" more", "", s.end
				switch {
				case asked < mostTitles:
					last.title += "\n" + s.title
				case asked == mostTitles:
					last.title += "\n…"
				}
				last.shape = fmt.Sprint("questions", s.from)
				continue
			}
			out = append(out, s)
			first, asked = s.said, 0
			continue
		}
		i, known := at[s.connection]
		if !known || s.kind == "dial" {
			i = len(out)
			at[s.connection] = i
			turns[s.connection], mails[s.connection], failure[s.connection] = 0, 0, ""
			out = append(out, s)
		}
		whole := &out[i]
		whole.end = max(whole.end, s.end)
		switch s.kind {
		case "smtp":
			turns[s.connection]++
		case "mail":
			mails[s.connection]++
		default:
			continue
		}
		whole.kind = "session"
		tally := plural(turns[s.connection], "turn") + ", " + plural(mails[s.connection], "message")
		if s.failed {
			failure[s.connection] = "\n" + s.title
		}
		whole.title = tally + failure[s.connection]
		if s.failed || !whole.failed {
			whole.reply, whole.failed, whole.temporary, whole.rule = tally, s.failed, s.temporary, max(whole.rule, s.rule)
			if s.failed {
				whole.reply = s.said + ": " + s.reply
			}
		}
		whole.shape = fmt.Sprint("session", whole.from, whole.to, whole.failed, whole.rule)
	}
	return out
}
