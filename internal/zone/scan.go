package zone

// The scanner of master files (RFC 1035 §5.1): lines, tokens, quotes, parentheses, comments, and their places in
// the text.

import (
	"errors"
	"fmt"
	"strings"
)

// token is a run of text without white space, with its quotes and backslashes as they stand.
type token struct {
	text   string
	line   int
	col    int  // in bytes, from 1
	quoted bool // a part of it is quoted
}

// entry is an entry in the sense of RFC 1035: a line, or several lines within parentheses.
type entry struct {
	indented bool // it begins with white space, where the owner would be, beyond the margin of the text
	tokens   []token
	end      token // an empty token where the entry ends
}

// scanner cuts a text into entries.
type scanner struct {
	text   string
	margin string // see margin
	at     int
	line   int
	bol    int // where the current line begins
	open   []token
}

// margin returns the white space with which all lines of a text begin, except for lines that have nothing else.
func margin(text string) string {
	common, first := "", true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		switch {
		case indent == line:
			continue
		case first:
			common, first = indent, false
		}
		n := 0
		for n < min(len(common), len(indent)) && common[n] == indent[n] {
			n++
		}
		if common = common[:n]; common == "" {
			break
		}
	}
	return common
}

func (s *scanner) here() token { return token{line: s.line, col: s.at - s.bol + 1} }

// next returns the next entry that is not empty. An entry without tokens means the end of the text.
func (s *scanner) next() (entry, *ParseError) {
	for s.at < len(s.text) {
		if strings.HasPrefix(s.text[s.at:], s.margin) {
			s.at += len(s.margin)
		}
		e := entry{indented: s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t')}
		if err := s.scan(&e); err != nil {
			return entry{}, err
		}
		if len(e.tokens) > 0 {
			return e, nil
		}
	}
	return entry{}, nil
}

// scan reads up to and including the newline that ends an entry.
func (s *scanner) scan(e *entry) *ParseError {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t':
			s.at++
		case '\r':
			if s.at+1 < len(s.text) && s.text[s.at+1] != '\n' {
				return s.here().wrong(errors.New("carriage return within a line"))
			}
			s.at++
		case '\n':
			e.end = s.here()
			s.at++
			s.line++
			s.bol = s.at
			if len(s.open) == 0 {
				return nil
			}
		case ';':
			if end := strings.IndexByte(s.text[s.at:], '\n'); end >= 0 {
				s.at += end
			} else {
				s.at = len(s.text)
			}
		case '(':
			s.open = append(s.open, token{text: "(", line: s.line, col: s.at - s.bol + 1})
			s.at++
		case ')':
			if len(s.open) == 0 {
				return token{text: ")", line: s.line, col: s.at - s.bol + 1}.wrong(errors.New("no parenthesis is open here"))
			}
			s.open = s.open[:len(s.open)-1]
			s.at++
		default:
			t, err := s.token()
			if err != nil {
				return err
			}
			e.tokens = append(e.tokens, t)
		}
	}
	if len(s.open) > 0 {
		return s.open[len(s.open)-1].wrong(errors.New("the parenthesis is never closed"))
	}
	e.end = s.here()
	return nil
}

// token reads a token, which may have quoted parts.
func (s *scanner) token() (token, *ParseError) {
	t := s.here()
	from := s.at
	var quote *token // the open quote
	for s.at < len(s.text) {
		c := s.text[s.at]
		if quote == nil && strings.IndexByte(" \t\r\n();", c) >= 0 {
			break
		}
		switch {
		case c == '\n' || c == '\r' && strings.HasPrefix(s.text[s.at:], "\r\n"):
			return t, quote.wrong(errors.New("the string has no closing quote on its line"))
		case c == '"' && quote == nil:
			q := s.here()
			q.text = `"`
			quote, t.quoted = &q, true
		case c == '"':
			quote = nil
		case c == '\\':
			n := escape(s.text[s.at:])
			if n == 0 {
				bad := s.here()
				bad.text = s.text[s.at:min(s.at+4, len(s.text))]
				return t, bad.wrong(errors.New(`want \ and three digits up to 255, or \ and another character`))
			}
			s.at += n - 1
		case c >= 0x80 && quote == nil:
			return t, s.here().wrong(errors.New("not ASCII: write international names as A-labels (xn--…), other bytes as \\DDD"))
		case c < ' ' && c != '\t' || c == 0x7f:
			return t, s.here().wrong(fmt.Errorf("control character %#02x", c))
		}
		s.at++
	}
	if quote != nil {
		return t, quote.wrong(errors.New("the string has no closing quote on its line"))
	}
	t.text = s.text[from:s.at]
	return t, nil
}

// escape returns the length of the escape sequence at the beginning of s, or 0 if there is none.
func escape(s string) int {
	digit := func(i int) bool { return i < len(s) && '0' <= s[i] && s[i] <= '9' }
	switch {
	case len(s) < 2 || s[1] < ' ' || s[1] > '~':
		return 0
	case !digit(1):
		return 2
	case digit(2) && digit(3) && s[1:4] <= "255":
		return 4
	}
	return 0
}

// wrong returns an error about the token.
func (t token) wrong(err error) *ParseError {
	return &ParseError{Line: t.line, Column: t.col, Text: t.text, Err: err}
}
