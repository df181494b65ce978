package mime

// This file tests the parameters of MIME fields.

import (
	"maps"
	"strings"
	"testing"
)

func TestParseParams(t *testing.T) {
	t.Parallel()
	type params = map[string]string
	tests := []struct {
		name, in, want string
		params         params
		problem        string // "" if there is none
	}{
		{"value alone", "Text/Plain", "text/plain", nil, ""},
		{"nothing", "", "", nil, ""},
		{"token", "text/plain; Charset=UTF-8", "text/plain", params{"charset": "UTF-8"}, ""},
		{"quoted", `text/plain; charset="utf-8"`, "text/plain", params{"charset": "utf-8"}, ""},
		{"quoted pairs", `a/b; name="a\"b\\c;d"`, "a/b", params{"name": `a"b\c;d`}, ""},
		{"Windows path", `a/b; name="C:\dir\file.txt"`, "a/b", params{"name": `C:\dir\file.txt`}, ""},
		{"white space", "text/plain ;  charset = utf-8 ; format= flowed ", "text/plain", params{"charset": "utf-8", "format": "flowed"}, ""},
		{"semicolons", ";;text/plain", "", params{}, `the parameter "text/plain" has no value`},
		{"semicolon at the end", "text/plain; charset=utf-8;", "text/plain", params{"charset": "utf-8"}, ""},
		{"comments", "text/plain (plain); charset=us-ascii (Plain text)", "text/plain", params{"charset": "us-ascii"}, ""},
		{"comments everywhere", `a/b (c; "d" = e) ; (f (g))name=h (i; j="k") (l); (m) x="n" (o=p) ; (q)`, "a/b", params{"name": "h", "x": "n"}, ""},
		{"comments that are not closed", "a/b (c; (name=d (e; x=f (g)", "a/b (c", params{"(name": "d (e", "x": "f"}, ""},
		{"semicolon in parentheses", "a/b; name=report (1; final).pdf; x=y", "a/b", params{"name": "report (1; final).pdf", "x": "y"}, ""},
		{"parentheses in a file name", "a/b; name=report (1).pdf", "a/b", params{"name": "report (1).pdf"}, ""},
		{"spaces without quotes", "a/b; name=my holiday.jpg; x=y", "a/b", params{"name": "my holiday.jpg", "x": "y"}, ""},
		{"no semicolon after the value", "text/plain charset=utf-8; format=flowed", "text/plain", params{"charset": "utf-8", "format": "flowed"}, `there is no semicolon after "text/plain"`},
		{"no semicolon between", "text/plain; charset=utf-8 format=flowed", "text/plain", params{"charset": "utf-8", "format": "flowed"}, `there is no semicolon after the parameter "charset"`},
		{"no semicolon after quotes", `a/b; name="x" size=3`, "a/b", params{"name": "x", "size": "3"}, ""},
		{"no closing quote", `a/b; name="x; y=z`, "a/b", params{"name": "x; y=z"}, `the value of the parameter "name" has no closing quote`},
		{"no value", "a/b; name; x=y", "a/b", params{"x": "y"}, `the parameter "name" has no value`},
		{"empty value", "a/b; name=; x=", "a/b", params{"name": "", "x": ""}, ""},
		{"twice", "a/b; x=1; X=2", "a/b", params{"x": "1"}, `the parameter "x" is there again, as "2"`},
		{"twice the same", "a/b; x=1; x=1", "a/b", params{"x": "1"}, ""},
		{"UTF-8", `a/b; name="你好.txt"`, "a/b", params{"name": "你好.txt"}, ""},
		{"GBK", "a/b; name=\"\xc4\xe3\xba\xc3\"", "a/b", params{"name": "你好"}, ""}, // reported with the value of the field
		{"encoded word", `a/b; name="=?GB2312?B?xOO6wy50eHQ=?="`, "a/b", params{"name": "你好.txt"}, ""},
		{"encoded word without quotes", `a/b; name==?utf-8?Q?=E4=BD=A0.txt?=; x=y`, "a/b", params{"name": "你.txt", "x": "y"}, ""},
		{"encoded words", `a/b; name="=?utf-8?B?5L2g?= =?utf-8?B?5aW9?="`, "a/b", params{"name": "你好"}, ""},
		{"boundary like a word", `a/b; boundary="=?utf-8?Q?=41?="`, "a/b", params{"boundary": "=?utf-8?Q?=41?="}, ""},
		{"extended", "a/b; name*=utf-8''%E4%BD%A0%20x", "a/b", params{"name": "你 x"}, ""},
		{"extended with language", "a/b; name*=GBK'zh-cn'%C4%E3", "a/b", params{"name": "你"}, ""},
		{"extended in quotes", `a/b; name*="utf-8''%e4%bd%a0"`, "a/b", params{"name": "你"}, ""},
		{"extended beats plain", "a/b; name=x; name*=utf-8''%E4%BD%A0; name=x", "a/b", params{"name": "你"}, ""},
		{"continued", `a/b; name*0="abc"; name*1=def`, "a/b", params{"name": "abcdef"}, ""},
		{"continued and extended", "a/b; name*0*=utf-8''%E4%BD; name*1*=%A0; name*2=x%41", "a/b", params{"name": "你x%41"}, ""},
		{"charset in a segment that is not marked", "a/b; name*0=\"us-ascii'en'My\"; name*1*=%20Document", "a/b", params{"name": "My Document"}, ""},
		{"apostrophes in a segment that is not marked", "a/b; name*0=\"Bob's and Eve's\"; name*1*=%20Document", "a/b", params{"name": "Bob's and Eve's Document"}, ""},
		{"wrong order", "a/b; name*2=c; name*0=a; name*1=b", "a/b", params{"name": "abc"}, ""},
		{"eleven segments", "a/b; n*10=k; n*9=j; n*8=i; n*7=h; n*6=g; n*5=f; n*4=e; n*3=d; n*2=c; n*1=b; n*0=a", "a/b", params{"n": "abcdefghijk"}, ""},
		{"gap", "a/b; name*0=a; name*2=c", "a/b", params{"name": "ac"}, `segment 1 of the parameter "name" is missing`},
		{"no beginning", "a/b; name*1=b", "a/b", params{"name": "b"}, `segment 0 of the parameter "name" is missing`},
		{"segment twice", "a/b; name*0=a; name*0=b", "a/b", params{"name": "a"}, `segment 0 of the parameter "name" is there again`},
		{"percent damage", "a/b; name*=utf-8''a%4z%4", "a/b", params{"name": "a%4z%4"}, `"%4z" at byte 1 is not an escape`},
		{"no charset", "a/b; name*=''%E4%BD%A0", "a/b", params{"name": "你"}, ""},
		{"no quotes", "a/b; name*=%E4%BD%A0", "a/b", params{"name": "你"}, ""},
		{"unknown charset", "a/b; name*=x-foo''%E4%BD%A0", "a/b", params{"name": "你"}, `charset "x-foo" is unknown`},
		{"two of them", "a/b; x*1=2; y*0=3; x*0=1; y*1=4", "a/b", params{"x": "12", "y": "34"}, ""},
		{"not a segment", "a/b; x*y=1", "a/b", params{"x*y": "1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var bad Problems
			value, params := ParseParams(tt.in, "", &bad)
			if value != tt.want || !maps.Equal(params, tt.params) {
				t.Errorf("ParseParams(%q) = %q, %q; want %q, %q", tt.in, value, params, tt.want, tt.params)
			}
			if got := strings.Join(bad, "; "); tt.problem == "" && got != "" || !strings.Contains(got, tt.problem) {
				t.Errorf("problems of %q = %q, want %q", tt.in, got, tt.problem)
			}
		})
	}
}

func TestRawParams(t *testing.T) {
	t.Parallel()
	want := map[string]string{"n*1": "b", "n*0*": "gbk'zh'%C4", "name": "=?GB2312?B?xOO6ww==?=", "x": `a"b`}
	if got := RawParams(`a/b; n*1=b (c); n*0*=gbk'zh'%C4; Name="=?GB2312?B?xOO6ww==?="; x="a\"b"; name=again; y`); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
