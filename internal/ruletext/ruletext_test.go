package ruletext

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// level has a text of its own.
type level uint8

func (l level) MarshalText() ([]byte, error) {
	if l > 1 {
		return nil, errors.New("there is no such level")
	}
	return []byte("High"), nil
}

func (l *level) UnmarshalText(text []byte) error {
	if string(text) != "High" {
		return fmt.Errorf("%q is not a level", text)
	}
	*l = 1
	return nil
}

// fields has a field of each type.
type fields struct {
	Text   string
	Level  level
	Number int
	Large  int64
	Wait   time.Duration
	Set    bool
	List   []string
	MaxTLS uint16
	Func   func()
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	tests := []struct {
		value fields
		text  string
	}{
		{fields{}, ``},
		{fields{Text: "a \"quote\", a \\, \n, 你好 and \xff"}, `Text: "a \"quote\", a \\, \n, 你好 and \xff"`},
		{fields{Level: 1, Number: -3, Set: true}, `Level: High, Number: -3, Set: true`},
		{fields{Large: math.MinInt64}, `Large: -9223372036854775808`},
		{fields{Wait: 5 * time.Minute}, `Wait: 5m0s`},
		{fields{Wait: math.MinInt64}, `Wait: -2562047h47m16.854775808s`},
		{fields{List: []string{}}, `List: []`},
		{fields{List: []string{"SIZE", "]"}, Text: "x"}, `Text: "x", List: ["SIZE", "]"]`},
		{fields{MaxTLS: tls.VersionTLS11}, `MaxTLS: VersionTLS11`},
	}
	for _, tt := range tests {
		text, err := Marshal(tt.value)
		if err != nil || string(text) != tt.text {
			t.Errorf("text = %s, want %s (%v)", text, tt.text, err)
		}
		var got fields
		if err := Unmarshal([]byte(tt.text), &got); err != nil || !cmp.Equal(got, tt.value) {
			t.Errorf("%s is %+v, want %+v (%v)", tt.text, got, tt.value, err)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]fields{"Func": {Func: func() {}}, "Level": {Level: 7}, "MaxTLS": {MaxTLS: 7}} {
		if text, err := Marshal(value); err == nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("text = %s, error = %v, want one about %s", text, err, field)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	const want = `Text: "x", Number: 1, Func: func`
	if got := Describe(fields{Text: "x", Number: 1, Func: func() {}}); got != want {
		t.Errorf("text = %s, want %s", got, want)
	}
}

func TestCheckNumbers(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]fields{
		"<nil>":                               {Number: 1, Large: 1, Wait: 1, MaxTLS: 1},
		"Number is -1; it can't be negative":  {Number: -1, Wait: -1},
		"Large is -2; it can't be negative":   {Large: -2},
		"Wait is -1m0s; it can't be negative": {Wait: -time.Minute},
	} {
		if got := fmt.Sprint(CheckNumbers(value)); got != want {
			t.Errorf("error = %s, want %s", got, want)
		}
	}
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want fields
	}{
		{`{Text: "x"}`, fields{Text: "x"}},
		{" { Text : `x\\n` , } , # a comment", fields{Text: `x\n`}},
		{`ruletext.fields{Level: ruletext.High, Number: 0x10},`, fields{Level: 1, Number: 16}},
		{`fields{}`, fields{}},
		{`Number: 1_000,Set:false`, fields{Number: 1000}},
		{`List: []string{"a", "b",}`, fields{List: []string{"a", "b"}}},
		{`List: {"a"}`, fields{List: []string{"a"}}},
		{`Wait: 6m`, fields{Wait: 6 * time.Minute}},
		{`Wait: 6 * time.Minute`, fields{Wait: 6 * time.Minute}},
		{`Wait: time.Hour*2`, fields{Wait: 2 * time.Hour}},
		{`Wait: time.Second`, fields{Wait: time.Second}},
		{`Wait: 0`, fields{}},
		{`MaxTLS: "1.1"`, fields{MaxTLS: tls.VersionTLS11}},
		{`MaxTLS: tls.VersionTLS13, Set: true`, fields{MaxTLS: tls.VersionTLS13, Set: true}},
		{`MaxTLS: 1.0`, fields{MaxTLS: tls.VersionTLS10}},
		{``, fields{}},
		{`# nothing`, fields{}},
		{"Text: \"\ufffd\"", fields{Text: "\ufffd"}},
	}
	for _, tt := range tests {
		got := fields{Number: 7}
		if err := Unmarshal([]byte(tt.text), &got); err != nil || !cmp.Equal(got, tt.want) {
			t.Errorf("%s is %+v, want %+v (%v)", tt.text, got, tt.want, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{`Txt: "x"`, `column 1: there is no field "Txt"; want one of Text, Level, Number, Large, Wait, Set, List, MaxTLS`},
		{`text: "x"`, `column 1: there is no field "text"; want one of Text, Level, Number, Large, Wait, Set, List, MaxTLS`},
		{`Text: "你好", Text: "x"`, `column 13: the field "Text" is there twice`},
		{`Text "x"`, `column 6: no colon after "Text"; write a field as in Text: "mx qq.com"`},
		{`"x"`, `column 1: "\"x\"" is not a field; write one as in Text: "mx qq.com"`},
		{`Text: x@y`, `column 7: Text: write "x@y", with the quotes`},
		{`Text:`, `column 6: Text: the end where a string belongs, in quotes`},
		{`Text: "x`, `column 7: Text: the string "\"x" has no closing quote`},
		{"Text: `x", "column 7: Text: the string \"`x\" has no closing quote"},
		{`Text: "a\d"`, `column 9: Text: "\\d\"" is not allowed in a string; write a backslash as "\\", a line end as "\n"`},
		{`Text: "x" Set: true`, `column 11: "Set: true" where a comma belongs`},
		{`Number: 1.5`, `column 9: Number: "1.5" is not a number, or too big a one`},
		{`Number: 99999999999999999999`, `column 9: Number: "99999999999999999999" is not a number, or too big a one`},
		{`Number: "1"`, `column 9: Number: the value is written without quotes`},
		{`Number: , Set: true`, `column 9: Number: ", Set: true" where a value belongs`},
		{`Set: yes`, `column 6: Set: "yes" is neither true nor false`},
		{`Level: Low`, `column 8: Level: "Low" is not a level`},
		{`Level: mailtest.High`, `column 8: Level: "mailtest.High" is not a level`},
		{`Wait: 6`, `column 7: Wait: "6" is not a duration; want one as in 90s, 1h30m or 6 * time.Minute`},
		{`Wait: 6 * 7`, `column 7: Wait: "6 * 7" is not a duration; want one as in 90s, 1h30m or 6 * time.Minute`},
		{`Wait: 9999999 * time.Hour`, `column 7: Wait: "9999999 * time.Hour" is more than 292 years`},
		{`List: "a"`, `column 7: List: "\"a\"" where a list belongs; write ["SIZE", "PIPELINING"]`},
		{`List: ["a"`, `column 7: List: the list has no closing ']'`},
		{`List: ["a" "b"]`, `column 12: List: "\"b\"]" where a comma or the closing ']' belongs`},
		{`List: [a]`, `column 8: List: write "a", with the quotes`},
		{`MaxTLS: "1.4"`, `column 9: MaxTLS: "1.4" is not a version of TLS; want "1.0", "1.1", "1.2" or "1.3"`},
		{`MaxTLS: "`, `column 9: MaxTLS: the string "\"" has no closing quote`},
		{`Func: nil`, `column 7: Func: a func can't be written as text`},
		{`{Set: true`, `column 11: the end where a comma or the closing brace belongs`},
		{`Set: true}`, `column 10: "}" where a comma belongs`},
		{"Text: \"你\xff\"", `column 9: the byte 0xff is not UTF-8; in a string, write \xff`},
	}
	for _, tt := range tests {
		before := fields{Number: 7}
		got := before
		err := Unmarshal([]byte(tt.text), &got)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\nerror = %v\nwant    %s", tt.text, err, tt.want)
		}
		if !cmp.Equal(got, before) {
			t.Errorf("%s: the struct has changed to %+v", tt.text, got)
		}
	}
}
