package mailtest

// Links: what a person would see and click in a message, and what its header says of a mailing list (RFC 2369, RFC 8058).

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/seed078e9d8c/maillab/internal/mime"
)

// Link is a link in a message.
type Link struct {
	// URL is where it leads, as it stands in the message but for HTML's character references; a relative
	// one is completed by the base element, if there is one, until that has made all of them together longer by
	// twice the size of the HTML.
	URL string

	// Text is what the reader sees in HTML, with the alternative texts of images. In plain text it
	// is the URL.
	Text string
}

// Query returns the parameters of the URL, or none if it is malformed.
func (l Link) Query() url.Values {
	u, err := url.Parse(l.URL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Links returns the links of the message in order: first those of Text, each URL once, then those of HTML. In
// plain text, a link begins with "http://", "https://" or "mailto:". It ends before white space, before a
// character that is not ASCII, and before punctuation that belongs to the sentence.
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
		_, clicks := mime.ReadHTML(m.HTML)
		for _, l := range clicks {
			links = append(links, Link(l))
		}
	}
	return links
}

// Link returns the first of [Message.Links] whose URL or text contains part, in any letter case. If part is
// empty, it returns the first link. If there is none, Link ends the test, and writes the links and the message
// to its log.
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

// Code returns the first match of a regular expression in Text, in [Message.VisibleText], or in Subject, in
// this order. If the expression has groups, Code returns the match of the first group that took part. If
// nothing matches, it ends the test, and writes the message to its log. It panics if the expression is
// malformed.
//
//	code := srv.Next(t).Code(t, `\b\d{6}\b`)
func (m *Message) Code(tb testing.TB, expr string) string {
	tb.Helper()
	re := regexp.MustCompile(expr)
	for _, text := range []string{m.Text, m.VisibleText(), m.Subject} {
		found := re.FindStringSubmatchIndex(text)
		for i := 2; i < len(found); i += 2 {
			if found[i] >= 0 {
				return text[found[i]:found[i+1]]
			}
		}
		if found != nil {
			return text[found[0]:found[1]]
		}
	}
	tb.Fatalf("mailtest: nothing matches %q\n%v", expr, m)
	return ""
}

// VisibleText returns the text that a reader of the HTML sees, or Text if the message has no HTML. Blocks are
// on lines of their own, each run of white space is one space, and the alternative text stands for an image.
//
// Hidden text is left out, such as the preheader of a newsletter: text that is hidden by the attribute hidden, by an attribute
// style, or by a style sheet in the HTML, with display, visibility, opacity, a font without a size, or a box without a
// height or width whose overflow is hidden. Media queries are those of a screen 1024 px wide in light colours.
// Selectors with a colon in them (":hover") do not count.
func (m *Message) VisibleText() string {
	if m.HTML == "" {
		return m.Text
	}
	text, _ := mime.ReadHTML(m.HTML)
	return text
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
		u := trimSentence(rest[:end], text[:len(text)-len(rest)])
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

// trimSentence takes off the end of a URL what belongs to the sentence around it, and what ends an emphasis
// or a quotation that begins right before it: "*https://shop.example/*".
func trimSentence(u, before string) string {
	marks := before[len(strings.TrimRight(before, "'*_~")):]
	round := strings.Count(u, ")") - strings.Count(u, "(") // how many more are closed than opened
	square := strings.Count(u, "]") - strings.Count(u, "[")
	for u != "" {
		last := u[len(u)-1]
		switch {
		case strings.IndexByte(".,;:!?", last) >= 0:
		case marks != "" && last == marks[0]:
			marks = marks[1:]
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

// List is what the header of a message says about the mailing list that it came by (RFC 2369,
// RFC 2919, RFC 8058). The zero value is that of a message that came by none.
type List struct {
	// ID is the identifier in List-Id, without its angle brackets.
	ID string

	// The URLs of these fields, in order, without their angle brackets.
	Help, Unsubscribe, Subscribe, Post, Owner, Archive []string

	// OneClick reports whether List-Unsubscribe-Post allows unsubscribing by a POST request (RFC 8058).
	OneClick bool
}

// List returns what the header says about a mailing list.
func (m *Message) List() List {
	id := m.Get("List-Id")
	if _, rest, ok := strings.Cut(id, "<"); ok {
		id, _, _ = strings.Cut(rest, ">")
	}
	return List{
		ID:   strings.TrimSpace(id),
		Help: bracketed(m.Get("List-Help")), Unsubscribe: bracketed(m.Get("List-Unsubscribe")),
		Subscribe: bracketed(m.Get("List-Subscribe")), Post: bracketed(m.Get("List-Post")),
		Owner: bracketed(m.Get("List-Owner")), Archive: bracketed(m.Get("List-Archive")),
		OneClick: strings.EqualFold(strings.TrimSpace(m.Get("List-Unsubscribe-Post")), "List-Unsubscribe=One-Click"),
	}
}

// bracketed returns the texts between angle brackets, without the white space in them (RFC 2369 §2).
func bracketed(value string) []string {
	var all []string
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			return all
		}
		one, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return all
		}
		all = append(all, strings.Join(strings.Fields(one), ""))
		value = rest
	}
}
