package mailtest

import (
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestLinksInText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"open https://shop.example.com/confirm?token=a%20b&x=1 now", []string{"https://shop.example.com/confirm?token=a%20b&x=1"}},
		{"(see http://a.example/b_(c)).", []string{"http://a.example/b_(c)"}},
		{"<https://a.example/>, https://b.example!", []string{"https://a.example/", "https://b.example"}},
		{"请点击https://a.example/x?y=1。谢谢", []string{"https://a.example/x?y=1"}},
		{"请点击https://a.example/x完成注册", []string{"https://a.example/x"}},
		{"HTTPS://A.EXAMPLE/ and https://a.example/ twice https://a.example/", []string{"HTTPS://A.EXAMPLE/", "https://a.example/"}},
		{"write to mailto:bob@qq.com?subject=hi.", []string{"mailto:bob@qq.com?subject=hi"}},
		{"no scheme: www.example.com, ftp://a.example, xhttp://b.example, http:// nothing, https:", nil},
		{"http://a.example/\r\nhttp://b.example/", []string{"http://a.example/", "http://b.example/"}},
	}
	for _, test := range tests {
		m := &Message{Text: test.text}
		var got []string
		for _, l := range m.Links() {
			got = append(got, l.URL)
			if l.Text != l.URL {
				t.Errorf("links of %q: text = %q, want the URL %q", test.text, l.Text, l.URL)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("links of %q (-want +got):\n%s", test.text, diff)
		}
	}
}

func TestLinksInHTML(t *testing.T) {
	t.Parallel()
	tests := []struct {
		html string
		want []Link
	}{
		{`<a href="https://a.example/?x=1&amp;y=2">Open <b>it</b></a>`, []Link{{"https://a.example/?x=1&y=2", "Open it"}}},
		{`<base href="https://a.example/b/"><a href="c">d</a>`, []Link{{"https://a.example/b/c", "d"}}},
		{`<head><base href="https://a.example/"></head><a href="/c">d</a>`, []Link{{"https://a.example/c", "d"}}},
		{`<a href=x><img alt="Logo" src=y></a>`, []Link{{"x", "Logo"}}},
		{`<a href="x">never closed`, []Link{{"x", "never closed"}}},
		{`<a href="x">one<a href="y">two</a>`, []Link{{"x", "one"}, {"y", "two"}}},
		{`<a name="x">no link</a>`, nil},
		{`<map><area href="x" alt="there"></map>`, []Link{{"x", "there"}}},
		{`<div style="display: none"><a href="x">hidden</a></div>`, nil},
	}
	for _, test := range tests {
		m := &Message{HTML: test.html}
		if diff := cmp.Diff(test.want, m.Links()); diff != "" {
			t.Errorf("links of %q (-want +got):\n%s", test.html, diff)
		}
	}
}

func TestLinkQuery(t *testing.T) {
	t.Parallel()
	if got, want := (Link{URL: "https://a.example/?token=a%20b&token=c"}).Query()["token"], []string{"a b", "c"}; !cmp.Equal(got, want) {
		t.Errorf("token = %q, want %q", got, want)
	}
	if got := (Link{URL: "://"}).Query(); got != nil {
		t.Errorf("query of no URL = %v, want none", got)
	}
}

func TestVisibleText(t *testing.T) {
	t.Parallel()
	tests := []struct{ html, want string }{
		{"", ""},
		{"<p>Hello   <b>Bob</b>,\n how are you?</p><p>Bye</p>", "Hello Bob, how are you?\n\nBye\n"},
		{"a<br>b<br><br>c", "a\nb\n\nc\n"},
		{"<title>t</title><style>s</style><script>x</script>seen", "seen\n"},
		{`<div style="display:none !important">preheader</div>seen<span hidden>not</span>`, "seen\n"},
		{`<div style="display:none"><div>deep</div>still</div>seen`, "seen\n"},
		{"<ul><li>one<li>two</ul>", "- one\n- two\n"},
		{"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"},
		{"<pre>a  b\n c</pre>", "a  b\n c\n"},
		{"&lt;b&gt; &amp; &#20320;&nbsp;x", "<b> & 你 x\n"},
		{"zero\u200bwidth\ufeff soft\u00adhyphen", "zerowidth softhyphen\n"},
		{"<!-- comment -->a<img alt=picture>b", "apictureb\n"},
		{"<p>unclosed <b>all", "unclosed all\n"},
		{"</div></p>stray ends", "stray ends\n"},
	}
	for _, test := range tests {
		m := &Message{HTML: test.html}
		if got := m.VisibleText(); got != test.want {
			t.Errorf("visible text of %q = %q, want %q", test.html, got, test.want)
		}
	}
	m := &Message{Text: "plain\n"}
	if got, want := m.VisibleText(), "plain\n"; got != want {
		t.Errorf("visible text without HTML = %q, want %q", got, want)
	}
}

// FuzzLinks shows that any text and HTML can be read, and that what is read is valid UTF-8 if the
// message is.
func FuzzLinks(f *testing.F) {
	f.Add("see https://a.example/(b).", `<a href="x">y<div style="display:none"><a href=z></div></a>`)
	f.Add("mailto:http://https://", "<pre><a href=\x00><li><br><td>&#0;&bogus;")
	f.Fuzz(func(t *testing.T, text, html string) {
		m := &Message{Text: strings.ToValidUTF8(text, "?"), HTML: strings.ToValidUTF8(html, "?")}
		for _, l := range m.Links() {
			l.Query()
			if !utf8.ValidString(l.URL + l.Text) {
				t.Errorf("link %q %q is not UTF-8", l.URL, l.Text)
			}
		}
		if v := m.VisibleText(); !utf8.ValidString(v) {
			t.Errorf("visible text %q is not UTF-8", v)
		}
	})
}

// A million parentheses behind a URL are read once, not once each.
func TestLinksGrowth(t *testing.T) {
	t.Parallel()
	m := &Message{Text: "https://a.example/(x" + strings.Repeat(")", 1<<20) + strings.Repeat("]", 1<<20)}
	if links := m.Links(); len(links) != 1 || links[0].URL != "https://a.example/(x)" {
		t.Errorf("there are %d links, want one: https://a.example/(x)", len(links))
	}
}

// A token is whole, whatever it ends with, and so is what stands around a link.
func TestLinkEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"https://x.example/?t=abc_\n", "https://x.example/?t=abc_"},
		{"https://x.example/?t=abc~\n", "https://x.example/?t=abc~"},
		{"https://x.example/?t=abc__.\n", "https://x.example/?t=abc__"},
		{"_https://x.example/?t=abc_\n", "https://x.example/?t=abc"},
		{"_https://x.example/?t=abc__\n", "https://x.example/?t=abc_"},
		{"**https://x.example/a**, now", "https://x.example/a"},
		{"*https://x.example/a*.", "https://x.example/a"},
		{"see 'https://x.example/a'.", "https://x.example/a"},
		{"it's https://x.example/a'b", "https://x.example/a'b"},
		{"(_https://x.example/a_)", "https://x.example/a"},
		{"~~https://x.example/a~~", "https://x.example/a"},
	} {
		m := ParseMessage([]byte("Content-Type: text/plain\r\n\r\n" + test.text))
		if got := m.Link(t, "").URL; got != test.want {
			t.Errorf("%q: the link is %q, want %q", test.text, got, test.want)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var secret [18]byte
		for i := range secret {
			secret[i] = byte(random.Uint32())
		}
		token := base64.RawURLEncoding.EncodeToString(secret[:])
		m := ParseMessage([]byte("\r\nPlease confirm:\r\nhttps://x.example/confirm?token=" + token + "\r\n"))
		if got := m.Link(t, "confirm").Query().Get("token"); got != token {
			t.Fatalf("the token is %q, want %q", got, token)
		}
	}
}

// A code is what the first group has matched that took part.
func TestCodeGroups(t *testing.T) {
	t.Parallel()
	m := ParseMessage([]byte("Subject: y\r\n\r\nYour PIN 4711\r\n"))
	for expr, want := range map[string]string{
		`code (\d{4})|PIN (\d{4})`: "4711", `(?:PIN) (\d+)`: "4711", `\d{4}`: "4711", `(x)?PIN`: "PIN", `(x*)PIN`: "", `(P)(I)`: "P",
	} {
		if got := m.Code(t, expr); got != want {
			t.Errorf("Code(%s) = %q, want %q", expr, got, want)
		}
	}
}
