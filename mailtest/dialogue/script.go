package dialogue

// Scripts: their types, and how they are read and written.

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// step is a thing that one side does.
type step struct {
	line  int // in the script
	who   string
	op    string
	text  []string      // of all but "..": the parts between the stars that stand for any bytes
	pause time.Duration // of ".."
	times int           // 0 and 1 are once
}

// literal is the text with a star for each that stands for any bytes.
func (s step) literal() string { return strings.Join(s.text, "*") }

// operations are the operations of the two sides.
func operations(who string) []string {
	if who == "c" {
		return []string{"->", "~>", "=>", "..", "!!"}
	}
	return []string{"<-", "<~", "<=", "..", "!!"}
}

// events are the operations on the connection, which are written with "!!".
func events(who string) []string {
	if who == "c" {
		return []string{"close", "closewrite", "reset", "starttls"}
	}
	return []string{"close", "cut", "reset"}
}

// String returns the step as it is written in a script.
func (s step) String() string {
	times, parts := "", make([]string, len(s.text))
	for i, part := range s.text {
		parts[i] = quote(part)
	}
	text := strings.Join(parts, "*")
	if strings.HasSuffix(text, " ") {
		text = strings.TrimSuffix(text, " ") + `\x20`
	}
	if s.times > 1 {
		times = "x" + strconv.Itoa(s.times) + " "
	}
	if s.op == ".." {
		text = s.pause.String()
	}
	return strings.TrimSuffix(s.who+" "+times+s.op+" "+text, " ")
}

// parse reads a script. An error says in which line it is.
func parse(text string) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		s, err := parseStep(line)
		if err != nil {
			return nil, fmt.Errorf("dialogue: line %d: %w", i+1, err)
		}
		s.line = i + 1
		steps = append(steps, s)
	}
	return steps, nil
}

func parseStep(line string) (step, error) {
	who, rest, _ := strings.Cut(line, " ")
	s := step{who: who}
	if who != "c" && who != "s" {
		return s, fmt.Errorf("a line begins with c, s or #, not with %q", who)
	}
	op, text, _ := strings.Cut(rest, " ")
	if times, ok := strings.CutPrefix(op, "x"); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 {
			return s, fmt.Errorf("%q is not a number of times", op)
		}
		s.times = n
		op, text, _ = strings.Cut(text, " ")
	}
	ops := operations(who)
	if !slices.Contains(ops, op) {
		return s, fmt.Errorf("%q is not one of %s", op, strings.Join(ops, " "))
	}
	s.op = op
	var err error
	switch op {
	case "..":
		if s.pause, err = time.ParseDuration(text); err != nil || s.pause < 0 {
			return s, fmt.Errorf("%q is not a duration such as 5m or 1.5s", text)
		}
		return s, nil
	case "!!":
		if known := events(who); !slices.Contains(known, text) {
			return s, fmt.Errorf("%q is not one of %s", text, strings.Join(known, ", "))
		}
	}
	s.text, err = unquote(text)
	return s, err
}

// quote writes bytes so that unquote gives them back as they are, and that they survive an editor.
func quote(s string) string {
	q := strconv.Quote(s)
	q = strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
	return strings.ReplaceAll(q, "*", `\x2a`)
}

// unquote resolves the backslashes of s, and takes it apart at its stars.
func unquote(s string) ([]string, error) {
	var parts []string
	var b []byte
	for rest := s; rest != ""; {
		if rest[0] == '*' {
			parts, b, rest = append(parts, string(b)), nil, rest[1:]
			continue
		}
		if rest[0] != '\\' {
			b, rest = append(b, rest[0]), rest[1:]
			continue
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, 0)
		if err != nil {
			return nil, fmt.Errorf("a bad backslash in %q", s)
		}
		if multibyte {
			b = append(b, string(r)...)
		} else {
			b = append(b, byte(r))
		}
		rest = tail
	}
	return append(parts, string(b)), nil
}
