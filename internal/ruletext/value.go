package ruletext

// Writing and reading the values of fields, by their types.

import (
	"crypto/tls"
	"encoding"
	"errors"
	"fmt"
	"math"
	"path"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// versions are the constants of package crypto/tls for the versions of TLS.
var versions = map[uint16]string{
	tls.VersionTLS10: "VersionTLS10", tls.VersionTLS11: "VersionTLS11", tls.VersionTLS12: "VersionTLS12", tls.VersionTLS13: "VersionTLS13",
}

// units are the constants of package time.
var units = map[string]time.Duration{
	"time.Nanosecond": time.Nanosecond, "time.Microsecond": time.Microsecond, "time.Millisecond": time.Millisecond,
	"time.Second": time.Second, "time.Minute": time.Minute, "time.Hour": time.Hour,
}

// appendValue appends the text of a value.
func appendValue(b []byte, v reflect.Value) ([]byte, error) {
	switch x := v.Interface().(type) {
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		return append(b, text...), err
	case time.Duration:
		return append(b, x.String()...), nil
	case string:
		return strconv.AppendQuote(b, x), nil
	case bool:
		return strconv.AppendBool(b, x), nil
	case []string:
		b = append(b, '[')
		for i, s := range x {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendQuote(b, s)
		}
		return append(b, ']'), nil
	case uint16:
		name, ok := versions[x]
		if !ok {
			return nil, fmt.Errorf("%#04x is not a version of TLS", x)
		}
		return append(b, name...), nil
	case int, int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	}
	return nil, unwritable(v.Type())
}

// unwritable returns the error for a type that has no text.
func unwritable(t reflect.Type) error { return fmt.Errorf("a %s can't be written as text", t.Kind()) }

// value reads the value of a field. After an error, s.at is its place.
func (s *scanner) value(v reflect.Value) error {
	switch x := v.Addr().Interface().(type) {
	case *string:
		text, err := s.str()
		*x = text
		return err
	case *[]string:
		list, err := s.list()
		*x = list
		return err
	}
	if v.Kind() == reflect.Func {
		return unwritable(v.Type())
	}
	word := s.peekWord()
	size := len(word)
	if v.Kind() == reflect.Uint16 && s.quoted() {
		begin := s.at
		text, err := s.str()
		if err != nil {
			return err
		}
		word, size, s.at = text, s.at-begin, begin
	}
	switch {
	case word == "" && s.quoted():
		return errors.New("the value is written without quotes")
	case word == "":
		return fmt.Errorf("%s where a value belongs", s.rest())
	}
	if err := parse(word, v); err != nil {
		return err
	}
	s.at += size
	return nil
}

// parse reads a word into a field.
func parse(word string, v reflect.Value) error {
	switch x := v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return x.UnmarshalText([]byte(strings.TrimPrefix(word, path.Base(v.Type().PkgPath())+".")))
	case *time.Duration:
		d, err := duration(word)
		*x = d
		return err
	case *bool:
		if word != "true" && word != "false" {
			return fmt.Errorf("%q is neither true nor false", word)
		}
		*x = word == "true"
		return nil
	case *uint16:
		for number, name := range versions {
			if word == name || word == "tls."+name || "TLS "+word == tls.VersionName(number) {
				*x = number
				return nil
			}
		}
		return fmt.Errorf("%q is not a version of TLS; want \"1.0\", \"1.1\", \"1.2\" or \"1.3\"", word)
	case *int, *int64:
		n, err := strconv.ParseInt(word, 0, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a number, or too big a one", word)
		}
		v.SetInt(n)
		return nil
	}
	return unwritable(v.Type())
}

// duration reads a duration: "6m", "1h30m", "0", or as in Go "6 * time.Minute".
func duration(word string) (time.Duration, error) {
	if d, err := time.ParseDuration(word); err == nil {
		return d, nil
	}
	wrong := fmt.Errorf("%q is not a duration; want one as in 90s, 1h30m or 6 * time.Minute", word)
	first, second, product := strings.Cut(word, "*")
	first, second = strings.TrimSpace(first), strings.TrimSpace(second)
	if !product {
		if unit, ok := units[first]; ok {
			return unit, nil
		}
		return 0, wrong
	}
	if units[first] != 0 {
		first, second = second, first
	}
	n, err := strconv.ParseInt(first, 0, 64)
	unit, ok := units[second]
	switch {
	case err != nil || !ok:
		return 0, wrong
	case n > math.MaxInt64/int64(unit) || n < math.MinInt64/int64(unit):
		return 0, fmt.Errorf("%q is more than 292 years", word)
	}
	return time.Duration(n) * unit, nil
}
