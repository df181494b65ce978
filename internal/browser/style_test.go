package browser

// What style sheets hide: the reader of the library and the browser must agree.

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// shown is a function that returns, for each of some pages, the words in it that the browser shows. A word is "w" and a letter.
const shown = `(pages) => {
	const frame = document.createElement("iframe");
	frame.width = 1024;
	document.body.appendChild(frame);
	return pages.map(page => {
		const doc = frame.contentDocument;
		doc.open(); doc.write(page); doc.close();
		const style = e => frame.contentWindow.getComputedStyle(e);
		const hidden = e => e && (style(e).display == "none" || hidden(e.parentElement));
		const words = [], texts = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			const e = texts.currentNode.parentElement;
			if (!hidden(e) && style(e).visibility != "hidden") words.push(texts.currentNode.data);
		}
		return words.join(" ");
	});
}`

// body is what the style sheets may hide.
const body = `<div class=x>wa<i class=y>wb</i><b id=z>wc<i class=x>wd</i></b><i class="x y">we</i></div>` +
	`<p class=y>wf<i>wg</i></p><i class=x-y>wh</i><b class=z lang=en>wi<i id=q>wj</i></b>`

// sheets are style sheets with something in the wrong place.
var sheets = []string{
	".a{color:red}} .x{display:none}", ";.x{display:none}", "@import url(x);;.x{display:none}", ".x{display:none;}}.y{display:none}",
	"@media screen{;.x{display:none}}", "@media screen{a;.x{display:none}}", "@media screen{}}.x{display:none}",
	".a{color:red}} a:link, .x{display:none}", ".a{color:red};a:link, .x{display:none}", ".x{,b{display:none}}", ".x{ {display:none} }",
	"{display:none}", ".x{*display:none;}", ".x{color:red .y{display:none}}", ".x{&-y{display:none}}", ".x{;{}display:none}",
	".x{color:rgb(1,2;display:none}.y{display:none}", ".x{a:hover{color:red}display:none}", ".x,{display:none}", ".x{}a;.y{display:none}",
	"<!-- .x{display:none} --> .y{display:none}", ".x{<!-- display:none -->}", "i/**/.x{display:none}", ".x{display/**/:none}",
	".x{color:\"a;display:none}", ".x{@font-face{a:b}display:none}", "@namespace x;.x{display:none}", ".x{.y,..z{display:none}}",
	"@media print{.y{color:red}.x{display:none", "@media screen{.x{display:none", ".x[a{display:none}.y{display:none}",
	".x{display:none{}}", ".x{display:{none}}", ".x{font:{a:b}}.y{display:none}", ".x{.y:hover{color:red}.y{display:none}}",
}

// randomSheet returns a style sheet with rules in rules.
func randomSheet(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	simple := func() string {
		return pick(".x", ".y", "i", "b", "p", "#z", "*", "[lang]", ".x.y", "i.y", ".z", ".x-y")
	}
	selector := func() string {
		return pick("", "", "", "> ", "+ ") + simple() + pick("", "", "", " "+simple(), ", "+simple())
	}
	var block func(depth int) string
	block = func(depth int) string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			switch k := r.IntN(10); {
			case k < 4 || depth == 3:
				b.WriteString(pick("display:none;", "display:none;", "display:block;", "color:red;", "display:none!important;", "visibility:hidden;", ";", "/**/", "@a;"))
			case k < 8:
				b.WriteString(pick(selector(), selector(), "&", "&.y", "&#z", "&[lang]") + "{" + block(depth+1) + "}")
			default:
				b.WriteString(pick("@media screen", "@media print", "@supports (display:block)", "@font-face", "@media") + "{" + block(depth+1) + "}")
			}
		}
		return b.String()
	}
	var b strings.Builder
	for range 1 + r.IntN(3) {
		rule := selector() + "{" + block(1) + "}"
		b.WriteString(pick(rule, rule, rule, "@media screen{"+rule+"}", "@media print{"+rule+"}"))
	}
	return b.String()
}

func TestStyleSheets(t *testing.T) {
	t.Parallel()
	all, r := slices.Clone(sheets), rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		all = append(all, randomSheet(r))
	}
	var pages []string
	for _, sheet := range all {
		pages = append(pages, "<!DOCTYPE html><html><head><style>"+sheet+"</style></head><body>"+body+"</body></html>")
	}
	list, err := json.Marshal(pages)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range value[[]string](t, open(t, ""), "("+shown+")("+string(list)+")") {
		text, _, _ := mime.ReadHTML(pages[i])
		got := strings.ReplaceAll(strings.Join(strings.Fields(text), ""), "w", " w") // words can stand together
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%s\ngot  %q\nwant %q", all[i], got, want)
		}
	}
}
