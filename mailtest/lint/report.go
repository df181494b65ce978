package lint

// This file collects findings: bounded in number, and in the order of place.

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	mostFindings = 10  // that are listed of one rule for one message or session
	mostText     = 400 // bytes of the text of a finding
	mostQuoted   = 60  // bytes of a piece of a message in it
)

// collector collects the findings about one message or session.
type collector struct {
	source string
	off    *[numRules]bool
	found  []found
	count  [numRules]int // of the rules that are off too
}

// found is a finding whose place is not yet a line: at is an offset in a message or the index of a
// turn, and -1 is no place.
type found struct {
	rule rule
	at   int
	part string
	text string
}

// add notes a finding, unless its rule is off or has found enough.
func (c *collector) add(r rule, part string, at int, format string, args ...any) {
	c.count[r]++
	switch {
	case c.off[r]:
	case c.count[r] <= mostFindings:
		c.found = append(c.found, found{r, at, part, clip(fmt.Sprintf(format, args...), mostText)})
	case c.count[r] == mostFindings+1:
		c.found = append(c.found, found{rule: r, at: at, part: part}) // the text will be the number of them
	}
}

// inOrder returns the findings in the order of their places. Line is left as the place, from 1.
func (c *collector) inOrder() []Finding {
	slices.SortStableFunc(c.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rule, b.rule))
	})
	var out []Finding
	for _, f := range c.found {
		if f.text == "" {
			f.text = fmt.Sprintf("and so on, %d times more", c.count[f.rule]-mostFindings)
		}
		info := &rules[f.rule]
		out = append(out, Finding{
			Source: c.source, Line: f.at + 1, Part: f.part, Text: f.text,
			Rule: info.Name, Severity: info.Severity, Section: info.Section, Fix: info.Fix,
		})
	}
	return out
}

// inLines returns the findings, whose places are offsets in raw, with line numbers.
func (c *collector) inLines(raw []byte) []Finding {
	out := c.inOrder()
	line, seen := 1, 0
	for i := range out {
		if at := min(out[i].Line-1, len(raw)); at >= 0 {
			line += bytes.Count(raw[seen:at], []byte{'\n'})
			seen = at
			out[i].Line = line
		}
	}
	return out
}

// count says how many things there are.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// source names a message or a session.
func source(kind string, number int) string {
	if number == 0 {
		return kind
	}
	return kind + " " + strconv.Itoa(number)
}

// quote quotes s, shortened to what fits into a line.
func quote[T string | []byte](s T) string {
	short := string(s[:min(len(s), mostQuoted+utf8.UTFMax)])
	if len(s) <= mostQuoted {
		return strconv.Quote(short)
	}
	short = clip(short, mostQuoted)
	return strconv.Quote(strings.TrimSuffix(short, "…")) + "…"
}

// clip shortens s to n bytes or a few less, and marks that.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := n; i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			n = i
			break
		}
	}
	return s[:n] + "…"
}
