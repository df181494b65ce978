package provider

// Tokens: the identifiers in replies, which look like those of the real servers and are the same in
// each run.

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

// token is the form of tokens: a regular expression of literals, classes and fixed repetitions.
type token struct {
	re *syntax.Regexp
}

// newToken reads the expression.
func newToken(pattern string) (*token, error) {
	re, err := syntax.Parse(pattern, 0)
	if err == nil {
		var length int
		if length, err = tokenLength(re); err == nil && (length < 1 || length > 256) {
			err = fmt.Errorf("tokens of %d characters; from 1 to 256 are possible", length)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the token %q: %w", pattern, err)
	}
	return &token{re}, nil
}

// tokenLength returns the length of the tokens, or an error if their form is wrong.
func tokenLength(re *syntax.Regexp) (int, error) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r <= ' ' || r > '~' {
				return 0, errors.New("there are other characters in it than the printable ones of ASCII")
			}
		}
		return len(re.Rune), nil
	case syntax.OpCharClass:
		for _, r := range re.Rune {
			if r <= ' ' || r > '~' {
				return 0, errors.New("a class has other characters in it than the printable ones of ASCII")
			}
		}
		if len(re.Rune) == 0 {
			return 0, errors.New("a class is empty")
		}
		return 1, nil
	case syntax.OpRepeat:
		if re.Min != re.Max {
			return 0, errors.New("a repetition has no fixed number, such as [0-9]{5}")
		}
		n, err := tokenLength(re.Sub[0])
		return n * re.Min, err
	case syntax.OpConcat, syntax.OpCapture:
		total := 0
		for _, sub := range re.Sub {
			n, err := tokenLength(sub)
			if err != nil {
				return 0, err
			}
			total += n
		}
		return total, nil
	}
	return 0, errors.New("there is more in it than literals, classes such as [0-9a-f], and repetitions such as {5}")
}

// make returns the token of a seed.
func (t *token) make(seed string) string {
	var out strings.Builder
	draw := drawer(seed)
	var write func(re *syntax.Regexp)
	write = func(re *syntax.Regexp) {
		switch re.Op {
		case syntax.OpLiteral:
			out.WriteString(string(re.Rune))
		case syntax.OpCharClass:
			n := 0
			for i := 0; i < len(re.Rune); i += 2 {
				n += int(re.Rune[i+1]-re.Rune[i]) + 1
			}
			n = draw(n)
			for i := 0; i < len(re.Rune); i += 2 {
				size := int(re.Rune[i+1]-re.Rune[i]) + 1
				if n < size {
					out.WriteRune(re.Rune[i] + rune(n))
					break
				}
				n -= size
			}
		case syntax.OpRepeat:
			for range re.Min {
				write(re.Sub[0])
			}
		default:
			for _, sub := range re.Sub {
				write(sub)
			}
		}
	}
	write(t.re)
	return out.String()
}

// drawer returns a function that draws numbers below n. The seed determines the numbers.
func drawer(seed string) func(n int) int {
	sum := sha256.Sum256([]byte(seed))
	i := 0
	return func(n int) int {
		if i+2 > len(sum) {
			sum, i = sha256.Sum256(sum[:]), 0
		}
		v := int(sum[i])<<8 | int(sum[i+1])
		i += 2
		return v % n
	}
}
