package ruletext

// The scanner, which reads the words of a text.

import (
	"fmt"
	"path"
	"reflect"
	"strconv"
	"strings"
)

// scanner reads a text from the place at.
type scanner struct {
	text string
	at   int
}

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// end reports whether nothing but a comment follows.
func (s *scanner) end() bool { return s.at == len(s.text) || s.peek() == '#' }

// space skips white space.
func (s *scanner) space() {
	s.at = len(s.text) - len(strings.TrimLeft(s.text[s.at:], " \t\r\n"))
}

// rest returns the beginning of the remaining text, in quotes, for errors.
func (s *scanner) rest() string {
	if s.end() {
		return "the end"
	}
	short := []rune(s.text[s.at:min(len(s.text), s.at+80)])
	return strconv.Quote(string(short[:min(len(short), 16)]))
}

// name reads the name of a field.
func (s *scanner) name() string {
	begin := s.at
	for c := s.peek(); 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'; c = s.peek() {
		s.at++
	}
	return s.text[begin:s.at]
}

// open skips the opening brace of a struct and the type before it, and reports whether there is a brace.
func (s *scanner) open(t reflect.Type) bool {
	s.space()
	rest := s.text[s.at:]
	for _, typ := range []string{path.Base(t.PkgPath()) + "." + t.Name(), t.Name()} {
		if after, ok := strings.CutPrefix(rest, typ); ok && strings.HasPrefix(after, "{") {
			rest = after
			break
		}
	}
	if !strings.HasPrefix(rest, "{") {
		return false
	}
	s.at = len(s.text) - len(rest) + 1
	return true
}

// quoted reports whether a string follows.
func (s *scanner) quoted() bool { return s.peek() == '"' || s.peek() == '`' }

// str reads a string.
func (s *scanner) str() (string, error) {
	if !s.quoted() {
		if word := s.peekWord(); word != "" {
			return "", fmt.Errorf("write %q, with the quotes", word)
		}
		return "", fmt.Errorf("%s where a string belongs, in quotes", s.rest())
	}
	prefix, err := strconv.QuotedPrefix(s.text[s.at:])
	if err != nil {
		return "", s.malformed()
	}
	value, err := strconv.Unquote(prefix)
	if err != nil {
		return "", err // this never happens after QuotedPrefix
	}
	s.at += len(prefix)
	return value, nil
}

// malformed returns the error of a malformed string, and moves to its place.
func (s *scanner) malformed() error {
	rest := s.text[s.at+1:]
	for s.text[s.at] == '"' && rest != "" && rest[0] != '"' {
		_, _, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			s.at = len(s.text) - len(rest)
			return fmt.Errorf("%s is not allowed in a string; write a backslash as \"\\\\\", a line end as \"\\n\"", s.rest())
		}
		rest = tail
	}
	return fmt.Errorf("the string %s has no closing quote", s.rest())
}

// peekWord returns the text up to a comma, a bracket or a comment, without white space around it.
func (s *scanner) peekWord() string {
	rest := s.text[s.at:]
	if i := strings.IndexAny(rest, ",]}#\"`\n"); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimRight(rest, " \t\r")
}

// list reads a list of strings.
func (s *scanner) list() ([]string, error) {
	open := s.at
	closing := byte('}')
	switch {
	case strings.HasPrefix(s.text[s.at:], "[]string{"):
		s.at += len("[]string{")
	case s.peek() == '{':
		s.at++
	case s.peek() == '[':
		closing = ']'
		s.at++
	default:
		return nil, fmt.Errorf("%s where a list belongs; write [\"SIZE\", \"PIPELINING\"]", s.rest())
	}
	all := []string{}
	for {
		s.space()
		if s.end() {
			s.at = open
			return nil, fmt.Errorf("the list has no closing %q", closing)
		}
		if s.peek() == closing {
			s.at++
			return all, nil
		}
		one, err := s.str()
		if err != nil {
			return nil, err
		}
		all = append(all, one)
		s.space()
		switch s.peek() {
		case ',':
			s.at++
		case closing:
		default:
			if !s.end() {
				return nil, fmt.Errorf("%s where a comma or the closing %q belongs", s.rest(), closing)
			}
		}
	}
}
