package mime

// This file extracts from HTML what a person sees: the visible text and the links.

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Link is a link in HTML.
type Link struct {
	URL  string // the target, resolved against the base of the page
	Text string // with the alternative texts of images
	Seen string // Text without them
	Href string // the target as it stands in the page

	// Hidden means that the link is in an element that is not displayed, at least not on a wide screen.
	Hidden bool
}

// ReadHTML returns the visible text of a page, its links, and its base. Its time and memory are proportional to the size of
// the page, whatever the page contains.
func ReadHTML(page string) (text string, links []Link, base Base) {
	r := reader{stack: []element{{}}, opened: make(map[string]int)}
	r.styles, r.base = ahead(page)
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.endLink(&r.link)
			r.endLink(&r.unseen)
			return r.visible(), r.links, r.base
		case html.TextToken:
			text := html.UnescapeString(string(z.Raw()))
			if strings.TrimSpace(text) != "" {
				r.close("")
			}
			switch look := r.top(); {
			case look.shown():
				r.write(text)
			case look.hidden && r.unseen.open:
				r.unseen.label.WriteString(text)
				r.unseen.seen.WriteString(text)
			}
		case html.StartTagToken:
			r.start(z.Token(), false)
		case html.SelfClosingTagToken:
			r.start(z.Token(), true)
		case html.EndTagToken:
			r.end(z.Token())
		}
	}
}

// ahead reads what also applies to the elements before it: all style sheets of a page, and its base.
func ahead(page string) (s styles, base Base) {
	lower := strings.ToLower(page)
	based := strings.Contains(lower, "<base")
	if !based && !strings.Contains(lower, "<style") {
		return s, base
	}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return s, base
		case html.StartTagToken, html.SelfClosingTagToken:
			if raw := z.Raw()[1:]; !beginsWith(raw, "style") && !beginsWith(raw, "base") {
				continue // without a look at the attributes
			}
			t := z.Token()
			if href, ok := attribute(t, "href"); ok && based && t.DataAtom == atom.Base {
				base, based = newBase(href, len(page)), false // the first one counts, well-formed or not
			}
			if t.DataAtom == atom.Style && t.Type == html.StartTagToken && z.Next() == html.TextToken {
				kind, _ := attribute(t, "type")
				media, limited := attribute(t, "media")
				if (kind == "" || strings.EqualFold(strings.TrimSpace(kind), "text/css")) && (!limited || mediaApplies(media)) {
					s.add(string(z.Raw()))
				}
			}
		}
	}
}

// beginsWith reports whether bytes begin with a text, in any letter case.
func beginsWith(b []byte, text string) bool {
	return len(b) >= len(text) && strings.EqualFold(string(b[:len(text)]), text)
}

// reader reads HTML in one pass.
type reader struct {
	styles styles
	stack  []element      // the open elements; the first is the page
	opened map[string]int // the number of open elements with a name

	text  strings.Builder
	space bool // a space is to be written before the next word
	lines int  // line ends to be written before the next word
	pre   int  // the number of open pre elements

	links  []Link
	base   Base
	link   openLink
	unseen openLink // in hidden elements
}

// openLink is a link whose end is still to come.
type openLink struct {
	open        bool
	href        string
	label, seen strings.Builder
}

// element is an open element.
type element struct {
	look
	name     string
	node     *html.Node // for selectors, if there are style sheets
	children int
	last     *html.Node // the last child
}

// top returns the look of text in the innermost open element.
func (r *reader) top() look { return r.stack[len(r.stack)-1].look }

// attribute returns the value of an attribute, and whether the attribute exists.
func attribute(t html.Token, name string) (string, bool) {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// unseen reports whether browsers do not show an element.
func unseen(a atom.Atom) bool {
	switch a {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Textarea, atom.Select:
		return true
	}
	return false
}

// void reports whether an element has no content and no end tag.
func void(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// breaks returns the number of line ends before and after an element.
func breaks(a atom.Atom) int {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Hr, atom.Dl:
		return 2
	case atom.Div, atom.Tr, atom.Table, atom.Li, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Dt, atom.Dd,
		atom.Address, atom.Form, atom.Main, atom.Nav, atom.Aside, atom.Figure, atom.Body:
		return 1
	}
	return 0
}

// barrier reports whether an end tag inside the element cannot close elements around it (HTML §13.2.6.4.7, simplified:
// blocks and parts of a table).
func barrier(name string) bool {
	a := atom.Lookup([]byte(name))
	return breaks(a) > 0 || a == atom.Td || a == atom.Th || a == atom.Caption || a == atom.Tbody || a == atom.Thead || a == atom.Tfoot
}

// inTable reports whether an element can be closed only by the end tags of tables and their parts.
func inTable(name string) bool {
	switch name {
	case "table", "tbody", "thead", "tfoot", "tr", "td", "th", "caption":
		return true
	}
	return false
}

// push opens an element.
func (r *reader) push(t html.Token) {
	parent := &r.stack[len(r.stack)-1]
	e := element{look: parent.look, name: t.Data}
	if r.styles.count > 0 {
		e.node = &html.Node{Type: html.ElementNode, Data: t.Data, DataAtom: t.DataAtom, Attr: t.Attr, Parent: parent.node}
		if parent.children++; r.styles.siblings {
			e.node.PrevSibling, parent.last = parent.last, e.node
		}
	}
	style, _ := attribute(t, "style")
	_, hidden := attribute(t, "hidden")
	if !e.hidden && (hidden || style != "" || r.styles.count > 0) {
		var declared []declaration
		if hidden { // the style sheet of browsers (HTML §15.3.1), which all others override
			declared = []declaration{{property: "display", value: "none"}}
		}
		e.look = e.apply(append(declared, r.styles.of(e.node, len(r.stack), parent.children, style)...))
	}
	e.hidden = e.hidden || unseen(t.DataAtom)
	r.stack = append(r.stack, e)
	r.opened[t.Data]++
}

// pop closes the innermost open element with the given name, and the elements in it. It does nothing if there is none,
// or if it cannot be closed from the current position.
func (r *reader) pop(name string) {
	const deepest = 500 // how many levels are searched, which keeps the time proportional
	if r.opened[name] == 0 {
		return
	}
	for i := len(r.stack) - 1; i >= max(0, len(r.stack)-deepest); i-- {
		other := r.stack[i].name
		if other != name {
			if inTable(other) && !inTable(name) || barrier(other) && !barrier(name) || other == "table" {
				return
			}
			continue
		}
		for _, e := range r.stack[i:] {
			r.opened[e.name]--
			if e.name == "pre" {
				r.pre--
			}
		}
		r.stack = r.stack[:i]
		return
	}
}

// inHead reports whether an element may be in the head of a page. Other elements end the head.
func inHead(name string) bool {
	switch name {
	case "base", "basefont", "bgsound", "link", "meta", "noframes", "noscript", "script", "style", "template", "title":
		return true
	}
	return false
}

// closes lists, for each element, the elements that its start tag ends if they are open (HTML §13.1.2.4).
var closes = map[string][]string{
	"li": {"li"}, "p": {"p"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "tr": {"td", "th", "tr"}, "td": {"td", "th"}, "th": {"td", "th"},
	"option": {"option"}, "tbody": {"thead", "tbody"},
}

func (r *reader) start(t html.Token, closed bool) {
	r.close(t.Data)
	r.push(t)
	shown := r.top()
	if void(t.DataAtom) || closed {
		r.pop(t.Data)
		closed = true
	}
	if shown.hidden {
		if href, ok := attribute(t, "href"); ok && t.DataAtom == atom.A {
			r.beginLink(&r.unseen, href)
		}
		return
	}
	r.lines = max(r.lines, breaks(t.DataAtom))
	switch t.DataAtom {
	case atom.Br:
		r.lines++
	case atom.Td, atom.Th:
		r.space = true
	case atom.Li:
		if shown.shown() {
			r.write("- ")
		}
	case atom.Pre:
		if !closed {
			r.pre++
		}
	case atom.Img:
		if alt, _ := attribute(t, "alt"); !shown.invisible {
			if r.link.open {
				r.link.label.WriteString(alt)
			}
			r.show(alt)
		}
	case atom.A, atom.Area:
		if href, ok := attribute(t, "href"); ok {
			r.beginLink(&r.link, href)
			if t.DataAtom == atom.Area {
				alt, _ := attribute(t, "alt")
				r.link.label.WriteString(alt)
				r.endLink(&r.link)
			}
		}
	}
}

// close closes the elements that the start tag of the named element ends. A list inside an item does not end the item.
func (r *reader) close(name string) {
	if r.stack[len(r.stack)-1].name == "head" && !inHead(name) {
		r.pop("head")
	}
	for _, other := range closes[name] {
		for i := len(r.stack) - 1; i >= 0 && i > len(r.stack)-20; i-- {
			switch r.stack[i].name {
			case other:
				r.pop(other)
			case "ul", "ol", "dl", "table", "div", "select", "body":
			default:
				continue
			}
			break
		}
	}
}

func (r *reader) end(t html.Token) {
	hidden := r.top().hidden
	switch {
	case t.DataAtom != atom.A:
	case hidden:
		r.endLink(&r.unseen)
	default:
		r.endLink(&r.link)
	}
	r.pop(t.Data)
	if hidden {
		return
	}
	r.lines = max(r.lines, breaks(t.DataAtom))
}

// beginLink ends the link that is open, and opens another.
func (r *reader) beginLink(l *openLink, href string) {
	r.endLink(l)
	*l = openLink{open: true, href: strings.TrimSpace(href)}
}

// endLink adds a link to the links, if it is open.
func (r *reader) endLink(l *openLink) {
	if !l.open {
		return
	}
	words := func(b *strings.Builder) string { return strings.Join(strings.Fields(b.String()), " ") }
	r.links = append(r.links, Link{r.base.Resolve(l.href), words(&l.label), words(&l.seen), l.href, l == &r.unseen})
	*l = openLink{}
}

// write adds text, also to that of an open link.
func (r *reader) write(s string) {
	if r.link.open {
		r.link.label.WriteString(s)
		r.link.seen.WriteString(s)
	}
	r.show(s)
}

// show adds text, and collapses white space as HTML does.
func (r *reader) show(s string) {
	for _, c := range s {
		switch {
		case r.pre > 0 && c == '\n':
			r.lines++
		case c == '\u00ad' || c == '\u200b' || c == '\u200c' || c == '\u200d' && r.space || c == '\u034f' || c == '\ufeff' || c == '\r':
			// invisible
		case r.pre > 0 && (c == ' ' || c == '\t'):
			r.flush()
			r.text.WriteRune(c)
		case unicode.IsSpace(c):
			r.space = true
		default:
			r.flush()
			r.text.WriteRune(c)
		}
	}
}

// flush writes the pending white space before a visible character.
func (r *reader) flush() {
	switch {
	case r.text.Len() == 0:
	case r.lines > 0:
		r.text.WriteString("\n\n"[:min(r.lines, 2)])
	case r.space:
		r.text.WriteByte(' ')
	}
	r.space, r.lines = false, 0
}

// visible returns the whole text, with a line end after it unless it is empty.
func (r *reader) visible() string {
	if r.text.Len() == 0 {
		return ""
	}
	return r.text.String() + "\n"
}
