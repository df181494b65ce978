// Package ruletext writes flat structs such as rules as text, one on a line, and reads them back. The text is that
// between the braces of the struct in Go, with durations as in 6m0s:
//
//	At: Rcpt, To: "bob@qq.com", Times: 2, Reply: "451 4.7.1 Greylisted, try later"
//
// A field may be a string, a bool, an int, an int64, a [time.Duration], a list of strings, a uint16 that is a
// version of TLS, or a type with the methods MarshalText and UnmarshalText. A function can't be written.
package ruletext

import (
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in a text.
type Error struct {
	Column int // in characters, from 1
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("column %d: %v", e.Column, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Marshal returns the text of the fields of a struct that are not zero, from which Unmarshal makes an equal struct.
// The error names a field whose value can't be written.
func Marshal(v any) ([]byte, error) {
	s := reflect.ValueOf(v)
	var b []byte
	for i := range s.NumField() {
		if s.Field(i).IsZero() {
			continue
		}
		if b != nil {
			b = append(b, ", "...)
		}
		name := s.Type().Field(i).Name
		b = append(append(b, name...), ": "...)
		var err error
		if b, err = appendValue(b, s.Field(i)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
}

// Describe returns the text of Marshal for people to read. A function, which can't be written, is "func".
func Describe(v any) string {
	s := reflect.ValueOf(v)
	var fields []string
	for i := range s.NumField() {
		f := s.Field(i)
		if f.IsZero() {
			continue
		}
		text, err := appendValue(nil, f)
		if err != nil {
			text = []byte(f.Kind().String())
		}
		fields = append(fields, s.Type().Field(i).Name+": "+string(text))
	}
	return strings.Join(fields, ", ")
}

// CheckNumbers returns an error that names the first field of a struct whose number is negative, or nil if there is none.
func CheckNumbers(v any) error {
	s := reflect.ValueOf(v)
	for i := range s.NumField() {
		if f := s.Field(i); f.CanInt() && f.Int() < 0 {
			return fmt.Errorf("%s is %v; it can't be negative", s.Type().Field(i).Name, f.Interface())
		}
	}
	return nil
}

// Unmarshal reads a text into the struct that v points to, whose other fields become zero. The struct may be
// written with its braces, its type and a comma at the end, as in a list in Go. A "#" begins a comment. The error
// is an [*Error]; the struct then keeps its value.
func Unmarshal(text []byte, v any) error {
	if valid := validPrefix(text); valid < len(text) {
		return &Error{utf8.RuneCount(text[:valid]) + 1, fmt.Errorf("the byte %#02x is not UTF-8; in a string, write \\x%02x", text[valid], text[valid])}
	}
	s := &scanner{text: string(text)}
	p := reflect.ValueOf(v).Elem()
	read := reflect.New(p.Type()).Elem()
	if err := s.fields(read); err != nil {
		return &Error{utf8.RuneCountInString(s.text[:s.at]) + 1, err}
	}
	p.Set(read)
	return nil
}

// validPrefix returns the number of bytes before the first that is not UTF-8.
func validPrefix(text []byte) int {
	valid := 0
	for valid < len(text) {
		r, size := utf8.DecodeRune(text[valid:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		valid += size
	}
	return valid
}

// fields reads all fields of a struct. After an error, s.at is its place.
func (s *scanner) fields(v reflect.Value) error {
	braces := s.open(v.Type())
	seen := make(map[string]bool)
	for {
		s.space()
		if s.end() || braces && s.peek() == '}' {
			break
		}
		at := s.at
		name := s.name()
		s.space()
		switch {
		case name == "":
			return fmt.Errorf("%s is not a field; write one as in %s", s.rest(), example(v.Type()))
		case s.peek() != ':':
			return fmt.Errorf("no colon after %q; write a field as in %s", name, example(v.Type()))
		}
		field := v.FieldByName(name)
		switch {
		case !field.IsValid():
			s.at = at
			return fmt.Errorf("there is no field %q; want one of %s", name, names(v.Type()))
		case seen[name]:
			s.at = at
			return fmt.Errorf("the field %q is there twice", name)
		}
		seen[name] = true
		s.at++
		s.space()
		if err := s.value(field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.space()
		if s.peek() != ',' {
			break
		}
		s.at++
	}
	if braces {
		s.space()
		if s.peek() != '}' {
			return fmt.Errorf("%s where a comma or the closing brace belongs", s.rest())
		}
		s.at++
		s.space()
		if s.peek() == ',' {
			s.at++
			s.space()
		}
	}
	if !s.end() {
		return fmt.Errorf("%s where a comma belongs", s.rest())
	}
	return nil
}

// example returns an example of the first field of a struct, for errors.
func example(t reflect.Type) string {
	if f := t.Field(0); f.Type.Kind() != reflect.String {
		return f.Name + ": Rcpt"
	}
	return t.Field(0).Name + `: "mx qq.com"`
}

// names returns the names of the fields of a struct, for errors.
func names(t reflect.Type) string {
	var all []string
	for i := range t.NumField() {
		if t.Field(i).Type.Kind() != reflect.Func {
			all = append(all, t.Field(i).Name)
		}
	}
	return strings.Join(all, ", ")
}
