package mime

// URLs in plain text, in pages, and in header fields of mailing lists.

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// TextURLs returns the URLs in plain text, in order: those that begin with "http://", "https://" or "mailto:". A URL
// ends before white space, a character that is not ASCII, or punctuation that belongs to the sentence.
func TextURLs(text string) []string {
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

// nextScheme returns the index of the next URL, or -1.
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

// trimSentence removes from the end of a URL the punctuation of the sentence around it, and the end of an emphasis or a
// quotation that begins right before it: "*https://shop.example/*".
func trimSentence(u, before string) string {
	marks := before[len(strings.TrimRight(before, "'*_~")):]
	round := strings.Count(u, ")") - strings.Count(u, "(") // the number of unmatched closing parentheses
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

// Bracketed returns the texts between angle brackets, without the white space in them (RFC 2369 §2).
func Bracketed(value string) []string {
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

// Base is the base of the relative URLs of a page.
type Base struct {
	// Href is the attribute of the first base element that has one, or "" if there is none.
	Href string

	url  *url.URL // nil if nothing can be resolved
	room int      // the number of bytes that the base may still add to URLs
}

// newBase returns the base of a page of the given size whose first base element has the given attribute.
func newBase(href string, size int) Base {
	b := Base{Href: strings.TrimSpace(href), room: 2*size + 64<<10}
	// HTML §4.2.3 has no base with these schemes, and nothing is relative to an opaque URL such as mailto:bob@qq.com.
	if u, err := url.Parse(b.Href); err == nil && b.Href != "" && u.Opaque == "" && u.Scheme != "data" && u.Scheme != "javascript" {
		b.url = u
	}
	return b
}

// Resolve returns the target of a URL that stands in the page. A malformed URL, and one for which the base has been used
// too often to keep the memory proportional to the page, stays as it is.
func (b *Base) Resolve(href string) string {
	href = strings.TrimSpace(href)
	if b.url == nil || len(b.Href) > b.room {
		return href
	}
	u, err := url.Parse(href)
	if err != nil || u.IsAbs() {
		return href
	}
	b.room -= len(b.Href)
	return b.url.ResolveReference(u).String()
}

// Absolute reports whether URLs of the page that are well-formed are absolute once they are resolved.
func (b *Base) Absolute() bool { return b.url != nil && b.url.IsAbs() }

// Relative reports whether a URL is well-formed and has no scheme.
func Relative(href string) bool {
	u, err := url.Parse(href)
	return err == nil && !u.IsAbs()
}
