package zone

// The directive $GENERATE of BIND, which is one line that stands for many.

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// generate reads "$GENERATE start-stop[/step] owner [TTL] [class] type data": a record for every number,
// which replaces each $ in the tokens after the range.
func (p *parser) generate(e entry) *ParseError {
	if len(e.tokens) < 4 {
		return e.end.wrong(errors.New("want $GENERATE start-stop[/step] owner type data"))
	}
	span := e.tokens[1]
	start, stop, step, ok := parseRange(span.text)
	if !ok {
		return span.wrong(errors.New("want start-stop or start-stop/step, up to 2147483647"))
	}
	tooMuch := span.wrong(fmt.Errorf("$GENERATE makes too much: at most %d records and %d MiB in one text",
		maxGenerated, maxGeneratedBytes>>20))
	if p.generated += int((stop-start)/step) + 1; p.generated > maxGenerated {
		return tooMuch
	}
	for i := start; i <= stop; i += step {
		one := entry{tokens: slices.Clone(e.tokens[2:]), end: e.end}
		for j, t := range one.tokens {
			text, err := expand(t.text, i)
			if err != nil {
				return t.wrong(err)
			}
			if text == "" {
				return t.wrong(fmt.Errorf("nothing is left of it for %d", i))
			}
			one.tokens[j].text = text
			p.generatedBytes += len(text)
		}
		if p.generatedBytes > maxGeneratedBytes {
			return tooMuch
		}
		if err := p.record(one); err != nil {
			return err
		}
	}
	return nil
}

func parseRange(s string) (start, stop, step int64, ok bool) {
	span, by, stepped := strings.Cut(s, "/")
	from, to, _ := strings.Cut(span, "-")
	if !stepped {
		by = "1"
	}
	start, err1 := strconv.ParseInt(from, 10, 32)
	stop, err2 := strconv.ParseInt(to, 10, 32)
	step, err3 := strconv.ParseInt(by, 10, 32)
	ok = err1 == nil && err2 == nil && err3 == nil && start >= 0 && stop >= start && step > 0
	return start, stop, step, ok
}

// expand replaces each $ and ${offset[,width[,base]]} in a token; $$ and \$ stand for a dollar sign.
func expand(text string, n int64) (string, error) {
	var b strings.Builder
	for len(text) > 0 {
		step := 1
		switch {
		case text[0] == '\\':
			if step = max(1, escape(text)); text[:step] == `\$` {
				b.WriteByte('$')
			} else {
				b.WriteString(text[:step])
			}
		case text[0] != '$':
			b.WriteByte(text[0])
		case strings.HasPrefix(text, "$$"):
			b.WriteByte('$')
			step = 2
		case strings.HasPrefix(text, "${"):
			spec, _, closed := strings.Cut(text[2:], "}")
			number, ok := modify(spec, n)
			if !closed || !ok {
				return "", errors.New("want ${offset,width,base} with a width up to 255 and the base d, o, x or X")
			}
			b.WriteString(number)
			step = len(spec) + 3
		default:
			b.WriteString(strconv.FormatInt(n, 10))
		}
		text = text[step:]
	}
	return b.String(), nil
}

// modify formats a number as "offset[,width[,base]]" says.
func modify(spec string, n int64) (string, bool) {
	parts := strings.Split(spec, ",")
	base := "d"
	width := uint64(0)
	offset, err := strconv.ParseInt(parts[0], 10, 32)
	if len(parts) > 1 && err == nil {
		width, err = strconv.ParseUint(parts[1], 10, 8)
	}
	if len(parts) > 2 {
		base = parts[2]
	}
	n += offset
	if err != nil || len(parts) > 3 || n < 0 || len(base) != 1 || !strings.Contains("doxX", base) {
		return "", false
	}
	return fmt.Sprintf("%0*"+base, int(width), n), true
}
