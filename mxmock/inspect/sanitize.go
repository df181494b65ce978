package inspect

// The sanitizer: the HTML of a mail without anything that is active or loads something.

import (
	"encoding/base64"
	"html/template"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"

	"github.com/seed078e9d8c/maillab/mailtest"
)

// framePolicy allows a frame with a mail to load and do nothing. The style sheets and images are inside the
// document.
const framePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

// Bounds of the HTML that is shown of a mail.
const (
	mostHTML   = 4 << 20 // bytes of HTML
	mostInline = 8 << 20 // bytes of all inline images
)

// policy allows the elements and attributes of a mail that only affect its looks. Style sheets are handled
// separately.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite",
		"code", "col", "colgroup", "dd", "del", "dfn", "dir", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4",
		"h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s", "samp", "section", "small",
		"span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr")
	p.AllowNoAttrs().OnElements("a", "font", "span", "img", "bdo")
	p.AllowAttrs("style", "class", "id", "dir", "lang", "title", "align", "valign", "bgcolor", "color", "width", "height", "hidden", "role",
		"aria-hidden", "aria-label").Globally()
	p.AllowAttrs("border", "cellpadding", "cellspacing", "rules", "frame").OnElements("table")
	p.AllowAttrs("colspan", "rowspan", "nowrap", "scope").OnElements("td", "th")
	p.AllowAttrs("span").OnElements("col", "colgroup")
	p.AllowAttrs("face", "size").OnElements("font")
	p.AllowAttrs("start", "type", "value", "reversed").OnElements("ol", "ul", "li")
	p.AllowAttrs("alt", "border", "hspace", "vspace").OnElements("img")
	p.AllowDataURIImages()
	p.AllowAttrs("src").OnElements("img")
	return p
})

// Patterns of things in style sheets and attributes that load something, and of remote ones.
var (
	cssLoad   = regexp.MustCompile(`(?i)@import[^;]*;?|(url|image-set|src)\s*\([^)]*\)?`)
	cssRemote = regexp.MustCompile(`(?i)@import|https?:|//`)
)

// rendering makes the HTML of a mail safe.
type rendering struct {
	message *mailtest.Message
	body    strings.Builder
	sheets  strings.Builder
	blocked int // the number of remote things that were left out
	inline  int // the bytes of images so far
}

// render returns the HTML of a message as a safe document, and the number of remote things that it left out.
func render(m *mailtest.Message) (document string, blocked int) {
	r := rendering{message: m}
	r.read(m.HTML[:min(len(m.HTML), mostHTML)])
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"\"><head><meta charset=\"utf-8\"><title>" + template.HTMLEscapeString(m.Subject) + "</title><style>" +
		":root{color-scheme:light dark}body{margin:8px;font:16px/1.4 system-ui,sans-serif;overflow-wrap:break-word}img{max-width:100%}a{color:LinkText;text-decoration:underline}" +
		"</style><style>" + r.sheets.String() + "</style></head><body>")
	b.WriteString(policy().Sanitize(r.body.String()))
	b.WriteString("</body></html>\n")
	return b.String(), r.blocked
}

// read goes through HTML. It collects the style sheets, and changes tags that load something.
func (r *rendering) read(page string) {
	z := html.NewTokenizer(strings.NewReader(page))
	sheet := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			sheet = t.Data == "style"
			switch t.Data {
			case "style", "title":
				if !sheet {
					continue
				}
			case "body":
				t.Data = "div"
			}
			r.change(&t)
			if !sheet {
				r.body.WriteString(t.String())
			}
		case html.TextToken:
			if sheet {
				r.sheets.WriteString(strings.ReplaceAll(r.css(string(z.Raw())), "<", "") + "\n")
			} else {
				r.body.Write(z.Raw())
			}
		case html.EndTagToken:
			t := z.Token()
			if sheet = false; t.Data == "body" {
				t.Data = "div"
			}
			r.body.WriteString(t.String())
		}
	}
}

// change removes from a tag the attributes that load something, and embeds images that are part of the mail.
func (r *rendering) change(t *html.Token) {
	kept := t.Attr[:0]
	for _, a := range t.Attr {
		switch a.Key {
		case "src":
			if a.Val = r.image(a.Val); a.Val == "" {
				continue
			}
		case "srcset", "background", "poster", "data", "longdesc", "dynsrc", "lowsrc", "xlink:href":
			if remote(a.Val) {
				r.blocked++
			}
			continue
		case "style":
			a.Val = r.css(a.Val)
		case "href":
			if t.Data == "link" && remote(a.Val) {
				r.blocked++
			}
			if t.Data != "a" && t.Data != "area" {
				continue
			}
			a.Key = "title" // where it leads can be read, and nobody can go there by mistake
		case "title":
			if t.Data == "a" {
				continue
			}
		}
		kept = append(kept, a)
	}
	t.Attr = kept
}

// remote reports whether something is loaded from elsewhere.
func remote(url string) bool {
	url = strings.ToLower(strings.TrimSpace(url))
	return strings.Contains(url, "//") || strings.HasPrefix(url, "http") || strings.HasPrefix(url, "ftp")
}

// image returns a URL that holds the image, or "".
func (r *rendering) image(url string) string {
	url = strings.TrimSpace(url)
	if len(url) > 4 && strings.EqualFold(url[:4], "cid:") {
		part, ok := r.message.InlineByID(url)
		if !ok || !previewable(part.MediaType) || r.inline+len(part.Content) > mostInline {
			return ""
		}
		r.inline += len(part.Content)
		return dataURL(part.MediaType, part.Content)
	}
	if strings.HasPrefix(strings.ToLower(url), "data:image/") {
		return url // the policy checks it
	}
	if remote(url) {
		r.blocked++
	}
	return ""
}

// css returns a style sheet that loads nothing.
func (r *rendering) css(sheet string) string {
	return cssLoad.ReplaceAllStringFunc(sheet, func(load string) string {
		if cssRemote.MatchString(load) {
			r.blocked++
		}
		if strings.HasPrefix(load, "@") {
			return ""
		}
		return "none"
	})
}

// previewable reports whether a browser shows content of that type as a picture without active content.
func previewable(mediaType string) bool {
	switch mediaType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// dataURL returns a URL that holds content.
func dataURL(mediaType string, content []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(content)
}
