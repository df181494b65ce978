package mime

// Comparisons with the packages of the standard library.

import (
	"fmt"
	stdmime "mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var texts = []string{
	"", "plain", "two words", "a=b_c?d", "naïve café", "你好,世界", "日本語のとても長い件名がここにありますので何行にもなります。", "Привет, как дела? Сегодня хорошая погода.",
	"😀 emoji 👩‍👩‍👧", "trailing space ", "=?", "mixed ASCII 和 中文 and back",
}

func TestWordsAsInMime(t *testing.T) {
	t.Parallel()
	var std stdmime.WordDecoder
	for _, text := range texts {
		for _, encoder := range []stdmime.WordEncoder{stdmime.BEncoding, stdmime.QEncoding} {
			for _, charset := range []string{"utf-8", "UTF-8"} {
				for _, format := range []string{"%s", "Re: %s", "%s and more", "\t%s"} {
					in := fmt.Sprintf(format, encoder.Encode(charset, text))
					want, err := std.DecodeHeader(in)
					if err != nil {
						t.Fatal(err)
					}
					var bad Problems
					if got := DecodeWords(in, "", &bad); got != want || len(bad) > 0 {
						t.Errorf("DecodeWords(%q) = %q, %q; mime has %q", in, got, bad, want)
					}
				}
			}
		}
	}
}

func TestParamsAsInMime(t *testing.T) {
	t.Parallel()
	for i, text := range texts {
		in := stdmime.FormatMediaType("multipart/mixed", map[string]string{"name": text, "boundary": "b", "x": strings.Repeat("y", i)})
		wantValue, wantParams, err := stdmime.ParseMediaType(in)
		if err != nil {
			t.Fatal(err)
		}
		var bad Problems
		value, params := ParseParams(in, "", &bad)
		if diff := cmp.Diff(wantParams, params); diff != "" || value != wantValue || len(bad) > 0 {
			t.Errorf("ParseParams(%q) = %q, %q (-mime +got):\n%s", in, value, bad, diff)
		}
	}
}

func TestAddressesAsInNetMail(t *testing.T) {
	t.Parallel()
	var inputs []string
	for _, name := range texts {
		inputs = append(inputs, (&mail.Address{Name: name, Address: "bob@qq.com"}).String())
	}
	inputs = append(inputs,
		"bob@qq.com", "<bob@qq.com>", "Bob <bob@qq.com>", "bob@qq.com (Bob)", `"Smith, Bob" <bob@qq.com>`,
		"J. R. Smith <j@x.example>", "a@x.example, B <b@y.example>, c@z.example", "Friends: a@x.example, B <b@y.example>;",
		"=?utf-8?q?J=C3=BCrgen?= =?utf-8?q?_M=C3=BCller?= <j@x.example>", "undisclosed-recipients:;",
		`"a \"quoted\" name" <a@x.example>`, strings.Join(inputs, ", "), "a@[192.0.2.1]",
	)
	for _, in := range inputs {
		list, err := mail.ParseAddressList(in)
		if err != nil {
			t.Fatalf("net/mail does not read %q: %v", in, err)
		}
		var want []Mailbox
		for _, a := range list {
			want = append(want, Mailbox{Name: strings.TrimSpace(a.Name), Address: a.Address})
		}
		var bad Problems
		if diff := cmp.Diff(want, ParseAddresses(in, "", &bad)); diff != "" || len(bad) > 0 {
			t.Errorf("ParseAddresses(%q), %q (-net/mail +got):\n%s", in, bad, diff)
		}
	}
}

func TestDatesAsInNetMail(t *testing.T) {
	t.Parallel()
	when := time.Date(1970, time.January, 31, 3, 4, 5, 0, time.UTC)
	for i := 0; when.Year() < 2049; i++ { // from 2050 on net/mail does not read two digits as RFC 5322 §4.3
		when = when.Add(time.Duration(i) * 1234 * time.Minute)
		for _, layout := range []string{time.RFC1123Z, time.RFC822Z, "2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 06 15:04 -0700 (x)"} {
			in := when.In(time.FixedZone("", (i%27-12)*3600+i%2*1800)).Format(layout)
			want, err := mail.ParseDate(in)
			if err != nil {
				t.Fatalf("net/mail does not read %q: %v", in, err)
			}
			if got, ok := ParseDate(in); !ok || !got.Equal(want) {
				t.Errorf("parseDate(%q) = %v, %t; net/mail has %v", in, got, ok, want)
			}
		}
	}
}
