package mailtest

// This file reads what a person would see and click in a message: the visible text of HTML, and links.

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Link is something to click in a message.
type Link struct {
	// URL is where it leads, as it stands in the message but for HTML's character references; a relative
	// one is completed by the base element, if there is one.
	URL string

	// Text is what the reader sees in HTML, with the alternative texts of images. In plain text it
	// is the URL.
	Text string
}

// Query returns the parameters of the URL, none if it is malformed.
func (l Link) Query() url.Values {
	u, err := url.Parse(l.URL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Links returns the links of the message in order: first those of Text, then those of HTML, each
// URL of Text once. In plain text a link begins with "http://", "https://" or "mailto:", and ends
// before the first character that is not ASCII, white space, or punctuation that belongs to the
// sentence.
func (m *Message) Links() []Link {
	var links []Link
	seen := make(map[string]bool)
	for _, u := range textURLs(m.Text) {
		if !seen[u] {
			seen[u] = true
			links = append(links, Link{URL: u, Text: u})
		}
	}
	if m.HTML != "" {
		r := readHTML(m.HTML)
		links = append(links, r.links...)
	}
	return links
}

// Link returns the first of [Message.Links] that has part in its URL or in its text, in any letter case;
// with "" the first of all. If there is none, it ends the test, whose log then has the links and the
// message.
//
//	link := srv.Next(t).Link(t, "confirm")
//	token := link.Query().Get("token")
func (m *Message) Link(tb testing.TB, part string) Link {
	tb.Helper()
	links := m.Links()
	lower := strings.ToLower(part)
	for _, l := range links {
		if strings.Contains(strings.ToLower(l.URL), lower) || strings.Contains(strings.ToLower(l.Text), lower) {
			return l
		}
	}
	var b strings.Builder
	for _, l := range latest(&b, links, "link") {
		fmt.Fprintf(&b, "  %q %q\n", cut(l.URL, 500), cut(l.Text, 200))
	}
	tb.Fatalf("mailtest: no link with %q; %s\n%s%v", part, count(len(links), "link"), &b, m)
	return Link{}
}

// Code returns the first match of a regular expression in what a person would read: in Text, in
// [Message.VisibleText], or in Subject. If the expression has a group, it returns what that has matched.
// If nothing matches, it ends the test, whose log then has the message. An expression that is malformed
// panics.
//
//	code := srv.Next(t).Code(t, `\b\d{6}\b`)
func (m *Message) Code(tb testing.TB, expr string) string {
	tb.Helper()
	re := regexp.MustCompile(expr)
	for _, text := range []string{m.Text, m.VisibleText(), m.Subject} {
		if found := re.FindStringSubmatch(text); found != nil {
			return found[min(1, len(found)-1)]
		}
	}
	tb.Fatalf("mailtest: nothing matches %q\n%v", expr, m)
	return ""
}

// VisibleText returns the text that a person sees who reads the HTML of the message, or Text if it
// has none. What is hidden by the attribute hidden or by style is left out; blocks are on lines of
// their own, runs of white space are one space, and images are there by their alternative text.
func (m *Message) VisibleText() string {
	if m.HTML == "" {
		return m.Text
	}
	return readHTML(m.HTML).visible()
}

// textURLs finds the URLs in plain text.
func textURLs(text string) []string {
	var urls []string
	for rest := text; ; {
		i := nextScheme(rest)
		if i < 0 {
			return urls
		}
		rest = rest[i:]
		end := 0
		for end < len(rest) && rest[end] > ' ' && rest[end] < utf8.RuneSelf && !strings.ContainsRune("<>\"`{}|\\^", rune(rest[end])) {
			end++
		}
		u := trimSentence(rest[:end])
		if _, behind, _ := strings.Cut(u, ":"); strings.Trim(behind, "/") != "" {
			urls = append(urls, u)
		}
		rest = rest[max(end, 1):]
	}
}

// nextScheme returns where the next URL begins, or -1.
func nextScheme(s string) int {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], ':')
		if i < 0 {
			return -1
		}
		i += from
		for _, scheme := range []string{"https", "http", "mailto"} {
			begin := i - len(scheme)
			if begin < 0 || !strings.EqualFold(s[begin:i], scheme) || begin > 0 && isWordByte(s[begin-1]) {
				continue
			}
			if scheme == "mailto" || strings.HasPrefix(s[i:], "://") {
				return begin
			}
		}
		from = i + 1
	}
}

func isWordByte(b byte) bool {
	return 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9'
}

// trimSentence takes off the end of a URL what belongs to the sentence around it.
func trimSentence(u string) string {
	round := strings.Count(u, ")") - strings.Count(u, "(") // how many more are closed than opened
	square := strings.Count(u, "]") - strings.Count(u, "[")
	for u != "" {
		last := u[len(u)-1]
		switch {
		case strings.IndexByte(".,;:!?'*_~", last) >= 0:
		case last == ')' && round > 0:
			round--
		case last == ']' && square > 0:
			square--
		default:
			return u
		}
		u = u[:len(u)-1]
	}
	return u
}

// htmlReader reads HTML as a person does, in one pass.
type htmlReader struct {
	text  strings.Builder
	space bool // white space is due before the next word
	lines int  // line ends that are due

	links []Link
	base  *url.URL
	href  string          // of the link that is open
	label strings.Builder // its text
	open  bool

	hidden     string // the element that hides, "" for none
	hiddenDeep int    // how many of that name are open
	pre        int    // how many pre elements are open
}

// readHTML reads a document.
func readHTML(doc string) *htmlReader {
	r := &htmlReader{}
	z := html.NewTokenizer(strings.NewReader(doc))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.endLink()
			return r
		case html.TextToken:
			if r.hidden == "" {
				r.write(html.UnescapeString(string(z.Raw())))
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

// attribute returns the value of an attribute and whether there is one.
func attribute(t html.Token, name string) (string, bool) {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// hides tells whether what is in an element can't be seen.
func hides(t html.Token) bool {
	switch t.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Textarea, atom.Select:
		return true
	}
	if _, ok := attribute(t, "hidden"); ok {
		return true
	}
	style, _ := attribute(t, "style")
	style = strings.ToLower(strings.Join(strings.Fields(style), ""))
	for declaration := range strings.SplitSeq(style, ";") {
		switch strings.TrimSuffix(declaration, "!important") {
		case "display:none", "visibility:hidden", "mso-hide:all", "font-size:0", "font-size:0px", "opacity:0":
			return true
		}
	}
	return false
}

// void tells whether an element has no content and no end tag.
func void(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta, atom.Source, atom.Track, atom.Wbr:
		return true
	}
	return false
}

// breaks returns how many line ends an element has around it.
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

func (r *htmlReader) start(t html.Token, closed bool) {
	if t.DataAtom == atom.Base && r.base == nil {
		const longest = 2 << 10 // it becomes part of every link
		if href, ok := attribute(t, "href"); ok && len(href) <= longest {
			r.base, _ = url.Parse(href)
		}
	}
	if r.hidden != "" {
		if t.Data == r.hidden && !closed {
			r.hiddenDeep++
		}
		return
	}
	if !void(t.DataAtom) && !closed && hides(t) {
		r.hidden, r.hiddenDeep = t.Data, 1
		return
	}
	r.lines = max(r.lines, breaks(t.DataAtom))
	switch t.DataAtom {
	case atom.Br:
		r.lines++
	case atom.Td, atom.Th:
		r.space = true
	case atom.Li:
		r.write("- ")
	case atom.Pre:
		r.pre++
	case atom.Img:
		alt, _ := attribute(t, "alt")
		r.write(alt)
	case atom.A, atom.Area:
		if href, ok := attribute(t, "href"); ok {
			r.endLink()
			r.open, r.href = true, strings.TrimSpace(href)
			if t.DataAtom == atom.Area {
				alt, _ := attribute(t, "alt")
				r.label.WriteString(alt)
				r.endLink()
			}
		}
	}
}

func (r *htmlReader) end(t html.Token) {
	if r.hidden != "" {
		if t.Data == r.hidden {
			if r.hiddenDeep--; r.hiddenDeep == 0 {
				r.hidden = ""
			}
		}
		return
	}
	r.lines = max(r.lines, breaks(t.DataAtom))
	switch t.DataAtom {
	case atom.A:
		r.endLink()
	case atom.Pre:
		r.pre = max(0, r.pre-1)
	}
}

// endLink files the link that is open.
func (r *htmlReader) endLink() {
	if !r.open {
		return
	}
	target := r.href
	if u, err := url.Parse(target); err == nil && r.base != nil && !u.IsAbs() {
		target = r.base.ResolveReference(u).String()
	}
	r.links = append(r.links, Link{URL: target, Text: strings.Join(strings.Fields(r.label.String()), " ")})
	r.open, r.href = false, ""
	r.label.Reset()
}

// write adds text, with its white space as HTML sees it.
func (r *htmlReader) write(s string) {
	if r.open {
		r.label.WriteString(s)
	}
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

// flush writes the white space that is due before a visible character.
func (r *htmlReader) flush() {
	switch {
	case r.text.Len() == 0:
	case r.lines > 0:
		r.text.WriteString("\n\n"[:min(r.lines, 2)])
	case r.space:
		r.text.WriteByte(' ')
	}
	r.space, r.lines = false, 0
}

// visible returns the whole text, with a line end behind it unless it is empty.
func (r *htmlReader) visible() string {
	if r.text.Len() == 0 {
		return ""
	}
	return r.text.String() + "\n"
}
