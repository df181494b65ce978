package lint

// This file tests that what cannot be decoded is said, whatever else is wrong, and once.

import (
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/mailtest"
)

func TestUndecodable(t *testing.T) {
	t.Parallel()
	base := bases(t)["mixed"]
	const content = "JVBERi0xLjQgbm90IHJlYWxseQ=="
	for _, tt := range []struct {
		name string
		edit []string // pairs of what to replace and by what
		off  []string
		want string // the rules that find something, in order of place
	}{
		{"base64", []string{content, "JVBE*"}, nil, "base64-syntax"},
		{"base64 beside a bad Date", []string{content, "JVBE*", "Mon, 05", "Tue, 05"}, nil, "date-syntax base64-syntax"},
		{"base64 with its rule off", []string{content, "JVBE*"}, []string{"base64-syntax"}, "undecodable"},
		{"base64 with the group off", []string{content, "JVBE*"}, []string{"format"}, ""},
		{"base64 with both off", []string{content, "JVBE*"}, []string{"base64-syntax", "undecodable"}, ""},
		{"base64 with another rule off", []string{content, "JVBE*", "Mon, 05", "Tue, 05"}, []string{"date-syntax"}, "base64-syntax"},
		{"base64 and its rule off beside a bad Date", []string{content, "JVBE*", "Mon, 05", "Tue, 05"}, []string{"base64-syntax"}, "date-syntax undecodable"},
		{"uuencode without a beginning beside a bad Date", []string{"Encoding: base64", "Encoding: x-uuencode", "Mon, 05", "Tue, 05"}, nil, "date-syntax transfer-encoding undecodable"},
		{"a charset nobody knows, its rule off, beside Bcc", []string{"charset=utf-8", "charset=x-none", "Subject:", "Bcc: eve@qq.com\r\nSubject:"}, []string{"charset-unknown"}, "bcc-leaked undecodable"},
		{"a charset nobody knows, twice", []string{"charset=utf-8", "charset=x-none", "Subject: Welcome", "Subject: =?x-none?Q?a?="}, nil, "word-charset charset-unknown"},
		{"a word nobody knows, its rule off", []string{"charset=utf-8", "charset=x-none", "Subject: Welcome", "Subject: =?x-none?Q?a?="}, []string{"word-charset"}, "undecodable charset-unknown"},
		{"no boundary", nil, nil, "boundary-not-found"},
		{"no boundary, its rule off", nil, []string{"boundary-not-found"}, "undecodable"},
		{"no boundary beside a bad Date", []string{"Mon, 05", "Tue, 05"}, nil, "boundary-not-found date-syntax"},
		{"a line that is no field", []string{"Subject:", "what is this\r\nSubject:"}, nil, "field-name"},
		{"a line that is no field, its rule off", []string{"Subject:", "what is this\r\nSubject:"}, []string{"field-name"}, "undecodable"},
		{"the closing boundary is missing", []string{"--b1--", ""}, nil, "multipart-unclosed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			raw := base
			if strings.HasPrefix(tt.name, "no boundary") {
				raw = strings.ReplaceAll(raw, "\r\n--b1", "\r\n--b2")
			}
			for i := 0; i < len(tt.edit); i += 2 {
				raw = strings.Replace(raw, tt.edit[i], tt.edit[i+1], 1)
			}
			var got []string
			for _, f := range (&Linter{Now: now, Off: tt.off}).Check(mailtest.ParseMessage([]byte(raw))) {
				got = append(got, f.Rule)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("rules = %q, want %q", got, tt.want)
			}
		})
	}
}
