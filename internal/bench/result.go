package main

// The results of a run: medians, ratios of contestants that were measured in the same round, and the table.

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// results has the values of all rounds, in order, by "row/contestant". The processor times of the same measurements
// are under the key, a space and the unit.
type results map[string][]float64

// read adds what a line of a benchmark says about a contestant; unit is the one that is compared.
func (s results) read(key, line, unit string) {
	if v, ok := value(line, unit); ok {
		s[key] = append(s[key], v)
	}
	for _, unit := range []string{"cpu-ns/op", clientUnit} {
		if v, ok := value(line, unit); ok {
			s[key+" "+unit] = append(s[key+" "+unit], v)
		}
	}
}

// value returns the number with the given unit in a line of a benchmark.
func value(line, unit string) (float64, bool) {
	fields := strings.Fields(line)
	for i := 2; i < len(fields); i++ {
		if fields[i] == unit {
			v, err := strconv.ParseFloat(fields[i-1], 64)
			return v, err == nil
		}
	}
	return 0, false
}

// of returns the median of a contestant.
func (s results) of(r row, contestant string) float64 {
	return median(s[r.name+"/"+contestant])
}

// ratio compares two contestants. It returns the median of their ratios in each round, with the least and the greatest:
// a machine that is slow for a while slows both of them, but not the rounds before and after. If the row compares rates, the
// ratio is that of the rates.
func (s results) ratio(r row, who, peer string) (mid, least, greatest float64) {
	var ratios []float64
	theirs := s[r.name+"/"+peer]
	for i, v := range s[r.name+"/"+who] {
		ratios = append(ratios, r.relate(v, theirs[i]))
	}
	return median(ratios), slices.Min(ratios), slices.Max(ratios)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// shares returns the processor time that the server and the client of a load took for each operation, if they are two
// processes.
func (s results) shares(key string) string {
	all, client := s[key+" cpu-ns/op"], s[key+" "+clientUnit]
	if len(client) == 0 {
		return ""
	}
	c := median(client)
	return fmt.Sprintf("  (processor: server %.1f µs, client %.1f µs)", (median(all)-c)/1e3, c/1e3)
}

// print writes the medians of each row that matches, the ratios to the peer, and whether the goals are reached.
func (s results) print(w io.Writer, re *regexp.Regexp) {
	for _, r := range rows() {
		if !re.MatchString(r.name) {
			continue
		}
		fmt.Fprintf(w, "%s: %s\n", r.name, r.about)
		for _, c := range r.contestants {
			ratio := ""
			if r.peer != "" && c.name != r.peer {
				mid, least, greatest := s.ratio(r, c.name, r.peer)
				ratio = fmt.Sprintf("  %5.2f × %s, from %.2f to %.2f", mid, r.peer, least, greatest)
			}
			fmt.Fprintf(w, "  %-28s %14s%s%s\n", c.name, r.format(s.of(r, c.name)), ratio, s.shares(r.name+"/"+c.name))
		}
		for _, g := range r.goals {
			fmt.Fprintf(w, "  goal: %s\n", s.judge(r, g))
		}
	}
}

// judge returns whether the goal of a row is reached, as text.
func (s results) judge(r row, g goal) string {
	v, sign := s.of(r, g.who), "≤"
	reached, text := v <= g.limit, fmt.Sprintf("%s, is %s", r.format(g.limit), r.format(v))
	if g.peer != "" {
		v, _, _ = s.ratio(r, g.who, g.peer)
		reached, text = v <= g.limit, fmt.Sprintf("%.2f × %s, is %.2f", g.limit, g.peer, v)
		if r.rate {
			sign, reached = "≥", v >= g.limit
		}
	}
	verdict := "reached"
	if !reached {
		verdict = "NOT reached"
	}
	return fmt.Sprintf("%s %s %s: %s", g.who, sign, text, verdict)
}
