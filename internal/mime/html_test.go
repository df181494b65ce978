package mime

// This file tests what a person sees of HTML.

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadHTML(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		// Style sheets.
		{"by class", `<style>.preheader{display:none}</style><div class="preheader">not</div>seen`, "seen\n"},
		{"by one class of several", `<style>.preheader{display:none}</style><div class="big preheader red">not</div>seen`, "seen\n"},
		{"by another letter case", `<style>.Preheader{display:none}</style><div class="preheader">seen</div>`, "seen\n"},
		{"by id", `<style>#pre{display:none}</style><div id="pre">not</div>seen`, "seen\n"},
		{"by element", `<style>span{display:none}</style><span>not</span>seen`, "seen\n"},
		{"by element in capitals", `<STYLE>SPAN{DISPLAY:NONE}</STYLE><SPAN>not</SPAN>seen`, "seen\n"},
		{"by element and class", `<style>div.x{display:none}</style><span class=x>a </span><div class=x>not</div>seen`, "a seen\n"},
		{"by attribute", `<style>[data-hide]{display:none}</style><i data-hide=1>not</i>seen`, "seen\n"},
		{"by the value of an attribute", `<style>td[class="a b"]{display:none}</style><table><td class="a b">not<td class="a">seen</table>`, "seen\n"},
		{"by attribute and descent", `<style>.a [data-hide]{display:none}</style><p class=a data-hide=1>seen<i data-hide=1>not</i></p>`, "seen\n"},
		{"by descent", `<style>.a .b{display:none}</style><div class=a><p><i class=b>not</i>seen</div><i class=b>too</i>`, "seen\ntoo\n"},
		{"by child", `<style>div > i{display:none}</style><div><i>not</i><b><i>seen</i></b></div>`, "seen\n"},
		{"by sibling", `<style>b + i{display:none}</style><b>seen</b><i>not</i><i>too</i>`, "seentoo\n"},
		{"a list of selectors", `<style>h1, .x , #y{display:none}</style><h1>not</h1><i class=x>not</i><b id=y>not</b>seen`, "seen\n"},
		{"every element", `<style>div *{display:none}</style><div>seen<i>not</i></div>`, "seen\n"},
		{"a style that comes later", `<div class=x>not</div>seen<style>.x{display:none}</style>`, "seen\n"},
		{"a style in a comment", `<style><!-- .x{display:none} --></style><div class=x>not</div>seen`, "seen\n"},
		{"a comment in a style", `<style>/* .y{} */.x{/* hide */display:/*it*/none}</style><div class=x>not</div>seen`, "seen\n"},
		{"a style of another type", `<style type="text/x">.x{display:none}</style><div class=x>seen</div>`, "seen\n"},
		{"a broken style", `<style>.y{display:none;;}}} .x{color:red;display:none}</style><div class=x>seen</div><div class=y>not</div>too`, "seen\ntoo\n"},
		{"a style that never ends", `<i class=x>seen</i><style>.x{display:none`, ""},
		{"a broken selector in a list breaks the rule", `<style>.x, ..y{display:none}</style><i class=x>seen</i>`, "seen\n"},
		{"pseudo-classes do not count", `<style>i:hover{display:none}i::before{display:none}</style><i>seen</i>`, "seen\n"},
		{"at-rules", `<style>@import url(x.css);@font-face{font-family:x;src:url(y)}@charset "x";.x{display:none}</style><i class=x>not</i>seen`, "seen\n"},

		// Nested rules.
		{"a declaration after a nested rule", `<style>.x{.y{color:red}display:none}</style><div class=x>not</div>seen`, "seen\n"},
		{"a declaration before a nested rule", `<style>.x{display:none;.y{color:red}}</style><div class=x>not</div>seen`, "seen\n"},
		{"a nested rule", `<style>.x{.y{display:none}}</style><i class=y>seen</i><div class=x><i class=y>not</i></div>`, "seen\n"},
		{"a nested rule of an id", `<style>.x{#y{display:none}}</style><div class=x>seen<i id=y>not</i></div>`, "seen\n"},
		{"a nested rule of an attribute", `<style>.x{[lang]{display:none}}</style><div class=x>seen<i lang=en>not</i></div>`, "seen\n"},
		{"a nested rule of all elements", `<style>.x{*{display:none}}</style><div class=x>seen<i>not</i></div>`, "seen\n"},
		{"a rule nested twice", `<style>.x{p{i{display:none}}}</style><p><i>seen</i></p><div class=x><p><i>not</i></p></div>`, "seen\n"},
		{"a nested rule of the element itself", `<style>.x{&.y{display:none}}</style><i class=y>seen</i><i class="x y">not</i>`, "seen\n"},
		{"a nested rule of a parent", `<style>.x{.y &{display:none}}</style><i class=x>seen</i><div class=y><i class=x>not</i></div>`, "seen\n"},
		{"a nested rule of a child", `<style>.x{> i{display:none}}</style><div class=x><b><i>seen</i></b><i>not</i></div>`, "seen\n"},
		{"a nested rule of a sibling", `<style>.x{+ i{display:none}}</style><b class=x>seen</b><i>not</i><i>too</i>`, "seentoo\n"},
		{"a nested rule comes later", `<style>.x{display:none;&{display:block}}</style><i class=x>seen</i>`, "seen\n"},
		{"a declaration after it comes later still", `<style>.x{&{display:block}display:none}</style><i class=x>not</i>seen`, "seen\n"},
		{"a list around a nested rule", `<style>.x,.y{i{display:none}}</style><p class=x>a<i>not</i></p><p class=y>b<i>not</i></p>`, "a\n\nb\n"},
		{"a list is as specific as its most specific selector", `<style>.x,#y{i{display:none}}.x.x i{display:block}</style><p class=x>seen<i>not</i></p>`, "seen\n"},
		{"a nested rule that is not in another", `<style>.x{.y{display:none}}.z{display:none}</style><i class=y>seen</i><i class=z>not</i>`, "seen\n"},
		{"a broken nested rule", `<style>.x{..y{display:none}display:none}</style><i class=y>seen</i><i class=x>not</i>`, "seen\n"},
		{"a nested rule in a broken one", `<style>..x{.y{display:none}display:none}.z{display:none}</style><i class=y>seen</i><i class=z>not</i>`, "seen\n"},
		{"a nested rule in a pseudo-class", `<style>.x:hover{.y{display:none}}</style><div class=x><i class=y>seen</i></div>`, "seen\n"},
		{"a nested rule with a pseudo-class", `<style>.x{&:hover{display:none}a:link{display:none}}</style><i class=x>seen</i>`, "seen\n"},
		{"media in a rule", `<style>.x{@media screen{display:none}}</style><i class=x>not</i>seen`, "seen\n"},
		{"other media in a rule", `<style>.x{@media print{display:none}color:red}.y{display:none}</style><i class=x>seen</i><i class=y>not</i>`, "seen\n"},
		{"a rule in media in a rule", `<style>.x{@media screen{.y{display:none}}}</style><i class=y>seen</i><div class=x><i class=y>not</i></div>`, "seen\n"},
		{"media in a rule comes later", `<style>.x{display:none;@media screen{display:block}}</style><i class=x>seen</i>`, "seen\n"},
		{"braces in a string", `<style>.x{content:"}";display:none}</style><i class=x>not</i>seen`, "seen\n"},
		{"rules too far inside", `<style>` + strings.Repeat("i{", 60) + `display:none` + strings.Repeat("}", 60) + `.x{display:none}</style><i>seen</i><b class=x>not</b>`, "seen\n"},
		{"nested rules without number", `<style>` + strings.Repeat("i,b,u{", 40) + `display:none` + strings.Repeat("}", 40) + `.x{display:none}</style><i>seen</i><b class=x>not</b>`, "seen\n"},

		{"a nested rule of an element whose name begins with a hyphen", `<style>.x{&-y{display:none}}</style><i class=x-y>seen</i>`, "seen\n"},
		{"a nested rule of no selector", `<style>.x{ {display:none} ,b{display:none}}</style><i class=x>seen</i>`, "seen\n"},

		// Tokens that are out of place, as Chromium reads them.
		{"a closing brace too many", `<style>.x{color:red}} .y{display:none}.z{display:none}</style><i class=y>seen</i><i class=z>not</i>`, "seen\n"},
		{"a closing brace too many after media", `<style>@media screen{.x{color:red}}} i:link, .y{display:none}</style><i class=y>seen</i>`, "seen\n"},
		{"a semicolon too many", `<style>@import url(x);;.x{display:none}.y{display:none}</style><i class=x>seen</i><i class=y>not</i>`, "seen\n"},
		{"a semicolon between rules", `<style>.x{color:red};.y{display:none}</style><i class=y>seen</i>`, "seen\n"},
		{"a semicolon in media", `<style>@media screen{.x{color:red};.y{display:none}}</style><i class=y>seen</i>`, "seen\n"},
		{"semicolons in a rule", `<style>.x{;;display:none;;}</style><i class=x>not</i>seen`, "seen\n"},
		{"a comment of HTML", `<style><!-- .x{display:none} --> .y{<!-- display:none -->}</style><i class=x>not</i><i class=y>seen</i>`, "seen\n"},

		// The cascade.
		{"the later rule", `<style>.x{display:none}.x{display:block}</style><div class=x>seen</div>`, "seen\n"},
		{"the more specific rule", `<style>div.x{display:block}.x{display:none}</style><div class=x>seen</div>`, "seen\n"},
		{"an id is more specific than classes", `<style>#y{display:block}.x.x.x{display:none}</style><div class=x id=y>seen</div>`, "seen\n"},
		{"the attribute wins", `<style>.x{display:none}</style><div class=x style="display:block">seen</div>`, "seen\n"},
		{"important wins", `<style>.x{display:none !important}</style><div class=x style="display:block">not</div>seen`, "seen\n"},
		{"important in the attribute wins", `<style>.x{display:none ! IMPORTANT}</style><div class=x style="display:block!important">seen</div>`, "seen\n"},
		{"the attribute hidden", `<div hidden>not</div>seen`, "seen\n"},
		{"a style is stronger than the attribute hidden", `<style>.x{display:block}</style><div class=x hidden>seen</div>`, "seen\n"},
		{"a style of something else leaves the attribute hidden", `<style>.x{opacity:1}</style><div class=x hidden style="color:red">not</div>seen`, "seen\n"},
		{"what is in something hidden stays so", `<style>.x{display:none}.y{display:block}</style><div class=x><p class=y>not</p></div>seen`, "seen\n"},

		// Media.
		{"phones", `<style>@media (max-width:600px){.x{display:none}}</style><div class=x>seen</div>`, "seen\n"},
		{"desks", `<style>@media only screen and (min-width: 480px){.x{display:none}}</style><div class=x>not</div>seen`, "seen\n"},
		{"in em", `<style>@media (min-width: 20em){.x{display:none}}</style><div class=x>not</div>seen`, "seen\n"},
		{"print", `<style>@media print{.x{display:none}}.y{display:none}</style><div class=x>seen</div><i class=y>not</i>`, "seen\n"},
		{"not print", `<style>@media not print{.x{display:none}}</style><div class=x>not</div>seen`, "seen\n"},
		{"one of two", `<style>@media print, screen{.x{display:none}}</style><div class=x>not</div>seen`, "seen\n"},
		{"dark", `<style>@media (prefers-color-scheme: dark){.light{display:none}.dark{display:block!important}}.dark{display:none}</style><i class=light>seen</i><i class=dark>not</i>`, "seen\n"},
		{"a media attribute", `<style media="print">.x{display:none}</style><i class=x>seen</i>`, "seen\n"},
		{"what nobody knows", `<style>@media (-webkit-min-device-pixel-ratio:0){.x{display:none}}@container x{.x{display:none}}</style><i class=x>seen</i>`, "seen\n"},
		{"supports", `<style>@supports (display:grid){.x{display:none}}</style><i class=x>not</i>seen`, "seen\n"},

		// How text is hidden.
		{"the preheader of newsletters", `<div style="display:none;font-size:1px;line-height:1px;max-height:0px;max-width:0px;opacity:0;overflow:hidden;mso-hide:all">not</div>seen`, "seen\n"},
		{"max-height and overflow", `<div style="max-height:0; overflow:hidden">not</div>seen`, "seen\n"},
		{"max-height alone", `<div style="max-height:0">seen</div>`, "seen\n"},
		{"max-height with a height", `<div style="max-height:10px;overflow:hidden">seen</div>`, "seen\n"},
		{"height and overflow by class", `<style>.x{height:0px;overflow:hidden}</style><div class=x>not</div>seen`, "seen\n"},
		{"visibility", `<div style="visibility:hidden">not</div>seen`, "seen\n"},
		{"visible in invisible", `<div style="visibility:hidden">not<i style="visibility:visible">seen</i></div>`, "seen\n"},
		{"opacity", `<div style="opacity:0.0">not</div>seen`, "seen\n"},
		{"half opacity", `<div style="opacity:0.5">seen</div>`, "seen\n"},
		{"a font without a size", `<div style="font-size:0px">not</div>seen`, "seen\n"},
		{"a column of MJML", `<td style="font-size:0px;padding:0"><div style="font-size:0"><div style="font-family:x;font-size:13px">seen</div></div></td>`, "seen\n"},
		{"a multiple of nothing", `<div style="font-size:0"><b style="font-size:2em">not</b></div>seen`, "seen\n"},
		{"an image in a font without a size", `<div style="font-size:0"><img alt=seen></div>`, "seen\n"},
		{"a hidden image", `<style>.x{display:none}</style><img class=x alt=not><img style="visibility:hidden" alt=not><img alt=seen>`, "seen\n"},
		{"a hidden line", `a<br style="display:none">b`, "ab\n"},
		{"spaces and capitals", `<div STYLE=" DISPLAY : None ; ">not</div>seen`, "seen\n"},
		{"another property", `<div style="x-display:none;display-x:none;content:'display:none'">seen</div>`, "seen\n"},

		// The tree.
		{"an end tag that is missing", `<table><tr><td style="display:none">not<td>seen</table>`, "seen\n"},
		{"items of a list", `<ul><li style="display:none">not<li>seen<ul><li>in</ul></ul>`, "- seen\n\n- in\n"},
		{"paragraphs", `<p style="display:none">not<p>seen`, "seen\n"},
		{"a wrong end tag", `<span><div style="display:none"></span>not</div>seen`, "seen\n"},
		{"the end of a box in a cell", `<div><table><td style="display:none"></div>not</table>seen`, "seen\n"},
		{"a bold box", `<b><div style="display:none">not</b>not</div>seen`, "seen\n"},
		{"a head without an end", `<head><title>not</title><p>seen`, "seen\n"},
		{"text in the head", `<head><meta x>seen`, "seen\n"},
		{"a head and a body", `<html><head><style>p{}</style></head><body>seen</body></html>`, "seen\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, _, _ := ReadHTML(tt.page); got != tt.want {
				t.Errorf("ReadHTML(%s) = %q, want %q", tt.page, got, tt.want)
			}
		})
	}
}

func TestReadLinks(t *testing.T) {
	t.Parallel()
	page := `<base href="https://a.example/b/"><base href="https://z.example/"><style>.x{display:none}</style>
<a href="c">one</a><a href="HTTPS://d.example/">two</a><a class=x href=e>not <br>here</a><a href="mailto:x@y.example">mail</a><a href="//f.example">four <img alt=pic></a>
<a href=g><img alt=" ">five</a><map><area href=h alt=six></map><a class=x href=i><img alt=pic></a>`
	_, links, _ := ReadHTML(page)
	want := []Link{
		{"https://a.example/b/c", "one", "one", "c", false}, {"HTTPS://d.example/", "two", "two", "HTTPS://d.example/", false},
		{"https://a.example/b/e", "not here", "not here", "e", true}, {"mailto:x@y.example", "mail", "mail", "mailto:x@y.example", false},
		{"https://f.example", "four pic", "four", "//f.example", false}, {"https://a.example/b/g", "five", "five", "g", false},
		{"https://a.example/b/h", "six", "", "h", false}, {"https://a.example/b/i", "", "", "i", true},
	}
	if !slices.Equal(links, want) {
		t.Errorf("links = %+v, want %+v", links, want)
	}
}

func TestBase(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, page, want string }{
		{"none", `<a href="b">c</a>`, "b"},
		{"after the link", `<a href="b">c</a><base href=" https://a.example/ ">`, "https://a.example/b"},
		{"without an address", `<base target=_blank><base href="https://a.example/"/><a href="b">c</a>`, "https://a.example/b"},
		{"two", `<base href="https://a.example/"><base href="https://z.example/"><a href="b">c</a>`, "https://a.example/b"},
		{"malformed", `<base href="https://[a/"><base href="https://z.example/"><a href="b">c</a>`, "b"},
		{"empty", `<base href=""><base href="https://z.example/"><a href="b">c</a>`, "b"},
		{"relative", `<base href="/a/"><a href="b">c</a>`, "/a/b"},
		{"opaque", `<base href="mailto:x@y.example"><a href="b">c</a>`, "b"},
		{"of a script", `<base href="javascript://a.example/"><a href="b">c</a>`, "b"},
		{"in a comment", `<!-- <base href="https://z.example/"> --><base href="https://a.example/"><a href="b">c</a>`, "https://a.example/b"},
		{"a place in the page", `<base href="https://a.example/x"><a href="#b">c</a>`, "https://a.example/x#b"},
	}
	for _, tt := range tests {
		if _, links, _ := ReadHTML(tt.page); len(links) != 1 || links[0].URL != tt.want {
			t.Errorf("%s: the links of %s are %v, want the URL %s", tt.name, tt.page, links, tt.want)
		}
	}
}

// TestHTMLGrowth shows that four times as large a page takes about four times the memory, whatever is in it.
func TestHTMLGrowth(t *testing.T) {
	times := func(s string) func(int) string { return func(n int) string { return strings.Repeat(s, n) } }
	many := func(head string, s string) func(int) string {
		return func(n int) string {
			var b strings.Builder
			b.WriteString(head)
			for i := range n {
				fmt.Fprintf(&b, s, i)
			}
			return b.String()
		}
	}
	for name, page := range map[string]func(int) string{
		"a long base": func(n int) string {
			return "<base href='https://a.example/" + strings.Repeat("x", n) + "/'>" + strings.Repeat("<a href=b>c</a>", n)
		},
		"nested":          times("<div><b>"),
		"wrong ends":      func(n int) string { return strings.Repeat("<span>", n) + strings.Repeat("</div>", n) },
		"fonts and lines": func(n int) string { return many("", "<font size=%d>")(n) + strings.Repeat("<p>", n) },
		"rules and elements": func(n int) string {
			return "<style>" + many("", ".c%d i{display:none}")(n) + "</style>" + strings.Repeat("<i class='c1 c2'>x", n)
		},
		"selectors and declarations": func(n int) string {
			return "<style>" + strings.Repeat("i,", n) + "b{" + strings.Repeat("opacity:0;", n) + "}</style><i>x"
		},
		"one rule, many of it": func(n int) string {
			return "<style>" + strings.Repeat("i{display:none}", n) + "</style>" + strings.Repeat("<i>x</i>", n)
		},
		"deep descents": func(n int) string {
			return "<style>q b b b b b{display:none}</style>" + strings.Repeat("<b>", n)
		},
		"siblings": func(n int) string { return "<style>q ~ b ~ b{display:none}</style>" + strings.Repeat("<b></b>", n) },
		"media":    func(n int) string { return "<style>" + strings.Repeat("@media screen{", n) },
		"nested rules": func(n int) string {
			return "<style>" + strings.Repeat("i,", n) + "b{" + strings.Repeat("u{opacity:0}", n) + "}</style><i>x"
		},
		"declarations after nested rules": func(n int) string {
			return "<style>" + strings.Repeat("i,", n) + "b{" + strings.Repeat("opacity:0;u{}", n) + "}</style><i>x"
		},
	} {
		allocated := func(n int) uint64 {
			text := page(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ReadHTML(text)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		small, large := allocated(5_000), allocated(20_000)
		if large > 6*small+1<<20 {
			t.Errorf("%s: four times the page takes %.1f times the memory: %d and %d bytes", name, float64(large)/float64(small), small, large)
		}
	}
}

// large makes TestHostileHTML as large as it can be. The script of the CI sets it.
var large = flag.Bool("large", false, "read HTML of two megabytes")

// TestHostileHTML reads pages of half a megabyte, or two with -large, that are made to take long. What is quadratic runs
// into the time limit of the test.
func TestHostileHTML(t *testing.T) {
	t.Parallel()
	size := 1 << 18
	if *large {
		size = 1 << 20
	}
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, page := range map[string]string{
		"rules and elements":       "<style>" + fill("i{opacity:0}") + "</style>" + fill("<i>"),
		"long selectors":           "<style>" + fill("q a a a a a a i{opacity:0}") + "</style>" + fill("<i>"),
		"siblings":                 "<style>q ~ i ~ i{opacity:0}</style>" + fill("<i></i>"),
		"classes":                  "<style>" + fill(".a{opacity:0}") + "</style><i class='" + fill("a ") + "'>" + fill("<i class=a>"),
		"attributes":               "<style>[a*=b]{opacity:0}</style>" + fill("<i a=c>"),
		"a style that never ends":  "<style>" + fill("{(["),
		"styles":                   fill("<style></style>"),
		"declarations":             "<i style='" + fill("opacity:0;") + "'>",
		"wrong ends":               fill("<b><td>") + fill("</b></div>"),
		"items":                    fill("<li>"),
		"text in a table":          fill("<table>x"),
		"links that never end":     fill("<a href=x>"),
		"a link of a megabyte":     "<a href='" + fill("x") + "'>" + fill("x "),
		"lists of selectors":       "<style>" + fill("i,") + "i{opacity:0}</style>" + fill("<i>"),
		"media":                    "<style>@media " + fill("screen and ") + "{i{opacity:0}}</style><i>",
		"heads":                    fill("<head>x"),
		"nested rules":             "<style>" + fill("i,b{opacity:0;") + "</style><i>",
		"a list of nested rules":   "<style>" + fill("i,") + "i{" + fill("b{opacity:0}") + "}</style><b>",
		"nested parents":           "<style>i{" + fill("& ") + "{opacity:0}}</style><i>",
		"comments in declarations": "<i style='" + fill("/*") + "'>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if text, links, _ := ReadHTML(page); len(text) > len(page) || len(links) > size {
				t.Errorf("%d bytes of text and %d links of %d bytes", len(text), len(links), len(page))
			}
		})
	}
}

func FuzzReadHTML(f *testing.F) {
	f.Add(`<style>.x, a>b{display:none!important}@media screen{#y{font-size:0}}</style><p class=x id=y style="opacity:0">a<a href=b>c`)
	f.Add(`<head><base href=x><table><td hidden><style media=print>[a="b c"] *{}`)
	f.Fuzz(func(t *testing.T, page string) {
		text, links, _ := ReadHTML(strings.ToValidUTF8(page, "?"))
		if !utf8.ValidString(text) || !utf8.ValidString(fmt.Sprint(links)) {
			t.Errorf("%q, %+v is not UTF-8", text, links)
		}
	})
}
