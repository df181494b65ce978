package ruletext

// The reader of files of rules, one on a line.

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// Line is a line of a file that has a rule.
type Line struct {
	// Place is the word before the rule, such as "mx1.qq.com" or "dns", or "" if there is none.
	Place string

	// Rule is the rest, for Unmarshal.
	Rule []byte
}

// field matches the beginning of a rule, and place the word before a rule.
var (
	field = regexp.MustCompile(`^([A-Z][A-Za-z]*\s*:|([a-z]+\.)?[A-Z][A-Za-z]*\{|\{)`)
	place = regexp.MustCompile(`^\S+`)
)

// Read calls f for each rule of a file, in order, until f returns an error. It ignores empty lines, and comments
// after a "#". The error names the file, the line and the column, which is that of the first word unless f returned
// an [*Error] or one that wraps it:
//
//	rules.txt:3:14: there is no field "Rply"; want one of …
func Read(name string, file []byte, f func(Line) error) error {
	file = bytes.TrimPrefix(file, []byte("\ufeff"))
	number := 0
	for text := range bytes.Lines(file) {
		number++
		text = bytes.TrimRight(text, "\r\n")
		rule := bytes.TrimLeft(text, " \t")
		indent := len(text) - len(rule)
		if len(rule) == 0 || rule[0] == '#' {
			continue
		}
		var line Line
		if !field.Match(rule) {
			line.Place = string(place.Find(rule))
			rule = bytes.TrimLeft(rule[len(line.Place):], " \t")
		}
		line.Rule = rule
		err := f(line)
		var mistake *Error
		switch {
		case errors.As(err, &mistake):
			before := utf8.RuneCount(text[:len(text)-len(rule)])
			return fmt.Errorf("%s:%d:%d: %w", name, number, before+mistake.Column, mistake.Err)
		case err != nil:
			return fmt.Errorf("%s:%d:%d: %w", name, number, 1+indent, err)
		}
	}
	return nil
}
