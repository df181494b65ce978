package ruletext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	t.Parallel()
	const file = "\ufeff# rules\r\n\r\nText: \"x\"\r\n  mx1.qq.com   Text: \"y\" # why\n" +
		"MX1.QQ.COM:587 Set: true\nmailtest.Rule{At: Rcpt},\n{At: Rcpt}\ndns {Set: true}\n\t# end\n[2001:db8::1]:25 Text:\"z\"\nlonely"
	var got []string
	err := Read("rules.txt", []byte(file), func(line Line) error {
		got = append(got, line.Place+"|"+string(line.Rule))
		return nil
	})
	want := []string{
		`|Text: "x"`, `mx1.qq.com|Text: "y" # why`, `MX1.QQ.COM:587|Set: true`, `|mailtest.Rule{At: Rcpt},`, `|{At: Rcpt}`,
		`dns|{Set: true}`, `[2001:db8::1]:25|Text:"z"`, `lonely|`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("lines = %q\nwant    %q (%v)", got, want, err)
	}
}

func TestReadMistakes(t *testing.T) {
	t.Parallel()
	read := func(line Line) error {
		var f fields
		if err := Unmarshal(line.Rule, &f); err != nil {
			return fmt.Errorf("what reads it: %w", err)
		}
		if f.Text == "" {
			return errors.New("no text")
		}
		return nil
	}
	tests := []struct{ file, want string }{
		{"\n# x\n你好.中国 Txt: 1\n", "f.txt:3:7: there is no field"},
		{"Text: \"x\"\nSet: true", "f.txt:2:1: no text"},
		{"Text: \"x\"\r\n  Text: \"\xff\"", "f.txt:2:10: the byte 0xff is not UTF-8"},
	}
	for _, tt := range tests {
		if err := Read("f.txt", []byte(tt.file), read); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: error = %v, want %s", tt.file, err, tt.want)
		}
	}
}
